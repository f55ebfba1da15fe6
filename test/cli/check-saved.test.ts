/** Saved cases of mutations, checked again by `tickreel check`: green once the parser is mended, and what is told. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const saved = join(folder, 'failing');
const capture = join(saved, 'count-high-1.pcap');

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

it('an update of what has no cause to accept changes nothing, and says so', async () => {
  const accepted = join(folder, 'accepted.yml');
  // It says that it reports what it rejects, and never does.
  const silent = program('silent', 'process.stdin.resume()', { reports: true });
  const { code, stdout, stderr } = await run(['check', '--parser', silent, saved, '--update', '--accepted', accepted]);
  expect([code, stdout]).toEqual([7, expect.stringMatching(/^differs .*wrong reports: packet \d not rejected/)]);
  expect(stderr).toMatch(/count-high-1\.pcap: not accepted: wrong reports of a saved case are the parser’s to mend/);
});

it('the file beside a case is not the case', async () => {
  const { code, stderr } = await run(['check', '--parser', good, `${capture}.expect.json`]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`name the capture beside it: ${capture}`)]);
  expect(await run(['check', '--parser', good, capture, `${capture}.expect.json`])).toMatchObject({ code: 0 });
});

it('a folder without a capture is told as such', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const { code, stderr } = await run(['check', '--parser', good, empty]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no capture')]);
});

it('mutations of which none has a place are a failure', async () => {
  const bytes = readFileSync(session);
  const one = join(folder, 'one.pcap');
  writeFileSync(one, bytes.subarray(0, 24 + 16 + bytes.readUInt32LE(32)));
  const args = ['check', '--parser', good, '--mutations', '--kind', 'count-high', '--kind', 'stamp-backwards', one];
  const { code, stdout, stderr } = await run(args);
  expect([code, stderr]).toEqual([1, expect.stringContaining('nothing was run: no packet of the capture has a place')]);
  expect(stdout).toMatch(
    /^skipped {2}2 kinds: no packet .* has a place for it: .*\n2 mutations: 0 passed, 2 skipped\n$/,
  );
});

it('a case is repeated with the options that it was read with', async () => {
  const [save, args] = [join(folder, 'again'), ['--date', '2020-01-30', '--recover', '--timestamps', 'capture']];
  const kinds = ['--mutations', '--kind', 'count-high', '--save', save];
  const { stdout } = await run(['check', '--parser', bad, ...args, ...kinds, session]);
  expect(stdout).toContain(`' --date 2020-01-30 --recover --timestamps capture ${save}`);
});
