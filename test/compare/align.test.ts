/** Aligners as properties: what was left out, put in, moved or changed at random is found, and little else said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aligner, type AlignListener, KeyedAligner, type Side } from '../../src/compare/align.js';
import { OrderAligner } from '../../src/compare/align-order.js';
import type { ComparedMessage } from '../../src/compare/message.js';

/** A message that says one number; its key is told apart from it. */
function message(key: string | null, value: number): ComparedMessage {
  const place = { file: 'x', packet: 0, offset: -1, sequence: null, session: null, index: 0, timestampNs: null };
  const same = { protocol: 'itch50', type: 'A', name: null, bytes: null, isKnown: true, stream: 's' };
  return { place, ...same, values: { value }, key };
}

const numberIn = (one: ComparedMessage): number => one.values.value as number;

class Said implements AlignListener {
  readonly pairs: [number, number][] = [];
  readonly missing: number[] = [];
  readonly extra: number[] = [];
  readonly repeated: number[] = [];
  readonly reordered: number[] = [];
  readonly ordinals: number[] = [];

  pair(left: ComparedMessage, right: ComparedMessage, ordinal: number, isReordered: boolean): void {
    this.pairs.push([numberIn(left), numberIn(right)]);
    this.ordinals.push(ordinal);
    if (isReordered) this.reordered.push(numberIn(left));
  }

  leftOnly(left: ComparedMessage, ordinal: number): void {
    this.missing.push(numberIn(left));
    this.ordinals.push(ordinal);
  }

  rightOnly(right: ComparedMessage, _ordinal: number, isRepeat: boolean): void {
    (isRepeat ? this.repeated : this.extra).push(numberIn(right));
  }
}

/** Drives an aligner to its end, so many messages at a time. */
function drive(aligner: Aligner, sides: Record<Side, readonly ComparedMessage[]>, batch: number): void {
  const at = { left: 0, right: 0 };
  for (let side = aligner.needs; side !== null; side = aligner.needs) {
    const { length } = sides[side];
    if (at[side] >= length) aligner.end(side);
    else
      for (const end = Math.min(length, at[side] + batch); at[side] < end; ) {
        aligner.push(side, sides[side][at[side]++] as ComparedMessage);
      }
  }
}

const batches = fc.integer({ min: 1, max: 40 });
const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('by key', () => {
  const left = fc.integer({ min: 0, max: 300 });
  const keyed = (values: readonly number[]): ComparedMessage[] => values.map((value) => message(`${value}`, value));

  it('identity says nothing', () => {
    fc.assert(
      fc.property(left, batches, (length, batch) => {
        const values = Array.from({ length }, (_, index) => index);
        const said = new Said();
        drive(new KeyedAligner(said), { left: keyed(values), right: keyed(values) }, batch);
        expect(said.pairs).toEqual(values.map((value) => [value, value]));
        expect([said.missing, said.extra, said.repeated, said.reordered]).toEqual([[], [], [], []]);
      }),
    );
  });

  it('what is left out, put in and repeated is told exactly, in any order', () => {
    const edits = fc.record({
      length: left,
      out: fc.uniqueArray(fc.nat(299), { maxLength: 40 }),
      extra: fc.uniqueArray(fc.integer({ min: 1000, max: 2000 }), { maxLength: 40 }),
      twice: fc.uniqueArray(fc.nat(299), { maxLength: 10 }),
      seed: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(edits, batches, ({ length, out, extra, twice, seed }, batch) => {
        const values = Array.from({ length }, (_, index) => index);
        const kept = values.filter((value) => !out.includes(value));
        const again = twice.filter((value) => kept.includes(value));
        const right = [...kept];
        for (const value of [...extra, ...again]) right.splice(seed.next().value % (right.length + 1), 0, value);
        const said = new Said();
        drive(new KeyedAligner(said), { left: keyed(values), right: keyed(right) }, batch);
        expect(sorted(said.pairs.map(([one]) => one))).toEqual(kept);
        expect(said.pairs.every(([one, other]) => one === other)).toBe(true);
        expect(sorted(said.missing)).toEqual(sorted(out.filter((value) => value < length)));
        expect(sorted(said.extra)).toEqual(sorted(extra));
        expect(sorted(said.repeated)).toEqual(sorted(again));
        expect(sorted(said.ordinals)).toEqual(values);
      }),
    );
  });

  it('one that moved is told, and those that it passed are not', () => {
    const move = fc.record({ length: fc.integer({ min: 2, max: 300 }), from: fc.nat(299), to: fc.nat(299) });
    fc.assert(
      fc.property(move, batches, ({ length, from, to }, batch) => {
        const values = Array.from({ length }, (_, index) => index);
        const right = values.filter((value) => value !== from % length);
        right.splice(to % length, 0, from % length);
        const said = new Said();
        drive(new KeyedAligner(said), { left: keyed(values), right: keyed(right) }, 1);
        const isMoved = right.some((value, index) => value !== index);
        // Of two neighbours that changed places either is the one that moved.
        expect(said.reordered).toHaveLength(isMoved ? 1 : 0);
        const inBatches = new Said();
        drive(new KeyedAligner(inBatches), { left: keyed(values), right: keyed(right) }, batch);
        expect(inBatches.reordered.length > 0).toBe(isMoved);
      }),
    );
  });

  it('gives up what has waited for more than the window, and says so', () => {
    const said = new Said();
    const aligner = new KeyedAligner(said, 4);
    const values = Array.from({ length: 20 }, (_, index) => index);
    drive(aligner, { left: keyed(values), right: keyed([...values.slice(10), ...values.slice(0, 10)]) }, 1);
    expect(aligner.beyondWindow).toBeGreaterThan(0);
    expect(said.pairs.length + said.missing.length).toBe(20);
  });
});

describe('by order', () => {
  /** A number that has 10,000 added is the same message with a field changed; others have a digit or two in common. */
  const likeness = (one: ComparedMessage, other: ComparedMessage): number => {
    const [a, b] = [numberIn(one), numberIn(other)];
    if (a % 10_000 === b % 10_000) return a === b ? 1 : 0.8;
    const digits = [...String(b).padStart(4, '0')];
    return [...String(a).padStart(4, '0')].filter((digit, index) => digit === digits[index]).length / 20;
  };
  const plain = (values: readonly number[]): ComparedMessage[] => values.map((value) => message(null, value));
  const sequence = fc.uniqueArray(fc.nat(9999), { minLength: 0, maxLength: 300 });

  function aligned(left: readonly number[], right: readonly number[], batch: number): Said {
    const said = new Said();
    drive(new OrderAligner(said, likeness), { left: plain(left), right: plain(right) }, batch);
    expect(sorted([...said.pairs.map(([one]) => one), ...said.missing])).toEqual(sorted(left));
    expect(sorted([...said.pairs.map(([, other]) => other), ...said.extra])).toEqual(sorted(right));
    return said;
  }

  const divergences = ({ pairs, missing, extra }: Said): number =>
    pairs.filter(([one, other]) => one !== other).length + missing.length + extra.length;

  it('identity says nothing', () => {
    fc.assert(
      fc.property(sequence, batches, (values, batch) => {
        expect(divergences(aligned(values, values, batch))).toBe(0);
      }),
    );
  });

  it('what is left out, or put in, is told alone', () => {
    fc.assert(
      fc.property(sequence, fc.uniqueArray(fc.nat(299), { maxLength: 30 }), batches, (values, places, batch) => {
        const some = values.filter((_, index) => !places.includes(index));
        const left = aligned(values, some, batch);
        expect(left.missing).toEqual(values.filter((_, index) => places.includes(index)));
        expect(divergences(left)).toBe(left.missing.length);
        const right = aligned(some, values, batch);
        expect(right.extra).toEqual(left.missing);
        expect(divergences(right)).toBe(right.extra.length);
      }),
    );
  });

  it('a few of all kinds at once bring no more divergences than a few for each', () => {
    const edits = fc.array(
      fc.record({ kind: fc.constantFrom('out', 'in', 'changed', 'moved'), at: fc.nat(299), value: fc.nat(9999) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(sequence, edits, batches, (values, changes, batch) => {
        const right = [...values];
        for (const { kind, at, value } of changes) {
          const place = right.length === 0 ? 0 : at % right.length;
          if (kind === 'in') right.splice(place, 0, 20_000 + value);
          else if (right.length === 0) continue;
          else if (kind === 'out') right.splice(place, 1);
          else if (kind === 'changed') right[place] = (right[place] as number) + 10_000;
          else right.splice(value % right.length, 0, ...right.splice(place, 1));
        }
        expect(divergences(aligned(values, right, batch))).toBeLessThanOrEqual(3 * changes.length);
      }),
    );
  });
});
