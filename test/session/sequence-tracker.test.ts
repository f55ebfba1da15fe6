import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SequenceReport, SequenceTracker } from '../../src/session/sequence-tracker.js';

type Run = { kind: 'run'; from: number; count: number };
type Heartbeat = { kind: 'heartbeat'; next: number };
type Step = Run | Heartbeat;

/** The events of a tracker driven as the decoder drives it. */
function drive(tracker: SequenceTracker, steps: readonly Step[]): string[] {
  const events: string[] = [];
  const gap = () => events.push(`gap ${tracker.gapFrom}-${tracker.gapTo}`);
  for (const step of steps) {
    if (step.kind === 'heartbeat') {
      if (tracker.expect(step.next)) gap();
    } else if (step.from === tracker.next) {
      tracker.extend(step.count);
      for (let index = 0; index < step.count; index++) events.push(`new ${step.from + index}`);
    } else {
      if (tracker.open(step.from, step.count)) gap();
      for (let sequence = step.from; sequence < step.from + step.count; sequence++) {
        events.push(`${tracker.accept(sequence) ? 'new' : 'again'} ${sequence}`);
      }
    }
  }
  return events;
}

/** The same from sets of numbers: what is known to exist, and what was seen. */
class NaiveTracker {
  readonly seen = new Set<number>();
  floor = 0;
  next = 0;
  messages = 0;
  duplicates = 0;
  outOfOrder = 0;

  drive(steps: readonly Step[]): string[] {
    const events: string[] = [];
    for (const step of steps) {
      const from = step.kind === 'run' ? step.from : step.next;
      const count = step.kind === 'run' ? step.count : 0;
      const isLow = step.kind === 'run' && count > 0 && from < this.floor;
      if (this.next === 0) this.floor = this.next = from;
      else if (from > this.next) events.push(`gap ${this.next}-${from - 1}`);
      else if (isLow && from + count < this.floor) events.push(`gap ${from + count}-${this.floor - 1}`);
      if (isLow) this.floor = from;
      this.next = Math.max(this.next, from);
      for (let sequence = from; sequence < from + count; sequence++) events.push(this.accept(sequence));
    }
    return events;
  }

  report(): SequenceReport {
    const gaps: { from: number; to: number; count: number }[] = [];
    let missing = 0;
    for (let sequence = this.floor; sequence < this.next; sequence++) {
      if (this.seen.has(sequence)) continue;
      let to = sequence;
      while (to + 1 < this.next && !this.seen.has(to + 1)) to++;
      gaps.push({ from: sequence, to, count: to - sequence + 1 });
      missing += to - sequence + 1;
      sequence = to;
    }
    const first = this.seen.size === 0 ? 0 : Math.min(...this.seen);
    const last = this.seen.size === 0 ? 0 : Math.max(...this.seen);
    const { messages, duplicates, outOfOrder } = this;
    return { first, last, messages, gaps, gapsDropped: 0, missing, duplicates, outOfOrder };
  }

  private accept(sequence: number): string {
    this.messages++;
    if (this.seen.has(sequence)) {
      this.duplicates++;
      return `again ${sequence}`;
    }
    if (sequence < this.next) this.outOfOrder++;
    else this.next = sequence + 1;
    this.seen.add(sequence);
    return `new ${sequence}`;
  }
}

const run = (from: number, count = 1): Run => ({ kind: 'run', from, count });
const heartbeat = (next: number): Heartbeat => ({ kind: 'heartbeat', next });

function summary(steps: readonly Step[], maxGaps?: number) {
  const tracker = new SequenceTracker(maxGaps);
  drive(tracker, steps);
  const { gaps, ...report } = tracker.report();
  return { ...report, gaps: gaps.map(({ from, to }) => `${from}-${to}`).join(' ') };
}

const none = { first: 0, last: 0, messages: 0, gapsDropped: 0, missing: 0, duplicates: 0, outOfOrder: 0, gaps: '' };

describe('SequenceTracker', () => {
  const vectors: Record<string, [Step[], Partial<ReturnType<typeof summary>>]> = {
    nothing: [[], {}],
    inOrder: [[run(1, 3), run(4, 2)], { first: 1, last: 5, messages: 5 }],
    heartbeatOnly: [[heartbeat(8)], {}],
    heartbeatsOnlyWithGap: [[heartbeat(8), heartbeat(10)], { gaps: '8-9', missing: 2 }],
    heartbeatsInARow: [
      [run(1), heartbeat(4), heartbeat(9)],
      { first: 1, last: 1, messages: 1, gaps: '2-8', missing: 7 },
    ],
    heartbeatThenInOrder: [[heartbeat(8), run(8)], { first: 8, last: 8, messages: 1 }],
    gapAtTheEnd: [[run(1), heartbeat(4)], { first: 1, last: 1, messages: 1, gaps: '2-3', missing: 2 }],
    gapFilledFromBothEnds: [
      [run(1), run(9), run(2, 2), run(7, 2)],
      { first: 1, last: 9, messages: 6, gaps: '4-6', missing: 3, outOfOrder: 4 },
    ],
    gapSplit: [
      [run(1), run(9), run(5)],
      { first: 1, last: 9, messages: 3, gaps: '2-4 6-8', missing: 6, outOfOrder: 1 },
    ],
    gapClosed: [[run(1), run(3), run(2)], { first: 1, last: 3, messages: 3, outOfOrder: 1 }],
    runAcrossGaps: [
      [run(1), run(4), run(8), run(1, 10)],
      { first: 1, last: 10, messages: 13, duplicates: 3, outOfOrder: 5 },
    ],
    reversed: [[run(3), run(2), run(1)], { first: 1, last: 3, messages: 3, outOfOrder: 2 }],
    greatest: [
      [run(Number.MAX_SAFE_INTEGER - 5), run(Number.MAX_SAFE_INTEGER)],
      {
        first: Number.MAX_SAFE_INTEGER - 5,
        last: Number.MAX_SAFE_INTEGER,
        messages: 2,
        gaps: `${Number.MAX_SAFE_INTEGER - 4}-${Number.MAX_SAFE_INTEGER - 1}`,
        missing: 4,
      },
    ],
  };
  test.each(Object.entries(vectors))('%s', (_name, [steps, expected]) => {
    expect(summary(steps)).toEqual({ ...none, ...expected });
  });

  test('accepts numbers that were not announced', () => {
    const tracker = new SequenceTracker();
    expect([5, 6, 9, 3, 9, 4, 7].map((sequence) => tracker.accept(sequence))).toEqual([
      true,
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
    expect(tracker.report().gaps).toEqual([{ from: 8, to: 8, count: 1 }]);
  });

  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('run' as const), from: fc.nat(60), count: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), next: fc.nat(70) }) },
  );
  /** Numbers from 1; small ones collide often, and 2^32 lies inside the range. */
  const steps = fc
    .tuple(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 2 ** 32 - 30))
    .map(([list, base]) =>
      list.map((one) => ('from' in one ? { ...one, from: one.from + base } : { ...one, next: one.next + base })),
    );

  test('equals a model made of sets, in its events and its state', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const tracker = new SequenceTracker();
        const naive = new NaiveTracker();
        expect(drive(tracker, list)).toEqual(naive.drive(list));
        expect(tracker.report()).toEqual(naive.report());
        expect(tracker.next).toBe(naive.next);
      }),
      { numRuns: 1500 },
    );
  });

  test('any order, duplication and loss of a sequence leaves what was not seen as gaps', () => {
    const deliveries = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(deliveries, (numbers) => {
        const { first, last, messages, gaps, missing, duplicates } = summary(numbers.map((number) => run(number)));
        const seen = new Set(numbers);
        expect([first, last, messages]).toEqual([Math.min(...seen), Math.max(...seen), numbers.length]);
        expect(messages - duplicates).toBe(seen.size);
        expect(missing).toBe(last - first + 1 - seen.size);
        const inGaps = gaps === '' ? [] : gaps.split(' ').map((gap) => gap.split('-').map(Number));
        expect(numbers.filter((n) => inGaps.some(([from = 0, to = 0]) => n >= from && n <= to))).toEqual([]);
      }),
    );
  });
});

describe('bound', () => {
  test('further gaps are only counted', () => {
    const steps = [run(1), run(3), run(5), run(8), run(11, 2)];
    expect(summary(steps, 2)).toEqual({
      ...none,
      first: 1,
      last: 12,
      messages: 6,
      gaps: '2-2 4-4',
      gapsDropped: 2,
      missing: 6,
    });
  });

  test('a gap that closes makes room', () => {
    const result = summary([run(1), run(3), run(2), run(5)], 1);
    expect([result.gaps, result.gapsDropped]).toEqual(['4-4', 0]);
  });

  test('a late arrival for a dropped gap counts as a duplicate', () => {
    const { duplicates, missing } = summary([run(1), run(3), run(5), run(4)], 1);
    expect([duplicates, missing]).toEqual([1, 2]);
  });

  test('a gap split when the list is full keeps its lower part', () => {
    const { gaps, gapsDropped, missing } = summary([run(1), run(9), run(5)], 1);
    expect([gaps, gapsDropped, missing]).toEqual(['2-4', 1, 6]);
  });

  test('65,536 gaps by default', () => {
    const tracker = new SequenceTracker();
    for (let index = 0; index < 65_540; index++) tracker.accept(1 + 2 * index);
    const { gaps, gapsDropped, missing } = tracker.report();
    expect([gaps.length, gaps.at(-1), gapsDropped, missing]).toEqual([
      65_536,
      { from: 131_072, to: 131_072, count: 1 },
      3,
      65_539,
    ]);
  });
});
