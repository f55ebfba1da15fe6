import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import type { Flow } from '../../src/core/seams.js';
import { readMsgSeqNum } from '../../src/session/mdp3-header.js';
import { MAX_CHANNELS, Mdp3Lines, type Mdp3LinesOptions, UNDECIDED_PACKETS } from '../../src/session/mdp3-lines.js';
import { baseNs, packet } from './mdp3-build.js';
import { embed, latin1, makeFlow } from './support.js';

/** A packet: its line, number, SendingTime and, where that matters, when it was captured and what it carries. */
type Sent = [line: number, sequence: number, atNs: number, capturedNs?: number, body?: string];

const flows = Array.from({ length: 6 }, (_, index) => makeFlow(index));

/**
 * What comes out, as `channel number` and the line that it came on, gaps and restarts. Both lines carry the same bytes,
 * so the line is told by eighths of a nanosecond of the stamp.
 */
function put(sent: readonly Sent[], options: Mdp3LinesOptions = {}, ends = true) {
  const events: string[] = [];
  /** SendingTimes of what came out. */
  const sentNs: number[] = [];
  const lines = new Mdp3Lines(
    {
      onPacket: (view, offset, length, seconds, nanoseconds, sequence, channel) => {
        expect(readMsgSeqNum(view, offset)).toBe(sequence);
        expect(seconds * 1e9 + nanoseconds).toBeGreaterThanOrEqual(0);
        sentNs.push(Number(new DataView(view.buffer, view.byteOffset).getBigUint64(offset + 4, true) - baseNs));
        const body = latin1(view, offset + 22, length - 22).replace('x', '');
        events.push(`${channel.index} ${sequence}${'abcdef'[(nanoseconds % 1) * 8]}${body}`);
      },
      onGap: (from, to, channel) => events.push(`${channel.index} gap ${from}-${to}`),
      onRestart: (channel) => events.push(`${channel.index} restart`),
    },
    options,
  );
  for (const [line, sequence, atNs, capturedNs = atNs, body = 'x'] of sent) {
    const { view, offset, length } = embed(packet(sequence, atNs, [body]));
    const nanoseconds = (capturedNs % 1e9) + line / 8;
    lines.packet(view, offset, length, Math.floor(capturedNs / 1e9), nanoseconds, flows[line] ?? makeFlow(line));
    new Uint8Array(view.buffer).fill(0xdd);
  }
  if (ends) lines.flush();
  return { events, sentNs, report: lines.report() };
}

/** Lines 0 and 1 are of channel 310, 2 and 3 of channel 311. */
const configured: Mdp3LinesOptions = { keyOf: ({ index }) => (index < 4 ? `31${index >> 1} I` : null) };

describe('by configuration', () => {
  const vectors: [string, Sent[], string[]][] = [
    [
      'the first arrival of a number wins',
      [
        [0, 1, 0],
        [1, 1, 0],
        [1, 2, 1],
        [0, 2, 1],
      ],
      ['0 1a', '0 2b'],
    ],
    [
      'a gap on one line is filled by the other',
      [
        [0, 1, 0],
        [0, 3, 2],
        [1, 1, 0],
        [1, 2, 1],
      ],
      ['0 1a', '0 2b', '0 3a'],
    ],
    [
      'a gap on both lines',
      [
        [0, 1, 0],
        [1, 1, 0],
        [0, 3, 2],
        [1, 3, 2],
      ],
      ['0 1a', '0 gap 2-2', '0 3a'],
    ],
    [
      'two channels',
      [
        [0, 1, 0],
        [2, 1, 0],
        [3, 1, 0],
        [1, 2, 1],
      ],
      ['0 1a', '1 1c', '0 2b'],
    ],
    [
      'joined in the middle',
      [
        [0, 52, 1],
        [1, 51, 0],
        [1, 52, 1],
        [0, 53, 2],
      ],
      ['0 51b', '0 52a', '0 53a'],
    ],
    [
      'number 0 passes whenever it comes',
      [
        [0, 1, 0],
        [1, 0, 5],
        [0, 0, 6],
      ],
      ['0 1a', '0 0b', '0 0a'],
    ],
    [
      'numbers begin anew',
      [
        [0, 1, 0],
        [0, 2, 1],
        [1, 1, 0],
        [0, 1, 10],
        [1, 2, 1],
        [1, 1, 10],
        [1, 2, 11],
        [0, 2, 11],
      ],
      ['0 1a', '0 2a', '0 restart', '0 1a', '0 2b'],
    ],
    [
      'what is held is passed on when they do',
      [
        [0, 1, 0],
        [0, 3, 2],
        [0, 1, 10],
        [1, 3, 2],
        [1, 2, 1],
      ],
      ['0 1a', '0 gap 2-2', '0 3a', '0 restart', '0 1a'],
    ],
    [
      'the first packet behind a restart comes on the other line',
      [
        [0, 1, 0],
        [0, 2, 1],
        [0, 2, 11],
        [1, 1, 0],
        [1, 2, 1],
        [1, 1, 10],
        [1, 2, 11],
      ],
      ['0 1a', '0 2a', '0 restart', '0 1b', '0 2a'],
    ],
    [
      'a line whose times are ahead is not taken for numbers that begin anew',
      [
        [0, 1, 0],
        [1, 2, 51],
        [0, 2, 1],
        [0, 3, 2],
        [1, 3, 52],
        [1, 4, 53],
        [0, 4, 3],
      ],
      ['0 1a', '0 2b', '0 3a', '0 4b'],
    ],
    [
      'a line that is first seen behind a restart',
      [
        [0, 8, 0],
        [0, 9, 1],
        [1, 1, 10],
        [1, 2, 11],
        [0, 1, 10],
        [0, 2, 11],
        [0, 3, 12],
      ],
      ['0 8a', '0 9a', '0 restart', '0 1b', '0 2b', '0 3a'],
    ],
  ];
  // biome-ignore format: a table
  test.each(vectors)('%s', (_name, sent, expected) => {
    expect(put(sent, configured).events).toEqual(expected);
  });

  test('a gap that nothing fills within a second of capture time is given up, and what comes then is late', () => {
    const s = 1e9;
    const sent: Sent[] = [
      [0, 1, 0],
      [0, 3, 2, 0.1 * s],
      [0, 4, 3, 1.2 * s],
      [1, 2, 1, 1.3 * s],
      [1, 2, 1, 1.4 * s],
      [1, 3, 2, 1.5 * s],
    ];
    const { events, report } = put(sent, configured);
    expect(events).toEqual(['0 1a', '0 gap 2-2', '0 3a', '0 4a']);
    expect(report).toEqual({
      channels: 1,
      packets: 3,
      unsequenced: 0,
      duplicates: 2,
      late: 1,
      heldBack: 1,
      gaps: 1,
      missing: 1,
      restarts: 0,
    });
  });

  test('the counts of all channels and numberings', () => {
    const sent: Sent[] = [
      [0, 1, 0],
      [0, 3, 2],
      [0, 1, 10],
      [1, 2, 1],
      [1, 3, 2],
      [2, 1, 0],
      [3, 1, 0],
      [3, 0, 0],
    ];
    expect(put(sent, configured).report).toEqual({
      channels: 2,
      packets: 4,
      unsequenced: 1,
      duplicates: 2,
      late: 1,
      heldBack: 1,
      gaps: 1,
      missing: 1,
      restarts: 1,
    });
  });
});

describe('by content', () => {
  const run = (line: number, from: number, to: number, shift = 0): Sent[] =>
    Array.from({ length: to - from + 1 }, (_, index): Sent => [line, from + index, (from + index) * 10 + shift]);

  test('a packet seen on another flow makes a line of it', () => {
    const { events, report } = put([...run(0, 5, 7), ...run(1, 6, 9)]);
    expect(events).toEqual(['0 5a', '0 6a', '0 7a', '0 8b', '0 9b']);
    expect(report).toMatchObject({ channels: 1, packets: 5, duplicates: 2 });
  });

  test('whichever line comes first, and however far ahead', () => {
    const { events } = put([...run(0, 90, 94), ...run(1, 97, 99), ...run(0, 95, 98)]);
    expect(events).toEqual([
      ...[90, 91, 92, 93, 94, 95, 96].map((number) => `0 ${number}a`),
      ...[97, 98, 99].map((number) => `0 ${number}b`),
    ]);
  });

  test('other times, other lengths or other numbers are other channels', () => {
    const { events, report } = put([...run(0, 5, 6), ...run(1, 5, 6, 1), ...run(2, 8, 8)]);
    expect(events).toEqual(['0 5a', '0 6a', '1 5b', '1 6b', '2 8c']);
    expect(report.channels).toBe(3);
  });

  test('a flow is held back for so many packets', () => {
    const { events } = put(run(0, 1, UNDECIDED_PACKETS - 1), {}, false);
    expect(events).toEqual([]);
    const { events: all } = put(run(0, 1, UNDECIDED_PACKETS + 2), {}, false);
    expect(all).toEqual(run(0, 1, UNDECIDED_PACKETS + 2).map(([, number]) => `0 ${number}a`));
  });

  test('and so long, whichever flow goes on', () => {
    const sent: Sent[] = [
      [0, 1, 0, 0],
      [1, 7, 5, 500],
      [0, 2, 6, 1e9],
      [1, 8, 9, 1e9 + 1],
    ];
    expect(put(sent, {}, false).events).toEqual(['0 1a', '0 2a']);
  });

  test('a third line joins too', () => {
    expect(put([...run(0, 1, 3), ...run(1, 2, 4), ...run(2, 3, 5)]).report).toMatchObject({ channels: 1, packets: 5 });
  });

  test('flows that the configuration does not name are lines of each other only', () => {
    const sent = [...run(0, 1, 3), ...run(4, 1, 3), ...run(5, 2, 4)];
    const { events, report } = put(sent, configured);
    expect(events).toEqual(['0 1a', '0 2a', '0 3a', '1 1e', '1 2e', '1 3e', '1 4f']);
    expect(report).toMatchObject({ channels: 2, packets: 7, duplicates: 2, missing: 0 });
  });

  test('packets of equal number, time and length that carry something else are of another channel', () => {
    const other = run(1, 5, 9).map(([line, number, atNs]): Sent => [line, number, atNs, atNs, 'y']);
    const sent = [...run(0, 5, 9), ...other].sort((left, right) => left[2] - right[2]);
    const { events, report } = put(sent);
    expect(events).toEqual([
      ...[5, 6, 7, 8, 9].map((number) => `0 ${number}a`),
      ...[5, 6, 7, 8, 9].map((number) => `1 ${number}by`),
    ]);
    expect(report).toMatchObject({ channels: 2, packets: 10, duplicates: 0 });
  });

  test('equal heartbeats make no line', () => {
    const bare = (line: number) => run(line, 5, 9).map(([, number, atNs]): Sent => [line, number, atNs, atNs, '']);
    expect(put([...bare(0), ...bare(1)]).report).toMatchObject({ channels: 2, packets: 10, duplicates: 0 });
  });

  test('one equal packet makes a line where the flow has no more to say, before its time is over or with it', () => {
    const s = 1e9;
    const one: Sent[] = [
      [0, 5, 10, 10],
      [1, 5, 10, 20],
    ];
    expect(put(one).report).toMatchObject({ channels: 1, packets: 1, duplicates: 1 });
    const { events } = put([...one, [0, 6, 2 * s, 2 * s], [0, 7, 3 * s, 3 * s]], {}, false);
    expect(events).toEqual(['0 5a', '0 6a', '0 7a']);
  });

  test('numbers that begin anew while a flow is held back', () => {
    const sent: Sent[] = [
      [0, 8, 0],
      [0, 9, 1],
      [0, 1, 2],
      [0, 2, 3],
      [1, 9, 1],
      [1, 1, 2],
      [1, 2, 3],
      [1, 3, 4],
    ];
    expect(put(sent).events).toEqual(['0 8a', '0 9a', '0 restart', '0 1a', '0 2a', '0 3b']);
  });

  test('flows beyond the bound pass as they come', () => {
    const count = MAX_CHANNELS + 2;
    const lines = Array.from({ length: count }, (_, index): Sent => [index + 100, 5 + index, index]);
    const passed: number[] = [];
    const all = new Mdp3Lines({ onPacket: (_view, _offset, _length, _s, _ns, sequence) => passed.push(sequence) });
    for (const [index, sequence, atNs] of lines) {
      const { view, offset, length } = embed(packet(sequence, atNs, ['x']));
      all.packet(view, offset, length, 0, atNs, makeFlow(index));
    }
    expect(passed).toEqual([count + 3, count + 4]);
    all.flush();
    expect([passed.length, all.report().packets, all.report().channels]).toEqual([count, count, MAX_CHANNELS]);
  });
});

describe('a wrong number', () => {
  const ms = 1e6;
  /** Packets 41 to 99, 44 numbered otherwise, `stepNs` apart. */
  const wrong = (line: number, number: number, stepNs: number): Sent[] =>
    Array.from({ length: 59 }, (_, index): Sent => [line, index === 3 ? number : 41 + index, index * stepNs]);
  const numbersOf = (sent: readonly Sent[]) => sent.map(([, number]) => `0 ${number}a`);

  test.each([94, 2 ** 32 - 1])('%s passes where it stands, and nothing behind it is lost', (number) => {
    const sent = wrong(0, number, ms);
    const { events, report } = put(sent, configured);
    const expected = numbersOf(sent);
    // The packets behind wait for 44 until the end.
    expected.splice(4, 0, '0 gap 44-44');
    expect(events).toEqual(expected);
    expect(report).toMatchObject({ packets: 59, late: 0, duplicates: 0, gaps: 1, missing: 1, restarts: 0 });
  });

  test('whose gap was given up before anything showed that it was wrong', () => {
    const slow = wrong(0, 94, 2e9);
    const others = slow.map(([, , atNs], index): Sent => [2, index + 1, atNs + 1.5e9]);
    const sent = [...slow, ...others].sort((left, right) => left[2] - right[2]);
    const { events, report } = put(sent, configured);
    expect(events.filter((event) => event.startsWith('0 ') && !event.includes('gap'))).toEqual(numbersOf(slow));
    expect(report).toMatchObject({ packets: 118, late: 0, duplicates: 0, missing: 1, restarts: 0 });
  });

  test('on one of two lines', () => {
    const right = wrong(1, 44, ms).map(([line, number, atNs]): Sent => [line, number, atNs, atNs + 1000]);
    const sent = [...wrong(0, 94, ms), ...right].sort((left, other) => (left[3] ?? left[2]) - (other[3] ?? other[2]));
    const { events, report } = put(sent, configured);
    const passed = events.map((event) => event.replace(/[ab]$/, ''));
    expect(passed).toEqual([
      ...['0 41', '0 42', '0 43', '0 44', '0 94'],
      ...Array.from({ length: 55 }, (_, index) => `0 ${45 + index}`),
    ]);
    expect(report).toMatchObject({ packets: 60, late: 0, missing: 0, restarts: 0 });
  });
});

describe('properties', () => {
  /** One feed in rounds, sent on two lines that lose, repeat and swap packets and run apart. */
  const feed = fc.record({
    rounds: fc.integer({ min: 1, max: 4 }),
    length: fc.integer({ min: 5, max: 40 }),
    lost: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 160, maxLength: 160 }),
    moved: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 320, maxLength: 320 }),
    skew: fc.integer({ min: 0, max: 6 }),
    byContent: fc.boolean(),
  });

  test('what at least one line brought in time comes out once, in order', () => {
    fc.assert(
      fc.property(feed, ({ rounds, length, lost, moved, skew, byContent }) => {
        const total = rounds * length;
        const sent: { key: number; one: Sent }[] = [];
        for (let index = 0; index < total; index++) {
          const [sequence, atNs] = [1 + (index % length), index * 10];
          // Near where numbers begin anew, and where the feed begins, nothing is lost or moved: a late packet of an
          // ended numbering is left out.
          const isInside = index % length > skew + 3 && index % length < length - skew - 4;
          const loss = isInside ? (lost[index] ?? 0) : 0;
          for (const line of [0, 1]) {
            if (loss === 1 + line || loss === 3) continue;
            const move = isInside ? (moved[2 * index + line] ?? 0) : 0;
            sent.push({ key: index + 1.1 * move + line * skew + line * 0.01, one: [line, sequence, atNs] });
          }
        }
        sent.sort((left, right) => left.key - right.key);
        const arrived = new Set(sent.map(({ one }) => one[2]));
        const expected = Array.from({ length: total }, (_, index) => index).filter((index) => arrived.has(index * 10));
        const { sentNs, report } = put(
          sent.map(({ one }) => one),
          byContent ? {} : configured,
        );
        expect(sentNs).toEqual(expected.map((index) => index * 10));
        expect([report.channels, report.packets, report.missing, report.restarts]).toEqual([
          1,
          expected.length,
          total - expected.length,
          rounds - 1,
        ]);
      }),
    );
  });
});

describe('lines compared', () => {
  beforeAll(initHistograms);

  const fate = fc.record({ lost: fc.constantFrom(false, false, false, true), again: fc.boolean(), delay: fc.nat(3) });
  const rounds = fc.record({
    rounds: fc.integer({ min: 1, max: 5 }),
    length: fc.integer({ min: 4, max: 12 }),
    skews: fc.tuple(fc.nat(20), fc.nat(20)),
    fates: fc.array(fc.tuple(fate, fate), { minLength: 60, maxLength: 60 }),
    byContent: fc.boolean(),
  });

  test('through losses, copies, reorderings and numbers that begin anew, what each lost is told exactly', () => {
    fc.assert(
      fc.property(rounds, ({ rounds: roundCount, length, skews, fates, byContent }) => {
        const arrivals: { line: number; round: number; number: number; sentNs: number; at: number }[] = [];
        for (let index = 0; index < roundCount * length; index++) {
          const [round, number] = [Math.floor(index / length), (index % length) + 1];
          for (const line of [0, 1]) {
            const { lost, again, delay } = (fates[index] as (typeof fates)[number])[line] as (typeof fates)[number][0];
            // The ends of a round are there: what begins or ends one unseen is known to nobody.
            if (lost && number > 1 && number < length) continue;
            const late = number === 1 || number === length ? 0 : delay;
            // Within one round: of those before the last nothing is known.
            const skew = (skews[line] as number) % (length - 3);
            const at = (index + skew + late) * 100 + line * 7;
            for (let copy = again ? 0 : 1; copy < 2; copy++) {
              arrivals.push({ line, round, number, sentNs: index * 100, at: at + (1 - copy) * 10 });
            }
          }
        }
        arrivals.sort((a, b) => a.at - b.at);
        const options: Mdp3LinesOptions = { compare: { nameOf: () => null }, ...(byContent ? {} : configured) };
        const lines = new Mdp3Lines({ onPacket: () => {} }, options);
        for (const { line, number, sentNs, at } of arrivals) {
          const { view, offset, length: size } = embed(packet(number, sentNs, [`body ${sentNs}`]));
          lines.packet(view, offset, size, 0, at, flows[line] as Flow);
        }
        lines.flush();
        const [report] = lines.feeds();
        lines.destroy();
        const key = ({ round, number }: (typeof arrivals)[number]) => round * 100 + number;
        const all = new Set(arrivals.map(key));
        expect(report).toMatchObject({ numbers: roundCount * length, restarts: roundCount - 1 });
        expect(report?.missingOnAll.missing).toBe(roundCount * length - all.size);
        for (const line of [0, 1]) {
          const own = arrivals.filter((one) => one.line === line);
          const distinct = new Set(own.map(key));
          const told = report?.lines.find(({ source }) => source.endsWith(`:${1000 + line}`));
          expect(told).toMatchObject({
            received: own.length,
            missing: roundCount * length - distinct.size,
            duplicates: own.length - distinct.size,
            late: 0,
            unmeasured: 0,
            packets: { received: own.length, missing: all.size - distinct.size },
          });
          const won = [...all].filter((one) => arrivals.find((arrival) => key(arrival) === one)?.line === line);
          expect(told?.first).toBe(won.length);
        }
      }),
      { numRuns: 100 },
    );
  });
});
