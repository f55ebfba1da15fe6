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
