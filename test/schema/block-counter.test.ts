/** Counting with several cursors: what one cursor counts, whatever the bytes are and wherever boundaries are guessed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import type { BlockCounterOptions } from '../../src/schema/block-counter.js';

type Counted = [byType: Record<string, number>, unknown: number, messages: number, behind: number];

function blockOf(message: Uint8Array): number[] {
  return [message.length >> 8, message.length & 255, ...message];
}

function session(random: Random, count: number): number[] {
  const bytes: number[] = [];
  for (let index = 0; index < count; index++) bytes.push(...blockOf(itch50.generate(random)));
  return bytes;
}

function counted(bytes: Uint8Array, end: number, options: BlockCounterOptions): { counts: Counted; misses: number } {
  const counter = itch50.createBlockCounter(options);
  const behind = counter.count(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, end);
  return { counts: [counter.byType, counter.unknown, counter.messages, behind], misses: counter.misses };
}

/** One message after the other, as the framing's definition has it. */
function walked(bytes: Uint8Array, end: number): Counted {
  const byType: Record<string, number> = {};
  let [unknown, messages, at] = [0, 0, 0];
  for (; end - at >= 2; messages++) {
    const length = (bytes[at] as number) * 256 + (bytes[at + 1] as number);
    if (at + 2 + length > end) break;
    const message = length === 0 ? undefined : itch50.messageOf(bytes[at + 2] as number);
    if (message?.length === length) byType[message.type] = (byType[message.type] ?? 0) + 1;
    else unknown++;
    at += 2 + length;
  }
  return [byType, unknown, messages, at];
}

function expectSame(bytes: Uint8Array, end: number, minSharedBytes: number): void {
  const [byType, ...rest] = walked(bytes, end);
  for (const engine of ['compiled', 'interpreted'] as const) {
    const [found, ...others] = counted(bytes, end, { engine, minSharedBytes }).counts;
    expect(found).toEqual(byType);
    expect(others).toEqual(rest);
  }
}

/** Time stamps and counts of some locates, one message after the other. */
function walkedOnly(bytes: Uint8Array, end: number, locates: readonly number[]) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const byType: Record<string, number> = {};
  const times: number[] = [];
  let leftOut = 0;
  for (let at = 0; end - at >= 2; ) {
    const length = view.getUint16(at);
    if (at + 2 + length > end) break;
    const message = length === 0 ? undefined : itch50.messageOf(view.getUint8(at + 2));
    if (message?.length === length) {
      if (locates.includes(view.getUint16(at + 3))) {
        byType[message.type] = (byType[message.type] ?? 0) + 1;
        times.push(itch50.timestampOf(view, at + 2));
      } else leftOut++;
    }
    at += 2 + length;
  }
  const [first, last] = times.length === 0 ? [Number.NaN, Number.NaN] : [Math.min(...times), Math.max(...times)];
  return { byType, leftOut, first, last };
}

describe('block counter', () => {
  it('counts a session with no guess missed', () => {
    const bytes = Uint8Array.from(session(new Random(1), 20_000));
    const { counts, misses } = counted(bytes, bytes.length, {});
    const [byType, unknown, messages, behind] = walked(bytes, bytes.length);
    expect(counts).toEqual([byType, unknown, messages, behind]);
    expect([misses, unknown, messages, behind]).toEqual([0, 0, 20_000, bytes.length]);
  });

  it('adds up over calls, and every message is counted once wherever the calls divide the bytes', () => {
    const bytes = Uint8Array.from(session(new Random(2), 3000));
    const view = new DataView(bytes.buffer);
    const counter = itch50.createBlockCounter({ minSharedBytes: 1000 });
    for (let at = 0; at < bytes.length; ) {
      const behind = counter.count(view, at, Math.min(at + 7777, bytes.length));
      expect(behind).toBeGreaterThan(at);
      at = behind;
    }
    expect([counter.byType, counter.messages]).toEqual([walked(bytes, bytes.length)[0], 3000]);
  });

  it('is not taken in by messages within messages', () => {
    const random = new Random(3);
    const parts: number[] = [];
    // Unknown messages of 3 to 30 KB, full of whole known ones: every guess falls on one of those.
    for (let index = 0; index < 8; index++) {
      const inner = session(random, 100 * (1 + random.below(9)));
      parts.push(...blockOf(Uint8Array.from([0x7a, ...inner])), ...session(random, 3));
    }
    const bytes = Uint8Array.from(parts);
    const { counts, misses } = counted(bytes, bytes.length, { minSharedBytes: 2000 });
    expect(counts).toEqual(walked(bytes, bytes.length));
    expect(counts[1]).toBe(8);
    expect(misses).toBeGreaterThan(0);
    for (let end = bytes.length - 200; end < bytes.length; end += 7) expectSame(bytes, end, 2000);
  });

  it('goes on alone where no boundary can be guessed', () => {
    const unknown = blockOf(new Uint8Array(60_000).fill(0x7a));
    const bytes = Uint8Array.from([...unknown, ...unknown, ...session(new Random(4), 100)]);
    expectSame(bytes, bytes.length, 64);
    expectSame(bytes, bytes.length, 16_384);
    expectSame(new Uint8Array(50_000), 49_999, 64);
    expectSame(new Uint8Array(50_000).fill(0xff), 50_000, 64);
  });

  it('equals a plain walk for random sessions with bytes changed, cut and put in', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'put'));
    const changes = fc.array(change, { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(), changes, fc.integer({ min: 64, max: 4000 }), fc.nat(70), (seed, changes, shared, spare) => {
        const bytes = session(new Random(seed), 120);
        for (const [at, value, kind] of changes) {
          const place = at % bytes.length;
          if (kind === 'set') bytes[place] = value;
          else bytes.splice(place, kind === 'cut' ? value % 50 : 0, ...(kind === 'put' ? [value, value, value] : []));
        }
        expectSame(Uint8Array.from(bytes), Math.max(0, bytes.length - spare), shared);
      }),
      { numRuns: 400 },
    );
  });

  it('finds the first and last time stamp, of some locates alone where asked, as one cursor does', () => {
    const seeds = fc.record({
      seed: fc.integer(),
      broken: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      cut: fc.nat(40),
      minSharedBytes: fc.integer({ min: 64, max: 4000 }),
      count: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(seeds, ({ seed, broken, cut, minSharedBytes, count }) => {
        const random = new Random(seed);
        const bytes = Uint8Array.from(session(random, count));
        for (const [place, value] of broken) if (bytes.length > 0) bytes[place % bytes.length] = value;
        const end = Math.max(0, bytes.length - cut);
        const view = new DataView(bytes.buffer);
        const locates = Array.from({ length: 20_000 }, () => random.below(65_536));
        for (const engine of ['compiled', 'interpreted'] as const) {
          const only = { field: 'stockLocate', values: locates };
          const some = itch50.createBlockCounter({ engine, minSharedBytes, timestamps: true, only });
          const all = itch50.createBlockCounter({ engine, minSharedBytes, timestamps: true });
          expect(some.count(view, 0, end)).toBe(all.count(view, 0, end));
          const { byType, leftOut, firstTimestamp: first, lastTimestamp: last } = some;
          expect({ byType, leftOut, first, last }).toEqual(walkedOnly(bytes, end, locates));
          expect([some.messages, some.unknown]).toEqual([all.messages, all.unknown]);
          const every = walkedOnly(
            bytes,
            end,
            Array.from({ length: 65_536 }, (_, locate) => locate),
          );
          expect([all.byType, all.firstTimestamp, all.lastTimestamp]).toEqual([every.byType, every.first, every.last]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a field that messages have not all at one place', () => {
    const only = { field: 'stock', values: [1] };
    expect(() => itch50.createBlockCounter({ only })).toThrow(/"stock" is no u16 at one place in all messages/);
  });
});
