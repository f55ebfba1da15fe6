import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/core/byte-queue.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

function unread(queue: ByteQueue): number[] {
  const { view, offset, available } = queue;
  return [...new Uint8Array(view.buffer, view.byteOffset + offset, available)];
}

describe('ByteQueue', () => {
  test('reads a chunk in place where nothing is left over', () => {
    const queue = new ByteQueue();
    const chunk = new Uint8Array(bytes(0, 1, 2, 3).buffer, 1);
    queue.push(chunk);
    expect([queue.view.buffer === chunk.buffer, unread(queue), queue.position]).toEqual([true, [1, 2, 3], 0]);
    queue.skip(3);
    queue.push(bytes(4, 5));
    expect([unread(queue), queue.position]).toEqual([[4, 5], 3]);
  });

  test('keeps what is left over of a chunk when the next comes', () => {
    const queue = new ByteQueue();
    const chunk = bytes(1, 2, 3);
    queue.push(chunk);
    queue.skip(2);
    queue.push(bytes(4));
    chunk.fill(0);
    expect([unread(queue), queue.position]).toEqual([[3, 4], 2]);
  });

  test('ends its view with the last byte that arrived', () => {
    const queue = new ByteQueue();
    queue.push(bytes(1));
    queue.push(bytes(2));
    expect(() => queue.view.getUint8(queue.limit)).toThrow(RangeError);
  });

  test('an empty chunk changes nothing', () => {
    const queue = new ByteQueue();
    queue.push(bytes(1));
    const { view } = queue;
    queue.push(bytes());
    expect([queue.view === view, unread(queue), queue.ended]).toEqual([true, [1], false]);
  });

  test('gives back all bytes at their places, however they arrive and are read', () => {
    const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(moves, (list) => {
        const queue = new ByteQueue();
        let pushed = 0;
        let read = 0;
        for (const [length, share] of list) {
          queue.push(Uint8Array.from({ length }, (_, index) => (pushed + index) % 251));
          pushed += length;
          expect([queue.position, queue.available]).toEqual([read, pushed - read]);
          const skipped = Math.floor(queue.available * share);
          for (const index of [0, skipped - 1, queue.available - 1]) {
            if (index < 0 || index >= queue.available) continue;
            if (queue.view.getUint8(queue.offset + index) !== (read + index) % 251) throw new Error(`byte ${index}`);
          }
          queue.skip(skipped);
          read += skipped;
        }
      }),
    );
  });

  test('reads a chunk in place that lies right behind the one before', () => {
    const memory = Uint8Array.from({ length: 40 }, (_, index) => index);
    const queue = new ByteQueue();
    queue.push(memory.subarray(2, 10));
    queue.skip(5);
    queue.push(memory.subarray(10, 20));
    expect([queue.view.buffer === memory.buffer, unread(queue), queue.position]).toEqual([
      true,
      [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      5,
    ]);
    // What is left over is not all of the last chunk's, or not right before: it is copied.
    queue.push(memory.subarray(20, 30));
    queue.skip(1);
    queue.push(memory.subarray(31, 33));
    expect(queue.view.buffer === memory.buffer).toBe(false);
    expect(unread(queue)).toEqual([...memory.subarray(8, 30), 31, 32]);
    queue.skip(queue.available - 1);
    queue.push(memory.subarray(33, 36));
    expect([unread(queue), queue.position]).toEqual([[32, 33, 34, 35], 29]);
  });

  test('gives back all bytes whether chunks lie one behind the other or not', () => {
    const moves = fc.array(fc.record({ length: fc.nat(30), gap: fc.constantFrom(0, 0, 1), share: fc.nat(100) }));
    fc.assert(
      fc.property(moves, (list) => {
        const memory = new Uint8Array(list.reduce((sum, { length, gap }) => sum + length + gap, 0)).fill(0xff);
        const queue = new ByteQueue();
        let at = 0;
        let pushed = 0;
        let read = 0;
        for (const { length, gap, share } of list) {
          at += gap;
          const chunk = memory.subarray(at, at + length);
          for (let index = 0; index < length; index++) chunk[index] = (pushed + index) % 251;
          at += length;
          pushed += length;
          queue.push(chunk);
          expect(unread(queue)).toEqual(Array.from({ length: pushed - read }, (_, index) => (read + index) % 251));
          const skipped = Math.floor((queue.available * share) / 100);
          queue.skip(skipped);
          read += skipped;
        }
      }),
    );
  });

  test('holds no more than a small multiple of what is unread', () => {
    const queue = new ByteQueue();
    for (let turn = 0; turn < 5000; turn++) {
      queue.push(new Uint8Array(1000));
      queue.skip(turn === 0 ? 900 : 1000);
    }
    expect(queue.view.buffer.byteLength).toBeLessThanOrEqual(4096);
    expect(queue.position).toBe(4_999_900);
  });
});
