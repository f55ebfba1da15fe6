/** Captures laid over each other, as if they had happened at one time. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CaptureSource } from '../../src/run/capture-source.js';
import { runReplay } from '../../src/run/replay.js';
import type { ReplaySpec } from '../../src/run/replay-spec.js';
import {
  binaryFileOf,
  inputOf,
  itch,
  type Line,
  linesIn,
  linesOf,
  makeFlow,
  message,
  mold,
  pcapOf,
  scratch,
  specOf,
} from './support.js';

const { folder, write } = scratch();
const hourNs = 3_600e9;
const lineB = { ...makeFlow(), index: 1, destination: '233.54.12.2', name: 'line B' };
const packet = (atNs: number, sequence: number, flow = makeFlow()) => {
  return { atNs, payload: mold(sequence, [itch('S')]), flow };
};
/** Two lines of one session from 09:30:00.9 on; the same session an hour later; and another. */
const morning = write('morning.pcap', pcapOf([packet(0.9e9, 1), packet(0.9e9 + 1, 1, lineB), packet(1.9e9, 2)]));
const noon = write('noon.pcap', pcapOf([packet(hourNs + 0.25e9, 1), packet(hourNs + 1e9, 2)]));
const empty = write('empty.pcap', pcapOf([]));
const day = write('day.itch', binaryFileOf([message('S', 1e9), message('S', 1.5e9)]));
let files = 0;

/** What goes into a file, and what is reported. */
async function played(paths: readonly string[], overlay: readonly number[], options: Partial<ReplaySpec> = {}) {
  const path = join(folder, `out${files++}.pcap`);
  const input = inputOf('-', { paths, overlay, date: '2026-01-05' });
  const { report } = await runReplay({ ...specOf('-', { target: { kind: 'pcap', path }, ...options }), input });
  return { report, lines: await linesIn(path) };
}

function told(lines: readonly Line[]): [number, string][] {
  return lines.map(({ atNs, header }) => [atNs, header]);
}

describe('overlaid captures', () => {
  test('all begin with the first one, sessions of one name told apart', async () => {
    const { report, lines } = await played([morning, noon], [0, 0]);
    expect(told(lines)).toEqual([
      [0.9e9, 'SESSION 1 1'],
      [0.9e9, 'SESSION02 1 1'],
      [0.9e9 + 1, 'SESSION 1 1'],
      [1.65e9, 'SESSION02 2 1'],
      [1.9e9, 'SESSION 2 1'],
    ]);
    expect(report).toMatchObject({ packets: 5, seconds: 1, damageTotal: 0 });
    expect(report.overlay).toEqual({
      captures: [
        { file: morning, offsetNs: 0 },
        { file: noon, offsetNs: 0 },
      ],
      renamed: [{ capture: 1, session: 'SESSION', sentAs: 'SESSION02' }],
      sharedFeeds: [],
    });
    // Line A of both has the same addresses; the second capture's has a source port of its own.
    const [first, second, other] = lines.map(({ flow }) => flow);
    expect(new Set([first, second, other]).size).toBe(3);
    const withoutPort = (flow: string): string => flow.replace(/:\d+ >/, ' >');
    expect(withoutPort(second)).toBe(withoutPort(first));
    expect(lines.map(({ flow }) => [first, second, other].indexOf(flow))).toEqual([0, 1, 2, 1, 0]);
  });

  test('begin when they are told to, in either order, one capture twice', async () => {
    const { lines } = await played([noon, noon, morning], [0.5e9, 3.75e9, 0]);
    const base = hourNs + 0.25e9;
    expect(told(lines)).toEqual([
      [base, 'SESSION 1 1'],
      [base + 1, 'SESSION 1 1'],
      [base + 0.5e9, 'SESSION01 1 1'],
      [base + 1e9, 'SESSION 2 1'],
      [base + 1.25e9, 'SESSION01 2 1'],
      [base + 3.75e9, 'SESSION02 1 1'],
      [base + 4.5e9, 'SESSION02 2 1'],
    ]);
  });

  test('loops are one run after the other, names the same in each, new sessions apart as well', async () => {
    const once = await played([morning, noon], [0, 0]);
    const twice = await played([morning, noon], [0, 0], { loops: 2, loopSequence: 'continue' });
    expect(twice.report.overlay).toEqual(once.report.overlay);
    expect(twice.lines.map(({ header }) => header).slice(5)).toEqual([
      'SESSION 3 1',
      'SESSION02 3 1',
      // Each line goes on where it ended: B has one message.
      'SESSION 2 1',
      'SESSION02 4 1',
      'SESSION 4 1',
    ]);
    const renewed = await played([morning, noon], [0, 0], { loops: 2, loopSequence: 'new-session' });
    const names = renewed.lines.slice(5).map(({ header }) => header.split(' ')[0]);
    expect(new Set(names).size).toBe(2);
    expect(names[0]).not.toBe(names[1]);
    expect(names).toEqual([names[0], names[1], names[0], names[1], names[0]]);
  });

  test('filters and windows see sessions as captured and times as overlaid', async () => {
    const filter = { ...specOf('-').filter, sessions: ['SESSION'] };
    const { lines } = await played([morning, noon], [0, 0], { filter, from: { kind: 'offset', ns: 1 } });
    expect(told(lines).map(([, header]) => header)).toEqual(['SESSION 1 1', 'SESSION02 2 1', 'SESSION 2 1']);
    const other = { ...filter, sessions: ['SESSION02'] };
    expect((await played([morning, noon], [0, 0], { filter: other })).report).toMatchObject({ packets: 0, skipped: 5 });
  });

  test('a file of messages lies among them, an empty one does not disturb', async () => {
    const { lines } = await played([empty, noon, day], [0, 0, 0.1e9]);
    const base = hourNs + 0.25e9;
    expect(told(lines)).toEqual([
      [base, 'SESSION 1 1'],
      [base + 0.1e9, 'TICKREEL03 1 1'],
      [base + 0.6e9, 'TICKREEL03 2 1'],
      [base + 0.6e9, 'TICKREEL03 3 65535'],
      [base + 0.75e9, 'SESSION 2 1'],
    ]);
  });

  test('more than are held open when they are merged begin together too', async () => {
    const { lines } = await played(Array(12).fill(noon), Array(12).fill(0));
    expect(lines).toHaveLength(24);
    expect(new Set(lines.map(({ header }) => header.split(' ')[0])).size).toBe(12);
    expect(new Set(lines.map(({ flow }) => flow)).size).toBe(12);
  });

  test('merged they stay where they are stamped', async () => {
    const spec = { ...specOf('-'), input: inputOf('-', { paths: [morning, noon] }) };
    const source = await CaptureSource.open(spec, () => {});
    const lines = await linesOf(source);
    await source.close();
    expect(told(lines).at(-1)).toEqual([hourNs + 1e9, 'SESSION 2 1']);
  });
});
