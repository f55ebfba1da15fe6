/** Partitions: every message in the list of its type, in order, with its place among all; and where taking stops. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/schema/codec.js';
import type { Engine } from '../../src/schema/compile.js';
import { MessagePartition } from '../../src/schema/partition.js';
import { everyBytes, small } from './small.js';

const codec = createCodec(small);
const every = everyBytes();
const bare = Uint8Array.of(0x22, 0, 0, 0, 0, 0, 7);

type Bytes = readonly number[] | Uint8Array;

function blockOf(...messages: Bytes[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(messages.flatMap((bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes]));
}

/** Lists by type, as `[position, offset]`, unknown ones with their length behind. */
function listed(partition: MessagePartition): Record<string, number[][]> {
  const lists: Record<string, number[][]> = {};
  for (const batch of [...partition.batches, partition.unknown]) {
    const rows = [...batch.offsets.subarray(0, batch.count)].map((offset, index) => {
      const row = [batch.positions[index] as number, offset];
      return batch.lengths === null ? row : [...row, batch.lengths[index] as number];
    });
    if (rows.length > 0) lists[batch.message?.name ?? 'unknown'] = rows;
  }
  return lists;
}

describe('partition', () => {
  it('sorts a block by type and keeps positions', () => {
    const partition = codec.createPartition();
    const bytes = blockOf(bare, every, [], bare, [1, 2, 3], every.subarray(1), bare, [0x22]);
    const view = new DataView(bytes.buffer);
    expect(partition.take(view, 0, bytes.length)).toBe(bytes.length);
    expect(partition.count).toBe(8);
    expect(partition.view).toBe(view);
    expect(listed(partition)).toEqual({
      Every: [[1, 11]],
      Bare: [
        [0, 2],
        [3, 64],
        [6, 128],
      ],
      unknown: [
        [2, 62, 0],
        [4, 73, 3],
        [5, 78, 48],
        [7, 137, 1],
      ],
    });
    expect(partition.batchOf(0x22)?.count).toBe(3);
    expect(partition.batchOf(0x22)?.view).toBe(view);
    expect(partition.batchOf(0)).toBeUndefined();
    partition.clear();
    expect([partition.count, listed(partition)]).toEqual([0, {}]);
  });

  it('stops where the end cuts a message short, and goes on with the next block', () => {
    const partition = codec.createPartition();
    const bytes = blockOf(bare, bare, bare);
    const view = new DataView(bytes.buffer);
    for (let end = 0; end <= bytes.length; end++) {
      partition.clear();
      expect(partition.take(view, 0, end)).toBe(end - (end % 9));
      expect(partition.count).toBe(Math.floor(end / 9));
    }
    partition.clear();
    expect(partition.take(view, 0, 10)).toBe(9);
    expect(partition.take(view, 9, bytes.length)).toBe(27);
    expect(listed(partition).Bare).toEqual([
      [0, 2],
      [1, 11],
      [2, 20],
    ]);
  });

  it('takes no more than the limit', () => {
    const bytes = blockOf(bare, [], [1], bare, every);
    const view = new DataView(bytes.buffer);
    for (const [limit, behind] of [0, 9, 11, 14, 23, 74, 74].entries()) {
      const partition = codec.createPartition();
      expect(partition.take(view, 0, bytes.length, limit)).toBe(behind);
      expect(partition.count).toBe(Math.min(limit, 5));
    }
  });

  it('is full by bytes, whatever the messages are', () => {
    const [bares, empties, everies] = [bare, [], every].map((message) => {
      const partition = codec.createPartition(100);
      const bytes = blockOf(...new Array<Bytes>(120).fill(message));
      const behind = partition.take(new DataView(bytes.buffer), 0, bytes.length);
      expect(partition.isFull).toBe(true);
      expect(partition.take(partition.view, behind, bytes.length)).toBe(behind);
      expect(partition.add(partition.view, 0, 7)).toBe(false);
      return [partition.count, behind];
    });
    expect([bares, empties, everies]).toEqual([
      [12, 108],
      [50, 100],
      [2, 102],
    ]);
  });

  it('takes messages one by one as a session hands them over', () => {
    const partition = codec.createPartition();
    const bytes = Uint8Array.from([...bare, ...every, ...bare]);
    const view = new DataView(bytes.buffer);
    expect([partition.add(view, 0, 7), partition.add(view, 7, 49), partition.add(view, 56, 6)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(partition.add(view, 63, 0)).toBe(true);
    expect(listed(partition)).toEqual({
      Every: [[1, 7]],
      Bare: [[0, 0]],
      unknown: [
        [2, 56, 6],
        [3, 63, 0],
      ],
    });
  });

  it('refuses a second view while it holds messages of the first', () => {
    const partition = codec.createPartition();
    const bytes = blockOf(bare);
    partition.take(new DataView(bytes.buffer), 0, 9);
    expect(() => partition.take(new DataView(bytes.buffer), 0, 9)).toThrow(/of one view/);
    expect(() => partition.add(partition.view, 2 ** 31, 7)).toThrow(/beyond 2 GiB/);
  });

  it('takes blocks beyond 2 GiB through views that begin there', () => {
    const edge = 2 ** 31 - 6;
    const bytes = new Uint8Array(edge + 200);
    bytes.set(blockOf(bare, every, bare), edge);
    bytes.set([0xff, 0xff], edge + 69);
    const view = new DataView(bytes.buffer);
    const partition = codec.createPartition();
    expect(partition.take(view, edge, edge + 72)).toBe(edge + 69);
    expect(partition.view).not.toBe(view);
    expect(listed(partition)).toEqual({
      Every: [[1, 11]],
      Bare: [
        [0, 2],
        [2, 62],
      ],
    });
    expect(partition.take(view, edge + 69, edge + 72)).toBe(edge + 69);
    const seen: unknown[] = [];
    const onBatch = (type: string, offsets: Int32Array, count: number) =>
      seen.push(type, ...offsets.subarray(0, count));
    const decoder = codec.createBatchDecoder({ onBatch });
    expect(decoder.decodeBlocks(view, edge, edge + 72)).toBe(edge + 69);
    expect(seen).toEqual(['E', 11, '"', 2, 62]);
    const counter = codec.createBlockCounter();
    expect(counter.count(view, edge, edge + 72)).toBe(edge + 69);
    expect(counter.byType).toEqual({ E: 1, '"': 2 });
    expect(new MessagePartition(small).take(view, edge - 9, edge)).toBe(edge - 1);
  });

  it('equals a plain walk for any bytes and any capacity', () => {
    const parts = fc.oneof(
      fc.constant(blockOf(bare)),
      fc.constant(blockOf(every)),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => blockOf(bytes)),
      fc.uint8Array({ maxLength: 5 }),
    );
    const capacities = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), capacities, fc.nat(9), (chunks, capacity, spare) => {
        const bytes = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        const end = Math.max(0, bytes.length - spare);
        const expected = walk(bytes, end);
        expect(takeAll(bytes, end, capacity, 'compiled')).toEqual(expected);
        expect(takeAll(bytes, end, capacity, 'interpreted')).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

type Walked = [rows: (string | number)[][], behind: number];

/** Everything that partitions of this capacity take, put back in order by position. */
function takeAll(bytes: Uint8Array<ArrayBuffer>, end: number, capacity: number, engine: Engine): Walked {
  const view = new DataView(bytes.buffer);
  const partition = new MessagePartition(small, capacity, engine);
  const rows: (string | number)[][] = [];
  let at = 0;
  for (let before = -1; before !== at; ) {
    before = at;
    at = partition.take(view, at, end);
    const found: (string | number)[][] = [];
    for (const { message, count, positions, offsets, lengths } of [...partition.batches, partition.unknown]) {
      for (let index = 0; index < count; index++) {
        const length = lengths?.[index] ?? message?.length ?? -1;
        found[positions[index] as number] = [message?.name ?? 'unknown', offsets[index] as number, length];
      }
    }
    expect(found.length).toBe(partition.count);
    rows.push(...found);
    partition.clear();
  }
  return [rows, at];
}

function walk(bytes: Uint8Array<ArrayBuffer>, end: number): Walked {
  const view = new DataView(bytes.buffer);
  const rows: (string | number)[][] = [];
  let at = 0;
  while (end - at >= 2) {
    const length = view.getUint16(at);
    if (at + 2 + length > end) break;
    const message = length === 0 ? undefined : codec.messageOf(bytes[at + 2] as number);
    rows.push([message?.length === length ? message.name : 'unknown', at + 2, length]);
    at += 2 + length;
  }
  return [rows, at];
}
