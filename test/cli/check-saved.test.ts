/** Saved cases of mutations, checked again by `tickreel check`: green once the parser is mended, and what is told. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const saved = join(folder, 'failing');

/** Asked for a type that the capture has no message of; `script` reads the capture from its standard input. */
function program(name: string, script: string, keys: object = {}): string {
  const path = join(folder, `${name}.yml`);
  writeFileSync(
    path,
    JSON.stringify({ command: [process.execPath, '-e', script], feed: 'pcap', only: ['O'], ...keys }),
  );
  return path;
}

const good = program('good', 'process.stdin.resume()');
/** Ends with a code where there is less than the capture's beginning. */
const bad = program(
  'bad',
  'let n = 0; process.stdin.on("data", (c) => { n += c.length; }).on("end", () => process.exit(n < 5000 ? 9 : 0))',
);

beforeAll(async () => {
  const { code } = await run([
    'check',
    '--parser',
    bad,
    '--mutations',
    '--kind',
    'count-high',
    '--save',
    saved,
    session,
  ]);
  expect([code, readdirSync(saved)]).toEqual([7, ['count-high-1.pcap', 'count-high-1.pcap.expect.json']]);
});

it('a folder of them is green with a right parser, damaged as they are', async () => {
  const { code, stdout } = await run(['check', '--parser', good, saved]);
  expect(stdout).toMatch(/^pass .*count-high-1\.pcap.*damage in the capture/);
  expect(code).toBe(0);
  expect(await run(['check', '--parser', bad, saved])).toMatchObject({ code: 7 });
});
