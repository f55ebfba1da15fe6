/**
 * Properties: compiled, interpreted and binary-parser decoders agree on random and on mutated messages; encoding undoes
 * decoding. Each is run by `engines.test.ts` and, a hundred times as often, by `engines.long.test.ts`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { itch50 } from '../../../src/protocol/itch50/index.js';
import { accessorNames } from '../../../src/schema/field.js';
import type { TypeBatch } from '../../../src/schema/partition.js';
import type { Message } from '../../../src/schema/table.js';

const referenceDecoder = itch50.referenceDecoder();
const seeds = fc.integer({ min: 0, max: 0xffffffff });
const messages = fc.constantFrom<Message[]>(...itch50.messages);

/** Registers the properties as tests, each with `factor` times its usual number of cases. */
export function describeEngines(factor: number): void {
  describe('engines', () => {
    it('agree on every accessor of random messages', () => {
      fc.assert(
        fc.property(messages, seeds, (message, seed) => {
          const bytes = itch50.generate(new Random(seed), message);
          expect(allAccessors(message, bytes, 'compiled')).toEqual(allAccessors(message, bytes, 'interpreted'));
        }),
        { numRuns: 1500 * factor },
      );
    });

    it('agree with binary-parser on random and mutated messages', () => {
      fc.assert(
        fc.property(
          messages,
          seeds,
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
          (message, seed, flips) => {
            const bytes = itch50.generate(new Random(seed), message);
            for (const [at, value] of flips) bytes[1 + (at % (bytes.length - 1))] = value;
            const view = new DataView(bytes.buffer);
            const values = itch50.toObject(view, 0, bytes.length);
            expect(referenceDecoder(bytes)).toEqual(values);
            const fromAccessors = allAccessors(message, bytes, 'compiled');
            for (const { name, kind } of message.fields) {
              const value = (values as Record<string, string | number> | null)?.[name];
              const read = fromAccessors[name];
              const expected = kind === 'u64' ? Number(value) : kind === 'char' && value === '' ? ' ' : value;
              expect(read).toBe(expected);
            }
          },
        ),
        { numRuns: 1500 * factor },
      );
    });

    it('hand the same messages to handlers, and the same bytes to onUnknown', () => {
      fc.assert(
        fc.property(seeds, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), (seed, flips) => {
          const stream = blocks(new Random(seed), 40);
          for (const [at, value] of flips) stream[at % stream.length] = value;
          const compiled = record(stream, 'compiled');
          expect(record(stream, 'interpreted')).toEqual(compiled);
          expect(byMessage(stream)).toEqual(compiled);
        }),
        { numRuns: 300 * factor },
      );
    });

    it('hand the same messages over in batches of any size, which positions put back in order', () => {
      const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 });
      fc.assert(
        fc.property(seeds, flips, fc.integer({ min: 1, max: 3000 }), (seed, flips, blockBytes) => {
          const stream = blocks(new Random(seed), 60);
          for (const [at, value] of flips) stream[at % stream.length] = value;
          const serial = record(stream, 'compiled');
          for (const engine of ['compiled', 'interpreted'] as const) {
            expect(byBatches(stream, { engine, blockBytes })).toEqual(serial);
          }
          const values = serial[0].map(([, offset, length]) => [offset, length]);
          expect(byColumns(stream, blockBytes)).toEqual(
            values.filter((_, index) => serial[0][index]?.[0] !== 'unknown'),
          );
        }),
        { numRuns: 300 * factor },
      );
    });
  });

  describe('encode', () => {
    it.each([{}, { decimal: true }])('undoes decoding, options %j', (options) => {
      fc.assert(
        fc.property(messages, seeds, (message, seed) => {
          const bytes = itch50.generate(new Random(seed), message);
          const view = new DataView(bytes.buffer);
          const writer = itch50.jsonWriter(options);
          const values = itch50.toObject(view, 0, bytes.length, options);
          expect(JSON.parse(`{${writer(view, 0)}}`)).toEqual(values);
          expect(itch50.encode(JSON.parse(`{${writer(view, 0)}}`), options)).toEqual(bytes);
        }),
        { numRuns: 1500 * factor },
      );
    });

    it('reaches the ends of every integer', () => {
      const random = new Random('ends');
      const seen = new Map<string, Set<bigint>>();
      for (let count = 0; count < 30_000; count++) {
        const bytes = itch50.generate(random);
        const values = itch50.toObject(new DataView(bytes.buffer), 0, bytes.length) as Record<string, string | number>;
        const message = itch50.messageOf(bytes[0] as number) as Message;
        for (const { name, kind } of message.fields.filter(({ kind }) => kind.startsWith('u'))) {
          const set = seen.get(kind) ?? new Set<bigint>();
          seen.set(kind, set.add(BigInt(values[name] as string)));
        }
      }
      for (const bits of [16n, 32n, 48n, 64n]) {
        const set = seen.get(`u${bits}`) as Set<bigint>;
        expect([0n, 1n, 2n ** bits - 1n, 2n ** (bits - 1n)].filter((value) => !set.has(value))).toEqual([]);
      }
      expect(seen.get('u64')?.has(2n ** 53n)).toBe(true);
    });
  });
}

function allAccessors(message: Message, bytes: Uint8Array, engine: 'compiled' | 'interpreted') {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flyweight = itch50.createFlyweight(message.name as 'AddOrder', engine).wrap(view, 0);
  const names = ['type', 'name', 'messageTypeCode', ...message.fields.flatMap(accessorNames)];
  return Object.fromEntries(names.map((name) => [name, flyweight[name as 'price'] as string | number]));
}

function blocks(random: Random, count: number): Uint8Array {
  const parts: number[] = [];
  for (let index = 0; index < count; index++) {
    const bytes = itch50.generate(random);
    parts.push(0, bytes.length, ...bytes);
  }
  return Uint8Array.from(parts);
}

type Seen = (string | number)[][];

/** Handlers for all messages that note where each was met. */
function recorder(seen: Seen) {
  const handlers = Object.fromEntries(
    itch50.messages.map(({ name }) => [
      name,
      (message: { offset: number; timestamp: number }) => seen.push([name, message.offset, message.timestamp]),
    ]),
  );
  const onUnknown = (_: DataView, offset: number, length: number) => seen.push(['unknown', offset, length]);
  return { ...handlers, onUnknown } as Parameters<typeof itch50.createDecoder>[0];
}

function record(stream: Uint8Array, engine: 'compiled' | 'interpreted'): [Seen, number] {
  const seen: Seen = [];
  const decoder = itch50.createDecoder(recorder(seen), engine);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  return [seen, decoder.decodeBlocks(view, 0, stream.length)];
}

function byMessage(stream: Uint8Array): [Seen, number] {
  const seen: Seen = [];
  const decoder = itch50.createDecoder(recorder(seen));
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  let at = 0;
  while (at + 2 <= stream.length) {
    const length = view.getUint16(at);
    if (at + 2 + length > stream.length) break;
    expect(decoder.decode(view, at + 2, length)).toBe(itch50.isKnown(view, at + 2, length));
    at += 2 + length;
  }
  return [seen, at];
}

/** Typed handlers of a decoder of batches, what they saw sorted by offset, which is how messages came. */
function byBatches(stream: Uint8Array, options: { engine: 'compiled' | 'interpreted'; blockBytes: number }) {
  const seen: Seen = [];
  const order: number[] = [];
  const decoder = itch50.createBatchDecoder(
    {
      ...recorder(seen),
      onBatch(_, offsets, count, { positions }) {
        for (let index = 0; index < count; index++) {
          order[decoder.firstPosition + (positions[index] as number)] = offsets[index] as number;
        }
      },
    },
    options,
  );
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const behind = decoder.decodeBlocks(view, 0, stream.length);
  seen.sort(([, one], [, other]) => Number(one) - Number(other));
  const known = seen.filter(([name]) => name !== 'unknown');
  expect(order.filter((offset) => offset !== undefined)).toEqual(known.map(([, offset]) => offset));
  expect(decoder.firstPosition).toBe(seen.length);
  return [seen, behind];
}

/** Offset and time stamp of every known message by way of columns, whose every value is held against the flyweight's. */
function byColumns(stream: Uint8Array, blockBytes: number): number[][] {
  const rows: number[][] = [];
  const onBatch = (type: string, offsets: Int32Array, count: number, batch: TypeBatch) => {
    const { name } = itch50.messageOf(type.charCodeAt(0)) as { name: 'AddOrder' };
    for (const engine of ['compiled', 'interpreted'] as const) {
      const [halves, whole] = [
        itch50.createColumns(name, { engine }),
        itch50.createColumns(name, { engine, columns: ['timestamp'] }),
      ];
      expect([halves.read(batch), whole.read(batch)]).toEqual([count, count]);
      for (let row = 0; row < count; row++) {
        const flyweight = itch50.createFlyweight(name).wrap(batch.view, offsets[row] as number);
        const read = halves.names.map((column) => halves.arrays[column][row]);
        expect(read).toEqual(halves.names.map((column) => flyweight[column]));
        if (engine === 'compiled') rows.push([offsets[row] as number, whole.arrays.timestamp[row] as number]);
      }
    }
  };
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  itch50.createBatchDecoder({ onBatch }, { blockBytes }).decodeBlocks(view, 0, stream.length);
  return rows.sort(([one], [other]) => (one as number) - (other as number));
}
