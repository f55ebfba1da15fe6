import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { parsePeak } from '../../src/replay/peak-parser.js';
import { parseSpeed } from '../../src/replay/rate.js';
import { parseShape } from '../../src/replay/shape-parser.js';
import { ReferenceSchedule } from '../../src/run/reference-schedule.js';
import { runReplay } from '../../src/run/replay.js';
import type { ReplaySpec } from '../../src/run/replay-spec.js';
import { parseTarget } from '../../src/run/target.js';
import {
  binaryFileOf,
  builtInProtocols,
  embed,
  inputOf,
  itch,
  linesIn,
  makeFlow,
  message,
  mold,
  type Packet,
  pcapOf,
  scratch,
  specOf,
} from './support.js';

const { folder, write } = scratch();
const ms = 1e6;

function load(packets: readonly Packet[], options: Partial<ReplaySpec> & { speed?: string } = {}) {
  return ReferenceSchedule.load(
    specOf(write('reference.pcap', pcapOf(packets)), options),
    builtInProtocols(),
    () => {},
  );
}

function find(schedule: ReferenceSchedule, sequence: number, session = 'SESSION'): number {
  const { view, offset } = embed(mold(sequence, [itch('A')], { session }));
  return schedule.find(view, offset);
}

const packets: Packet[] = [
  { atNs: 3 * ms, payload: mold(100, [itch('A'), itch('A'), itch('D')]) },
  { atNs: 5 * ms, payload: mold(103, []) },
  { atNs: 9 * ms, payload: mold(103, [itch('A')]) },
  { atNs: 10 * ms, payload: mold(7, [itch('S')], { session: 'OTHER' }) },
  { atNs: 23 * ms, payload: mold(104, [itch('D')]) },
  { atNs: 24 * ms, payload: mold(105, [], { count: 0xffff }) },
];

const rate = parseSpeed('1x');
const shaped = (text: string) => parseShape(text, rate, false).shape;
const peaks = (peak: string) => parsePeak({ peak }, rate);

describe('ReferenceSchedule', () => {
  test.each<[string, number[]]>([
    ['1x', [0, 6 * ms, 20 * ms]],
    ['10x', [0, 0.6 * ms, 2 * ms]],
    ['1kpps', [0, 2 * ms, 4 * ms]],
    ['1kmsg/s', [0, 3 * ms, 5 * ms]],
  ])('%s: every packet with messages is due as in the replay', async (speed, due) => {
    const schedule = await load(packets, { speed });
    expect([100, 103, 104, 105].map((sequence) => find(schedule, sequence))).toEqual([...due, Number.NaN]);
    expect(schedule.packets).toBe(4);
  });

  test.each<[string, Partial<ReplaySpec>]>([
    ['a shape', { shape: shaped('ramp 1x..4x over 30ms; burst 10x for 5ms every 20ms') }],
    ['peaks', { peak: peaks('3x') }],
    ['both', { shape: shaped('step 2x at 10ms'), peak: peaks('2x') }],
  ])('%s: every packet is due when the replay sends it', async (_name, options) => {
    // Ten packets a millisecond apart, then a pause.
    const bursty = Array.from({ length: 400 }, (_, index) => ({
      atNs: index * ms + Math.floor(index / 10) * 15 * ms,
      payload: mold(1 + index, [itch('A')]),
    }));
    const schedule = await load(bursty, options);
    const path = write('shaped.pcap', pcapOf(bursty));
    const sent = join(folder, 'sent.pcap');
    await runReplay(specOf(path, { ...options, target: parseTarget(`pcap:${sent}`, false) }));
    const lines = await linesIn(sent);
    const first = lines[0]?.atNs ?? 0;
    const due = lines.map(({ header }) => find(schedule, Number(header.split(' ')[1])));
    expect(lines.length).toBe(400);
    expect(lines.map(({ atNs }) => atNs - first)).toEqual(due);
    const own = bursty.map(({ atNs }) => atNs - (bursty[0]?.atNs ?? 0));
    expect(due).not.toEqual(own);
  });

  test('sessions are told apart; what the reference does not have is not found', async () => {
    const schedule = await load(packets);
    expect([find(schedule, 7, 'OTHER'), find(schedule, 104), find(schedule, 7, 'OTHER')]).toEqual([
      7 * ms,
      20 * ms,
      7 * ms,
    ]);
    expect([find(schedule, 7), find(schedule, 101), find(schedule, 0), find(schedule, 100, 'NONE')]).toEqual(
      Array(4).fill(Number.NaN),
    );
  });

  test('a long gap is cut as in the replay', async () => {
    const schedule = await load(packets, { maxGapNs: ms });
    expect([100, 103, 104].map((sequence) => find(schedule, sequence))).toEqual([0, 2 * ms, 4 * ms]);
  });

  test('a repeated or late packet: the first one counts', async () => {
    const schedule = await load([
      { atNs: 0, payload: mold(1, [itch('A')]) },
      { atNs: 10, payload: mold(3, [itch('A')]) },
      { atNs: 20, payload: mold(2, [itch('A')]) },
      { atNs: 30, payload: mold(3, [itch('A')]) },
      { atNs: 40, payload: mold(4, [itch('A')]) },
    ]);
    expect([1, 3, 4, 2].map((sequence) => find(schedule, sequence))).toEqual([0, 10, 40, Number.NaN]);
  });

  test('packets without numbers are not taken for each other', async () => {
    const zeroed = { session: '\0'.repeat(10) };
    const schedule = await load([
      { atNs: 0, payload: mold(0, [itch('A')], zeroed) },
      { atNs: 50, payload: mold(0, [itch('D')], zeroed) },
      { atNs: 90, payload: mold(5, [itch('D')], zeroed) },
    ]);
    expect([5, 0].map((sequence) => find(schedule, sequence, zeroed.session))).toEqual([90, Number.NaN]);
    expect(schedule.packets).toBe(1);
  });

  test('datagrams that are no MoldUDP64 take their time, and no room', async () => {
    const noise = Array.from({ length: 3000 }, (_, index) => ({
      atNs: index,
      payload: Uint8Array.from({ length: 40 }, (_, at) => (at < 10 ? 0xf0 : (index * (at + 1)) & 0xff)),
      flow: makeFlow(1, 999),
    }));
    const schedule = await load([...noise, { atNs: 5000, payload: mold(1, [itch('A')]) }], { speed: '1pps' });
    expect(find(schedule, 1)).toBe(3000e9);
    expect(schedule.packets).toBe(1);
  });

  test('of a BinaryFILE: as its datagrams are built', async () => {
    const file = [message('S', 0), message('A', 5 * ms), message('A', 5 * ms), message('D', 7 * ms)];
    const path = write('reference.itch', binaryFileOf(file));
    const input = inputOf(path, { date: '2026-01-05' });
    const schedule = await ReferenceSchedule.load(
      specOf(path, { input, session: 'MINE' }),
      builtInProtocols(),
      () => {},
    );
    expect([1, 2, 3, 4, 5].map((sequence) => find(schedule, sequence, 'MINE'))).toEqual([
      0,
      5 * ms,
      Number.NaN,
      7 * ms,
      Number.NaN,
    ]);
  });

  test('asked in any order, it answers the same', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({
      atNs: index * 11,
      payload: mold(1 + index * 3, ['x']),
    }));
    const schedule = await load(many, { input: inputOf(write('many.pcap', pcapOf(many)), { protocol: 'itch50' }) });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9010 }), { maxLength: 50 }), (sequences) => {
        for (const sequence of sequences) {
          const index = (sequence - 1) / 3;
          const known = Number.isInteger(index) && index >= 0 && index < 3000;
          expect(find(schedule, sequence)).toBe(known ? index * 11 : Number.NaN);
        }
      }),
    );
  });

  test('at max speed there is no schedule to compare with', async () => {
    await expect(load(packets, { speed: 'max' })).rejects.toThrow(UsageError);
  });
});
