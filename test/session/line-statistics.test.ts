import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { LineStatistics } from '../../src/session/line-statistics.js';
import { LineWindow, MAX_LINES } from '../../src/session/line-window.js';
import { makeFlow } from './support.js';

/** A packet as it came: its line, its numbers, its stamp in ns. */
interface Arrival {
  line: number;
  from: number;
  count: number;
  ns: number;
}

const flows = Array.from({ length: MAX_LINES + 1 }, (_, index) => makeFlow(index));
const maxNumbers = 4096;
const windowNs = 1e9;

beforeAll(initHistograms);

function take(statistics: LineStatistics, { line, from, count, ns }: Arrival, isOfPrevious = false): void {
  statistics.packet(flows[line], from, count, 1_700_000_000 + Math.floor(ns / 1e9), ns % 1e9, isOfPrevious);
}

function countsOf(statistics: LineStatistics) {
  const lines = statistics.lines.map((counts, index) => {
    const { flow, packets, packetsFirst, packetsDuplicate, packetsDistinct, first, late, unmeasured, lead } = counts;
    const { gaps, missing, duplicates, outOfOrder, messages } = statistics.reportLine(index);
    const ranges = gaps.map(({ from, to }) => `${from}-${to}`);
    return {
      ...{ line: flow.index, packets, packetsFirst, packetsDuplicate, packetsDistinct, first, late, unmeasured },
      ...{ missing, ranges, duplicates, outOfOrder, received: messages },
      lead: lead === null ? null : { count: lead.count, min: lead.min, max: lead.max, sum: lead.mean * lead.count },
    };
  });
  const all = statistics.reportAll();
  const { numbers, packetsDistinct } = statistics;
  const report = {
    ...{ lines, numbers, packetsDistinct, missing: all.missing },
    ranges: all.gaps.map(({ from, to }) => `${from}-${to}`),
  };
  statistics.destroy();
  return report;
}

function followed(arrivals: readonly Arrival[], numbers = maxNumbers) {
  const statistics = new LineStatistics(numbers);
  for (const arrival of arrivals) take(statistics, arrival);
  return countsOf(statistics);
}

function rangesOf(numbers: readonly number[]): string[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => `${from}-${to}`);
}

/** The same by looking at all arrivals again for every number. */
function oracle(arrivals: readonly Arrival[]) {
  const indexes = [...new Set(arrivals.map(({ line }) => line))];
  const copies = arrivals.flatMap(({ line, from, count, ns }, at) =>
    Array.from({ length: count }, (_, index) => ({ line, number: from + index, ns, at })),
  );
  const present = [...new Set(copies.map(({ number }) => number))].sort((a, b) => a - b);
  const lowest = present[0] as number;
  const highest = present.at(-1) as number;
  const range = Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
  const firstCopies = (number: number) =>
    indexes.flatMap((line) => copies.filter((copy) => copy.number === number && copy.line === line).slice(0, 1));
  const races = range.map((number) => firstCopies(number).sort((a, b) => a.at - b.at));
  const winners = races.map(([one, other]) => (other !== undefined && other.ns < one.ns ? other : one)?.line);
  const starts = [...new Set(arrivals.map(({ from }) => from))];
  const packetRaces = starts.map((from) =>
    indexes.flatMap((line) => {
      const at = arrivals.findIndex((arrival) => arrival.from === from && arrival.line === line);
      return at < 0 ? [] : [{ line, at, ns: (arrivals[at] as Arrival).ns }];
    }),
  );
  const packetWinners = packetRaces.map((race) => {
    const [one, other] = race.sort((a, b) => a.at - b.at);
    return (other !== undefined && other.ns < one.ns ? other : one).line;
  });
  const knownBefore = (number: number, at: number) =>
    arrivals.find(
      (arrival, index) => index < at && arrival.from + arrival.count > number && highestAt(index) >= number,
    );
  const start = (arrivals[0] as Arrival).from;
  // A number below the one that a feed was joined at is known of when it comes.
  const highestAt = (index: number) => (arrivals[index] as Arrival).from + (arrivals[index] as Arrival).count - 1;
  const lines = indexes.map((line) => {
    const own = copies.filter((copy) => copy.line === line);
    const seen = new Set<number>();
    let top = 0;
    let outOfOrder = 0;
    let late = 0;
    for (const { number, ns, at } of own) {
      if (!seen.has(number)) {
        if (top > 0 && number < top && seen.size > 0) outOfOrder++;
        const race = races[number - lowest] as typeof copies;
        const before = race.filter((copy) => copy.at < at);
        const known = before.length > 0 ? bestOf(before) : number < start ? undefined : knownBefore(number, at)?.ns;
        if (known !== undefined && ns - known > windowNs) late++;
      }
      seen.add(number);
      top = Math.max(top, number);
    }
    const absent = range.filter((number) => !seen.has(number));
    const leads = races.flatMap(([one, other], index) =>
      one !== undefined && other !== undefined && winners[index] === line ? [Math.abs(other.ns - one.ns)] : [],
    );
    const packets = arrivals.filter((arrival) => arrival.line === line);
    return {
      line,
      packets: packets.length,
      packetsDistinct: packetRaces.filter((race) => race.some((one) => one.line === line)).length,
      packetsFirst: packetWinners.filter((winner) => winner === line).length,
      packetsDuplicate: packets.length - new Set(packets.map(({ from }) => from)).size,
      first: winners.filter((winner) => winner === line).length,
      late,
      unmeasured: 0,
      missing: absent.length,
      ranges: rangesOf(absent),
      duplicates: own.length - seen.size,
      outOfOrder,
      received: own.length,
      lead:
        leads.length === 0
          ? null
          : {
              count: leads.length,
              min: Math.min(...leads),
              max: Math.max(...leads),
              sum: leads.reduce((sum, ns) => sum + ns, 0),
            },
    };
  });
  const absent = range.filter((number) => !present.includes(number));
  return {
    lines,
    numbers: range.length,
    packetsDistinct: starts.length,
    missing: absent.length,
    ranges: rangesOf(absent),
  };
}

/** What a number's known time is once copies came: the first one's, unless the second bears an earlier stamp. */
function bestOf(before: readonly { ns: number }[]): number {
  const [one, other] = before as [{ ns: number }, { ns: number } | undefined];
  return other !== undefined && other.ns < one.ns ? other.ns : one.ns;
}

/** Packets of a session on several lines, each with losses, repetitions, reorderings and a skew of its own. */
const sessions = (lineCount: number, stepNs: number, mayCut = true) =>
  fc
    .record({
      first: fc.constantFrom(1, 2, 1000, 2 ** 40),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 }),
      lines: fc.array(
        fc.record({
          skew: fc.nat(30),
          seed: fc.array(
            fc.record({
              lost: fc.constantFrom(false, false, false, true),
              again: fc.constantFrom(0, 0, 0, 1, 2),
              delay: fc.constantFrom(0, 0, 0, 1, 5, 12),
              parts: fc.constantFrom(false, false, false, true),
            }),
            { minLength: 40, maxLength: 40 },
          ),
        }),
        { minLength: lineCount, maxLength: lineCount },
      ),
    })
    .map(({ first, sizes, lines }) => {
      const arrivals: (Arrival & { order: number })[] = [];
      let from = first;
      for (const [index, count] of sizes.entries()) {
        for (const [line, { skew, seed }] of lines.entries()) {
          const { lost, again, delay, parts } = seed[index] as (typeof seed)[number];
          const at = (index + skew + delay) * stepNs + line;
          // A line may cut the same messages into other packets.
          const packets =
            mayCut && parts && count > 1
              ? [[from, 1] as const, [from + 1, count - 1] as const]
              : [[from, count] as const];
          if (lost) continue;
          for (const [start, length] of packets) {
            for (let copy = 0; copy <= again; copy++) {
              const ns = at + copy * stepNs;
              arrivals.push({ line, from: start, count: length, ns, order: ns });
            }
          }
        }
        from += count;
      }
      return arrivals.sort((a, b) => a.order - b.order).map(({ order: _, ...arrival }) => arrival);
    })
    .filter((arrivals) => arrivals.length > 0);

/** Sockets are read one after the other: what came in is not always in the order of its stamps. */
const readInTurns = (arrivals: readonly Arrival[]) =>
  arrivals
    .map((arrival, index) => ({ arrival, turn: Math.floor(index / 5) }))
    .sort((a, b) => a.turn - b.turn || a.arrival.line - b.arrival.line)
    .map(({ arrival }) => arrival);

describe('against an oracle that looks at everything again', () => {
  test.each([
    ['two lines, microseconds apart', sessions(2, 1000)],
    ['two lines, seconds apart', sessions(2, 100_000_000)],
    ['two lines whose packets are the same, read in turns', sessions(2, 1000, false).map(readInTurns)],
    ['one line', sessions(1, 1000)],
  ])('%s', (_, given) => {
    fc.assert(
      fc.property(given, (arrivals) => {
        const { lines, ...all } = followed(arrivals);
        const { lines: expected, ...rest } = oracle(arrivals);
        expect(all).toEqual(rest);
        const rounded = lines.map(({ lead, ...line }) => ({
          ...line,
          lead: lead && { ...lead, sum: Math.round(lead.sum) },
        }));
        expect(rounded).toEqual(expected);
        expect(lines.reduce((sum, { packetsFirst }) => sum + packetsFirst, 0)).toBe(all.packetsDistinct);
        for (const { received, duplicates, missing } of lines)
          expect(received - duplicates + missing).toBe(all.numbers);
      }),
      { numRuns: 150 },
    );
  });
});

describe('several lines', () => {
  const on = (line: number, from: number, ns: number, count = 1): Arrival => ({ line, from, count, ns });

  test('of three, the lead is that of the first over the second', () => {
    const { lines } = followed([on(0, 1, 0), on(1, 1, 10), on(2, 1, 500), on(2, 2, 600), on(0, 2, 650), on(1, 2, 651)]);
    expect(lines.map(({ first, lead }) => [first, lead?.max ?? null])).toEqual([
      [1, 10],
      [0, null],
      [1, 50],
    ]);
  });

  test('flows of one name are one line', () => {
    const statistics = new LineStatistics(maxNumbers, ({ index }) => (index < 2 ? 'A' : 'B'));
    for (const [index, line] of [0, 1, 2].entries()) take(statistics, on(line, 1 + index, index));
    const { lines } = countsOf(statistics);
    expect(lines.map(({ line, received, missing }) => [line, received, missing])).toEqual([
      [0, 2, 1],
      [2, 1, 2],
    ]);
  });

  test('more than are told apart are left out, and counted', () => {
    const statistics = new LineStatistics(maxNumbers);
    for (let line = 0; line <= MAX_LINES; line++) take(statistics, on(line, 1, line));
    expect(statistics.lines.length).toBe(MAX_LINES);
    expect(statistics.otherPackets).toBe(1);
    expect(countsOf(statistics)).toMatchObject({ numbers: 1, missing: 0 });
  });

  test('a heartbeat shows what is missing behind the last packet', () => {
    const statistics = new LineStatistics(maxNumbers);
    take(statistics, on(0, 1, 0));
    take(statistics, on(1, 1, 0));
    take(statistics, on(1, 2, 0));
    statistics.expect(flows[0], 4, 1_700_000_000, 0);
    const { lines, ranges } = countsOf(statistics);
    expect([lines.map((line) => line.ranges), ranges]).toEqual([[['2-3'], ['3-3']], ['3-3']]);
  });
});

describe('the window', () => {
  const on = (line: number, from: number, ns: number, count = 1): Arrival => ({ line, from, count, ns });

  test('a copy behind it is counted, and measured no more', () => {
    const { lines } = followed([on(0, 1, 0, 20), on(1, 1, 5, 20)], 8);
    expect(lines.map(({ first, unmeasured, lead }) => [first, unmeasured, lead?.count ?? 0])).toEqual([
      [20, 0, 8],
      [0, 12, 0],
    ]);
  });

  test('it grows for a line that is behind, and not where all have come', () => {
    const count = 3000;
    const ahead = Array.from({ length: count }, (_, index) => on(0, 1 + index, index));
    const { lines } = followed([...ahead, ...ahead.map(({ from, ns }) => on(1, from, ns + 7000))]);
    expect(lines[0]).toMatchObject({ first: count, lead: { count, min: 7000, max: 7000 } });
    expect(lines[1]).toMatchObject({ first: 0, unmeasured: 0, late: 0, missing: 0 });
  });

  test('more than a second behind is late, a second is not', () => {
    const { lines } = followed([
      on(0, 1, 0),
      on(1, 1, 1e9),
      on(0, 2, 2e9),
      on(1, 2, 3e9 + 1),
      on(0, 5, 4e9),
      on(1, 3, 5e9 + 1),
    ]);
    expect(lines.map(({ late }) => late)).toEqual([0, 2]);
  });

  test('a wrong number far ahead is not followed', () => {
    const { lines } = followed([on(0, 1, 0), on(0, 2 ** 40, 1), on(0, 2, 2), on(1, 1, 3), on(1, 2, 4)]);
    expect(lines[0]).toMatchObject({ first: 3, unmeasured: 1, lead: { count: 2 } });
  });

  test('a leap that goes on is followed', () => {
    const far = 2 ** 40;
    const { lines } = followed([on(0, 1, 0), on(0, far, 1), on(0, far + 1, 2), on(1, far + 1, 4), on(1, far + 2, 5)]);
    expect(lines[0]).toMatchObject({ first: 3, unmeasured: 1, lead: { count: 1, max: 2 } });
    expect(lines[1]).toMatchObject({ first: 1, missing: far - 1 + 1 });
  });
});

describe('numbers that begin anew', () => {
  const on = (line: number, from: number, ns: number): Arrival => ({ line, from, count: 1, ns });

  test('a line that is behind still brings the numbering before', () => {
    const statistics = new LineStatistics(maxNumbers);
    for (const number of [1, 2, 3]) take(statistics, on(0, number, number));
    take(statistics, on(1, 1, 11));
    statistics.restart();
    take(statistics, on(0, 1, 20));
    take(statistics, on(1, 3, 23), true);
    take(statistics, on(1, 1, 30));
    const { lines, numbers } = countsOf(statistics);
    expect(numbers).toBe(4);
    expect(lines[0]).toMatchObject({ first: 4, missing: 0, lead: { count: 3, min: 10, max: 20 } });
    expect(lines[1]).toMatchObject({ first: 0, missing: 1, ranges: ['2-2'] });
  });

  test('where they begin is known: what is missing there is missing on all', () => {
    const statistics = new LineStatistics(maxNumbers);
    take(statistics, on(0, 7, 0));
    statistics.restart(1);
    take(statistics, on(0, 3, 1));
    take(statistics, on(1, 2, 2));
    const { lines, numbers, ranges } = countsOf(statistics);
    expect([numbers, ranges, ...lines.map((line) => line.ranges)]).toEqual([
      4,
      ['1-1'],
      ['1-2'],
      ['7-7', '1-1', '3-3'],
    ]);
  });

  test('closed numberings keep their counts, and a line that joins later has missed them', () => {
    const statistics = new LineStatistics(maxNumbers);
    for (let round = 0; round < 4; round++) {
      if (round > 0) statistics.restart();
      for (const number of [1, 2, 3]) take(statistics, on(0, number, round * 10 + number));
      if (round === 3) take(statistics, on(1, 2, round * 10 + 5));
    }
    expect(statistics.reportLine(0)).toMatchObject({ messages: 12, missing: 0 });
    const late = statistics.reportLine(1);
    expect(late).toMatchObject({ messages: 1, missing: 11, gapsDropped: 2 });
    expect(late.gaps).toEqual([
      { from: 1, to: 3, count: 3, numbering: 2 },
      { from: 1, to: 1, count: 1, numbering: 3 },
      { from: 3, to: 3, count: 1, numbering: 3 },
    ]);
    expect(countsOf(statistics)).toMatchObject({ numbers: 12, missing: 0 });
  });
});

describe('many numbers at once', () => {
  const many = fc.array(
    fc.record({
      line: fc.nat(2),
      skip: fc.constantFrom(0, 0, 0, 0, 3, 40, 5000),
      back: fc.constantFrom(0, 0, 0, 30, 300),
      count: fc.integer({ min: 1, max: 40 }),
      afterNs: fc.constantFrom(1000, 1e6, 4e8, 1.2e9),
    }),
    { maxLength: 60 },
  );

  test.each([8, 64, 512])('leave a window of %i numbers as they do one by one', (numbers) => {
    fc.assert(
      fc.property(many, (steps) => {
        const window = new LineWindow(numbers);
        const plain = new LineWindow(numbers);
        let next = 1;
        let ns = 0;
        for (const { line, skip, back, count, afterNs } of steps) {
          ns += afterNs;
          const from = Math.max(1, next + skip - back);
          const isNext = window.takeNext(from, count, line, ns, 7);
          for (let number = from; number < from + count; number++) {
            const arrival = plain.take(number, line, ns, 7);
            if (!isNext) expect(window.take(number, line, ns, 7)).toBe(arrival);
          }
          expect(window.takePacket(from, line)).toBe(plain.takePacket(from, line));
          next = Math.max(next, from + count);
        }
        // Whatever comes next finds the same.
        for (let number = Math.max(1, next - 600); number < next + 5; number++) {
          const found = [window.take(number, 3, ns, 15), window.isLate, window.winner, window.leadNs];
          expect(found).toEqual([plain.take(number, 3, ns, 15), plain.isLate, plain.winner, plain.leadNs]);
        }
      }),
    );
  });
});
