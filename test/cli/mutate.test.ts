import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutationKinds } from '../../src/sim/mutations/kinds.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');

function linesOf(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('the same seed gives the same file, and each mutation stands in its packet’s comment and in the manifest', async () => {
  const [one, two, other] = ['one', 'two', 'other'].map((name) => join(folder, `${name}.pcapng`));
  const first = await run([
    'mutate',
    session,
    '-o',
    one,
    '--seed',
    '5',
    '--kind',
    'session,udp-checksum',
    '--count',
    '2',
  ]);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  await run(['mutate', session, '-o', two, '--seed', '5', '--kind', 'session,udp-checksum', '--count', '2']);
  await run(['mutate', session, '-o', other, '--seed', '6', '--kind', 'session,udp-checksum', '--count', '2']);
  const bytes = readFileSync(one);
  expect(readFileSync(two).equals(bytes)).toBe(true);
  expect(readFileSync(other).equals(bytes)).toBe(false);
  const [head, ...told] = linesOf(`${one}.ndjson`);
  expect(head).toMatchObject({ tickreel: 'mutations', version: 1, seed: 5, captures: [session] });
  const kinds = mutationKinds.filter(
    ({ name, layer, framings }) => framings.includes('moldudp64') && (layer === 'session' || name === 'udp-checksum'),
  );
  expect(told.map(({ kind }) => kind).sort()).toEqual(kinds.flatMap(({ name }) => [name, name]).sort());
  const text = bytes.toString('utf8');
  for (const { kind, verdict, what } of told) {
    expect(text).toContain(`tickreel mutation ${kind}, expect ${verdict}: ${what}`);
  }
});

test('--packets chooses where, --verify reads the result, --json reports', async () => {
  const path = join(folder, 'some.pcapng');
  const args = ['--kind', 'field', '--packets', '100-200,300', '--verify', '--json'];
  const { code, stdout } = await run(['mutate', session, '-o', path, ...args]);
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ mutations: 6, differences: [], unplaced: [], manifest: `${path}.ndjson` });
  const [, ...told] = linesOf(`${path}.ndjson`) as { source: number; expect: { messages: object[] } }[];
  for (const { source } of told) expect(source === 300 || (source >= 100 && source <= 200)).toBe(true);
});

test('a field’s boundary is expected as the value that was written', async () => {
  const path = join(folder, 'fields.pcapng');
  await run([
    'mutate',
    fixture('mdp3-session.pcap'),
    '-o',
    path,
    '--kind',
    'sbe-maximum',
    '--count',
    '5',
    '--seed',
    '3',
  ]);
  const [, ...told] = linesOf(`${path}.ndjson`) as { what: string; expect: { messages: object[] } }[];
  expect(told).toHaveLength(5);
  for (const { what, expect: expected } of told) {
    const value = / is (.+)$/.exec(what)?.[1] ?? 'none';
    expect(JSON.stringify(expected.messages)).toContain(value);
  }
});

test('a BinaryFILE is mutated record by record, and a pcap has the manifest alone', async () => {
  const file = join(folder, 'file.NASDAQ_ITCH50');
  const args = ['mutate', fixture('itch50-session.NASDAQ_ITCH50.gz')];
  expect(await run([...args, '-o', file, '--kind', 'message,file-short', '--verify'])).toMatchObject({ code: 0 });
  expect(
    linesOf(`${file}.ndjson`)
      .map(({ kind }) => kind)
      .slice(1)
      .sort(),
  ).toEqual([...['file-short', 'message-long', 'message-short', 'type-unknown']]);
  const pcap = join(folder, 'file.pcap');
  expect(await run([...args, '-o', pcap, '--verify'])).toMatchObject({ code: 0 });
  expect(readFileSync(pcap).includes('tickreel mutation')).toBe(false);
});

test('--list tells every kind', async () => {
  const { stdout } = await run(['mutate', '--list', '--json']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ kind }) => kind)).toEqual(mutationKinds.map(({ name }) => name));
});

test.each([
  [['mutate', session], 'no output is given: -o FILE.pcapng'],
  [['mutate'], 'no capture is given; --list lists the kinds'],
  [
    ['mutate', session, '-o', join(folder, 'x.pcapng'), '--kind', 'count-hi'],
    "'count-hi' is no kind or layer of mutations: did you mean count-high",
  ],
  [['mutate', session, '-o', join(folder, 'x.pcapng'), '--packets', '9-3'], "'9-3' is no packet or range of packets"],
  [['mutate', session, '-o', '-', '--verify'], '--verify reads the output again: give it a file'],
  [['mutate', session, '-o', session], 'is the capture that is being read'],
] as const)('%j is refused', async (args, told) => {
  const { code, stderr } = await run(args);
  expect(stderr).toContain(told);
  expect(code).toBe(told.startsWith('is the') ? 1 : 2);
});

test('a capture without a place for what is asked is a failure that says so', async () => {
  const path = join(folder, 'nothing.pcapng');
  const empty = join(folder, 'empty.pcap');
  writeFileSync(empty, readFileSync(session).subarray(0, 24));
  const { code, stderr } = await run(['mutate', empty, '-o', path]);
  expect(code).toBe(1);
  expect(stderr).toContain('nothing was changed');
});
