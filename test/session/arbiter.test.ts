import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arbiter, type ArbiterOptions, START_MESSAGES } from '../../src/session/arbiter.js';
import { embed, latin1, text } from './support.js';

/** Arrivals: a number, or a number and a stamp in ns. */
type Arrival = number | [sequence: number, ns: number];

/** What comes out, as `5` or `gap 3-4`; each message's text is its number's, and so is checked with it. */
function arbitrate(arrivals: readonly Arrival[], options: ArbiterOptions = {}, next = 0) {
  const events: string[] = [];
  const stamps: string[] = [];
  const views: DataView[] = [];
  const arbiter = new Arbiter(
    {
      onMessage(view, offset, length, seconds, nanoseconds, sequence) {
        expect(latin1(view, offset, length)).toBe(`message ${sequence}`);
        events.push(String(sequence));
        stamps.push(`${seconds}.${nanoseconds}`);
        views.push(view);
      },
      onGap: (from, to) => events.push(`gap ${from}-${to}`),
    },
    options,
  );
  let passed = 0;
  for (const arrival of arrivals) {
    const [sequence, ns] = typeof arrival === 'number' ? [arrival, 0] : arrival;
    const { view, offset, length } = embed(text(`message ${sequence}`));
    const before = views.length;
    arbiter.message(view, offset, length, Math.floor(ns / 1e9), ns % 1e9, sequence);
    if (views.slice(before).includes(view)) passed++;
    // What it keeps, it has copied.
    new Uint8Array(view.buffer).fill(0);
  }
  arbiter.flush(next);
  const { messages, unsequenced, duplicates, late, heldBack, gaps, missing } = arbiter;
  return { events, stamps, passed, counts: { messages, unsequenced, duplicates, late, heldBack, gaps, missing } };
}

const counts = (given: Partial<ReturnType<typeof arbitrate>['counts']>) => ({
  ...{ messages: 0, unsequenced: 0, duplicates: 0, late: 0, heldBack: 0, gaps: 0, missing: 0 },
  ...given,
});

const vectors: Record<string, [Arrival[], ArbiterOptions, string[], Parameters<typeof counts>[0]]> = {
  inOrder: [[1, 2, 3], {}, ['1', '2', '3'], { messages: 3 }],
  twoLines: [[1, 1, 2, 2, 3, 3], {}, ['1', '2', '3'], { messages: 3, duplicates: 3 }],
  swapped: [[1, 3, 2, 4], {}, ['1', '2', '3', '4'], { messages: 4, heldBack: 1 }],
  heldTwice: [[1, 3, 3, 2], {}, ['1', '2', '3'], { messages: 3, heldBack: 1, duplicates: 1 }],
  gap: [[1, 4, 5], {}, ['1', 'gap 2-3', '4', '5'], { messages: 3, heldBack: 2, gaps: 1, missing: 2 }],
  gapBeyondTheMessagesHeld: [
    [1, 3, 4, 5, 2, 6],
    { maxMessages: 2 },
    ['1', 'gap 2-2', '3', '4', '5', '6'],
    { messages: 5, heldBack: 3, gaps: 1, missing: 1, late: 1 },
  ],
  gapBeyondTheBytesHeld: [
    [1, 3, 4, 2],
    { maxBytes: 10 },
    ['1', 'gap 2-2', '3', '4'],
    { messages: 3, heldBack: 2, gaps: 1, missing: 1, late: 1 },
  ],
  gapBeyondTheTimeHeld: [
    [1, [3, 5], [4, 15], [5, 16], [2, 17]],
    { maxNs: 10 },
    ['1', 'gap 2-2', '3', '4', '5'],
    { messages: 4, heldBack: 2, gaps: 1, missing: 1, late: 1 },
  ],
  lateOnceThenRepeated: [
    [1, 3, 4, 2, 2],
    { maxMessages: 1 },
    ['1', 'gap 2-2', '3', '4'],
    { messages: 3, heldBack: 2, gaps: 1, missing: 1, late: 1, duplicates: 1 },
  ],
  unsequenced: [[0, 1, 3, 0, 2], {}, ['0', '1', '0', '2', '3'], { messages: 3, unsequenced: 2, heldBack: 1 }],
  unsequencedTimesOut: [
    [1, [3, 0], [0, 99]],
    { maxNs: 10 },
    ['1', 'gap 2-2', '3', '0'],
    { messages: 2, unsequenced: 1, heldBack: 1, gaps: 1, missing: 1 },
  ],
  joinedInTheMiddle: [[8, 7, 9], {}, ['7', '8', '9'], { messages: 3, heldBack: 3 }],
  joinedWhereItIsKnown: [[8, 7, 9], { firstSequence: 7 }, ['7', '8', '9'], { messages: 3, heldBack: 1 }],
  lostBeforeTheKnownFirst: [
    [9],
    { firstSequence: 7 },
    ['gap 7-8', '9'],
    { messages: 1, heldBack: 1, gaps: 1, missing: 2 },
  ],
  twoGaps: [[1, 3, 6], {}, ['1', 'gap 2-2', '3', 'gap 4-5', '6'], { messages: 3, heldBack: 2, gaps: 2, missing: 3 }],
  nothing: [[], {}, [], {}],
};

test.each(Object.entries(vectors))('%s', (_, [arrivals, options, events, expected]) => {
  const outcome = arbitrate(arrivals, options);
  expect(outcome.events).toEqual(events);
  expect(outcome.counts).toEqual(counts(expected));
});

describe('the end', () => {
  test('a gap at the end is known from elsewhere', () => {
    expect(arbitrate([1, 2], {}, 5).events).toEqual(['1', '2', 'gap 3-4']);
    expect(arbitrate([1, 2], {}, 3).events).toEqual(['1', '2']);
    expect(arbitrate([], {}, 5).events).toEqual([]);
  });

  test('each keeps the stamp that it came with', () => {
    expect(
      arbitrate(
        [
          [1, 0],
          [3, 1],
          [2, 1_000_000_002],
        ],
        { maxNs: 2e9 },
      ).stamps,
    ).toEqual(['0.0', '1.2', '0.1']);
  });
});

test('in order nothing is copied', () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(arbitrate(numbers).passed).toBe(100);
});

test('a session joined in the middle begins after a bounded number of messages', () => {
  const numbers = Array.from({ length: START_MESSAGES + 50 }, (_, index) => index + 1000);
  const { events, counts: counted } = arbitrate([...numbers, 999]);
  expect(events).toEqual(numbers.map(String));
  expect(counted).toMatchObject({ heldBack: START_MESSAGES + 1, duplicates: 0, late: 1 });
});

/** Numbers from `first`, each moved by at most `distance` places and some repeated by another line. */
const disturbed = (distance: number) =>
  fc
    .record({
      first: fc.constantFrom(1, 2, 1000),
      moves: fc.array(
        fc.record({ by: fc.nat(distance), again: fc.nat(distance), lost: fc.constantFrom(false, false, true) }),
        {
          minLength: 1,
          maxLength: 60,
        },
      ),
    })
    .map(({ first, moves }) => {
      const arrivals = moves.flatMap(({ by, again }, index) => [
        { sequence: first + index, place: index + by },
        ...(again % 3 === 0 ? [{ sequence: first + index, place: index + again }] : []),
      ]);
      arrivals.sort((a, b) => a.place - b.place);
      return { first, moves, order: arrivals.map(({ sequence }) => sequence) };
    });

test('shuffled within the bound and repeated, the original comes out', () => {
  fc.assert(
    fc.property(disturbed(8), ({ moves, first, order }) => {
      const { events, counts: counted } = arbitrate(order, { maxMessages: 30 });
      expect(events).toEqual(moves.map((_, index) => String(first + index)));
      expect(counted).toMatchObject({
        messages: moves.length,
        duplicates: order.length - moves.length,
        gaps: 0,
        late: 0,
      });
    }),
  );
});

test('with losses, the rest comes out and exactly the gaps', () => {
  fc.assert(
    fc.property(disturbed(8), ({ moves, first, order }) => {
      const kept = moves.flatMap(({ lost }, index) => (lost ? [] : [first + index]));
      const expected: string[] = [];
      for (const [index, sequence] of kept.entries()) {
        const before = index === 0 ? sequence - 1 : (kept[index - 1] as number);
        if (sequence > before + 1) expected.push(`gap ${before + 1}-${sequence - 1}`);
        expected.push(String(sequence));
      }
      const arrivals = order.filter((sequence) => kept.includes(sequence));
      // Held back until the end, where all gaps are declared.
      expect(arbitrate(arrivals, { maxMessages: 200 }).events).toEqual(expected);
      const bounded = arbitrate(arrivals, { maxMessages: 1 });
      const numbers = bounded.events.filter((event) => !event.startsWith('gap')).map(Number);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      const { messages, late, duplicates, missing } = bounded.counts;
      expect(messages + late + duplicates).toBe(arrivals.length);
      if (numbers.length > 0) {
        expect(missing).toBe((numbers.at(-1) as number) - (numbers[0] as number) + 1 - messages);
      }
    }),
  );
});
