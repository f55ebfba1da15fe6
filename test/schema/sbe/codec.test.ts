/** The codec: everything behind one object, and nothing compiled before it is asked for. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { Random } from '../../../src/core/random.js';
import { mdp3 } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import { byteOrders, everyBody, everySchema, exactView, head, nestedBody, type Part, pack } from './every.js';
import { everyValues, nestedValues } from './values.js';

const schema = everySchema();
const codec = createSbeCodec(schema);
const bare = exactView(pack('littleEndian', head(0, 4)));

describe('what it knows', () => {
  it('the schema, its columns, its messages', () => {
    expect(codec.schema).toBe(schema);
    expect(codec.columns.slice(0, 6)).toEqual(['type', 'name', 'templateId', 'version', 'Int8', 'Uint8']);
    expect(codec.columns.filter((column) => column.startsWith('version'))).toEqual(['version', 'version_']);
    expect([1, 2, 3, 4, 5, 6, -1].map((id) => codec.messageOf(id)?.name)).toEqual([
      ...['Every', 'Nested', 'Gone', 'Bare', 'Unhandled'],
      ...[undefined, undefined],
    ]);
  });

  it('messages by their header, their extent, whether they fit', () => {
    expect(codec.messageAt(bare, 0, 8)?.name).toBe('Bare');
    expect([codec.extentOf(bare, 0, 8), codec.isKnown(bare, 0, 8), codec.fault(bare, 0, 8)]).toEqual([8, true, null]);
    expect([codec.extentOf(bare, 0, 7), codec.isKnown(bare, 0, 7), codec.fault(bare, 0, 7)?.code]).toEqual([
      ...[-1, false, 'sbe-header'],
    ]);
  });
});

it.each(['compiled', 'interpreted', 'auto'] as const)('decodes and reads by flyweights, %s', (engine) => {
  const every = exactView(pack('littleEndian', [...head(129, 1), ...everyBody]));
  const seen: unknown[] = [];
  const decoder = codec.createDecoder(
    {
      Every: (message) => seen.push(message.Side, message.Price),
      onUnknown: (_view, offset, length) => seen.push(offset, length),
      onFault: ({ code, path }) => seen.push(code, path),
    },
    engine,
  );
  const decoded = [
    decoder.decode(every, 0, every.byteLength),
    decoder.decode(bare, 0, 3),
    decoder.decode(every, 0, 20),
  ];
  expect(decoded).toEqual([true, false, false]);
  expect(seen).toEqual(['Cross', -123.45, 0, 3, 'sbe-block', 'Every']);
  expect(codec.createFlyweight('Every', engine).wrap(every, 0, every.byteLength).Later).toBe(86);
  expect(() => codec.createFlyweight('Nobody' as 'Every', engine)).toThrow(UsageError);
});

describe.each(byteOrders)('the reference decoder, %s', (byteOrder) => {
  const reference = createSbeCodec(everySchema(byteOrder)).referenceDecoder();

  it('reads every kind of field, and groups in groups with data', () => {
    expect(reference(pack(byteOrder, [...head(129, 1), ...everyBody]))).toEqual(everyValues);
    expect(reference(pack(byteOrder, [...head(2, 2), ...nestedBody]))).toEqual(nestedValues);
  });

  it('gives null for what is unknown, throws what does not fit', () => {
    const unknown: readonly (readonly Part[])[] = [[], head(0, 99), head(0, 4, 2, 8), [...head(1, 3), ['u8', 1]]];
    expect(unknown.map((parts) => reference(pack(byteOrder, parts)))).toEqual([null, null, null, null]);
    expect(() => reference(pack(byteOrder, head(1, 5)))).toThrow('1 bytes at 8 of 8 bytes');
  });
});

describe('random messages', () => {
  it('are the same for the same seed, of the message and version that were asked for', () => {
    const of = (seed: number) => codec.generate(new Random(seed), codec.messageOf(2), { version: 1 });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    const messages = Array.from({ length: 60 }, (_, seed) => codec.generate(new Random(seed)));
    const names = messages.map((bytes) => codec.messageAt(exactView(bytes), 0, bytes.length)?.name);
    expect([...new Set(names)].sort()).toEqual(['Bare', 'Every', 'Gone', 'Nested', 'Unhandled']);
    const later = Array.from({ length: 60 }, (_, seed) => codec.generate(new Random(seed), undefined, { version: 2 }));
    expect(later.some((bytes) => codec.messageAt(exactView(bytes), 0, bytes.length)?.name === 'Gone')).toBe(false);
  });

  it('have groups of no, one, few and many entries, nulls, boundaries and values of enums', () => {
    const random = new Random('coverage');
    const counts = new Set<number>();
    const sizes: (number | null)[] = [];
    const actions = new Set<string>();
    for (let round = 0; round < 300; round++) {
      const bytes = mdp3.generate(random, mdp3.messageOf(46), { version: 13 });
      expect(bytes.length).toBeLessThanOrEqual(1400);
      const values = mdp3.toObject(exactView(bytes), 0, bytes.length);
      const entries = values?.NoMDEntries as unknown as {
        MDEntrySize: number | null;
        MDUpdateAction: { name: string };
      }[];
      counts.add(Math.min(entries.length, 9));
      for (const entry of entries) {
        sizes.push(entry.MDEntrySize);
        actions.add(entry.MDUpdateAction.name);
      }
    }
    expect([...counts].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((count) => counts.has(count)));
    expect([0, 1, 2, 9].filter((count) => !counts.has(count))).toEqual([]);
    const wanted = [null, 0, 1, -1, 2 ** 31 - 2, -(2 ** 31) + 1];
    expect(wanted.filter((size) => !sizes.includes(size))).toEqual([]);
    const names = ['New', 'Change', 'Delete', 'DeleteThru', 'DeleteFrom', 'Overlay', null];
    expect([...actions].sort()).toEqual(names.sort());
  });
});
