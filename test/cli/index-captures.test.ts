import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();

function copyOf(name: string): string {
  const path = join(folder, name);
  copyFileSync(fixture(name), path);
  return path;
}

test('an index beside each capture, kept where it is up to date, written anew with --force', async () => {
  const paths = [copyOf('itch50-session.pcap'), copyOf('mdp3-session.pcap')];
  const first = await run(['index', ...paths, '--json']);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const reports = first.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(reports.map(({ capture, outcome }) => [capture, outcome])).toEqual(paths.map((path) => [path, 'written']));
  const written = paths.map((path) => readFileSync(`${path}.tridx`));
  expect((await run(['index', ...paths])).stdout).toMatch(/^(.*: up to date, .*\n){2}$/);
  await run(['index', ...paths, '--force']);
  expect(paths.map((path) => readFileSync(`${path}.tridx`))).toEqual(written);
});

test('what has no index says why, and the others get theirs', async () => {
  const path = copyOf('itch50-gaps.pcap');
  const { code, stdout, stderr } = await run(['index', fixture('itch50-session.NASDAQ_ITCH50.gz'), path]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/itch50-session\.NASDAQ_ITCH50\.gz is compressed or no plain file/);
  expect(stdout).toMatch(/^.*itch50-gaps\.pcap\.tridx: \d+ places? in .*\n$/);
  expect(await run(['index', '-'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/standard input/) });
});

test('a folder that may not be written', async () => {
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  const path = join(closed, 'session.pcap');
  copyFileSync(fixture('itch50-session.pcap'), path);
  // Who is root may write everywhere, but not where a folder stands.
  if (process.getuid?.() === 0) mkdirSync(`${path}.tridx`);
  else chmodSync(closed, 0o500);
  const { code, stderr } = await run(['index', path]);
  if (process.getuid?.() !== 0) chmodSync(closed, 0o700);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot write .*session\.pcap\.tridx/);
  expect(existsSync(`${path}.tridx.tmp`)).toBe(false);
});
