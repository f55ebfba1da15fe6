/** Mutations to programs that are only counted: what may be left out may be missing in the count, and nothing else. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkSaved } from '../../src/run/mutations/case.js';
import { checkMutations } from '../../src/run/mutations/check.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { kindsNamed } from '../../src/sim/mutations/kinds.js';
import { fixture, projectRoot, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 180_000 });

const folder = temporaryFolder();
const program = [process.execPath, join(projectRoot, 'test/parsers/counting.mjs'), '--lines'];
const count = { from: 'stdout', total: '/handled (\\d+)/', settle: '300ms' };

function mutations(keys: object, kinds: readonly string[]) {
  const parser = parserSpecFrom({ count, timeout: '10s', ...keys }, 'counted.yml', folder);
  const input = inputSpecOf(fixture('itch50-session.pcap'));
  const options = { seed: 11, count: 1, jobs: 2, save: join(folder, 'saved'), parserText: 'x' };
  return checkMutations({ parser, input, kinds: kindsNamed(kinds), ...options });
}

it('fed by a pipe, it counts a message that is none', async () => {
  const results = await mutations({ command: program }, ['type-unknown', 'field-maximum', 'ip-version']);
  expect(results.map(({ label, report }) => [label.kind, report.verdict])).toEqual([
    ['type-unknown', 'differs'],
    ['field-maximum', 'pass'],
    ['ip-version', 'skipped'],
  ]);
  const [{ report, saved }] = results as [(typeof results)[0]];
  expect(report.message).toMatch(/^counted \d+ messages where there are \d+\. Again: /);
  const parser = parserSpecFrom({ command: program, count }, 'counted.yml', folder);
  expect(await checkSaved(parser, { input: inputSpecOf(saved as string) })).toMatchObject({ verdict: 'differs' });
});

it('fed by UDP, it may count or leave out what comes twice, and what is rejected in part', async () => {
  const keys = { command: [...program, '--udp', '{port}'], feed: 'udp', ready: 'listening', speed: '5kpps' };
  const kinds = ['packet-missing', 'packet-duplicate', 'end-of-session', 'count-high', 'ip-fragments'];
  const results = await mutations(keys, kinds);
  expect(results.map(({ label, report }) => [label.kind, report.verdict, report.message]).sort()).toEqual([
    ['count-high', 'pass', ''],
    ['end-of-session', 'pass', ''],
    ['ip-fragments', 'skipped', 'the system that sends a datagram writes its headers itself'],
    ['packet-duplicate', 'pass', ''],
    ['packet-missing', 'pass', ''],
  ]);
});

it('one that runs on is refused', async () => {
  const keys = { running: true, address: 'udp://127.0.0.1:9', count: { from: 'http://127.0.0.1:9/', total: 'n' } };
  await expect(mutations(keys, ['field-maximum'])).rejects.toThrow(
    /has seen other numbers before each case.*: give command in place of running: true$/,
  );
});
