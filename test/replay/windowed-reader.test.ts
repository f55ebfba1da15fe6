import { describe, expect, test } from 'vitest';
import type { RecordReader } from '../../src/core/seams.js';
import { parseWhen } from '../../src/core/time.js';
import { CaptureWindow, type WindowOptions } from '../../src/replay/window.js';
import { recordsPastWindow, WindowedReader } from '../../src/replay/windowed-reader.js';

/** Records at these seconds; `null` stands for a moment when more bytes are needed. */
class ListReader implements RecordReader {
  view: DataView = new DataView(new ArrayBuffer(8));
  offset = 0;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  calls: string[] = [];
  private at = 0;

  constructor(private readonly stamps: readonly (number | null)[]) {}

  next(): boolean {
    if (this.at >= this.stamps.length) {
      this.done = true;
      return false;
    }
    const stamp = this.stamps[this.at++];
    if (stamp === null) return false;
    this.packetNumber++;
    this.seconds = Math.floor(stamp);
    this.nanoseconds = Math.round((stamp - this.seconds) * 1e9);
    this.offset = this.packetNumber * 2;
    this.length = this.packetNumber + 100;
    this.fileOffset = this.packetNumber * 1000;
    return true;
  }

  push(chunk: Uint8Array): void {
    this.calls.push(`push ${chunk.length}`);
    this.view = new DataView(chunk.buffer);
  }

  end(): void {
    this.calls.push('end');
  }

  get unread(): number {
    return this.stamps.length - this.at;
  }
}

function windowed(stamps: readonly (number | null)[], options: WindowOptions) {
  const reader = new ListReader(stamps);
  return { reader, windowed: new WindowedReader(reader, new CaptureWindow(options)) };
}

function numbers(reader: WindowedReader): number[] {
  const found: number[] = [];
  while (reader.next()) found.push(reader.packetNumber);
  return found;
}

const from = parseWhen('+10s');
const until = parseWhen('+20s');

describe('WindowedReader', () => {
  test('yields what lies in the window, with every field of the record', () => {
    const { windowed: reader } = windowed([100, 109.999999999, 110, 119.999999999, 120], { from, until });
    expect(reader.next()).toBe(true);
    const { offset, length, seconds, nanoseconds, packetNumber, fileOffset, done } = reader;
    expect({ offset, length, seconds, nanoseconds, packetNumber, fileOffset, done }).toEqual({
      offset: 6,
      length: 103,
      seconds: 110,
      nanoseconds: 0,
      packetNumber: 3,
      fileOffset: 3000,
      done: false,
    });
    expect(numbers(reader)).toEqual([4]);
    expect(reader.done).toBe(true);
    expect(reader.next()).toBe(false);
  });

  test('without bounds yields everything', () => {
    const { windowed: reader } = windowed([5, 4, 3], {});
    expect(numbers(reader)).toEqual([1, 2, 3]);
    expect(reader.done).toBe(true);
  });

  test('says that it needs more, hands bytes on, and takes over the new view', () => {
    const { reader: inner, windowed: reader } = windowed([100, null, 112], { from });
    expect([reader.next(), reader.done]).toEqual([false, false]);
    const chunk = new Uint8Array(16);
    reader.push(chunk);
    expect(reader.next()).toBe(true);
    expect(reader.view.buffer).toBe(chunk.buffer);
    reader.end();
    expect(inner.calls).toEqual(['push 16', 'end']);
    expect([reader.next(), reader.done]).toEqual([false, true]);
  });

  test('stamps out of order: what comes late is still found', () => {
    const { windowed: reader } = windowed([100, 121, 115, 122, 99, 110, 130], { from, until });
    expect(numbers(reader)).toEqual([3, 6]);
  });

  test('stops reading once the window is well past', () => {
    const past = Array.from({ length: recordsPastWindow }, () => 121);
    const { reader: inner, windowed: reader } = windowed([100, ...past, 111, ...past, 121, 112, 113], { from, until });
    expect(numbers(reader)).toEqual([recordsPastWindow + 2]);
    expect(reader.done).toBe(true);
    expect(inner.unread).toBe(2);
    expect(reader.next()).toBe(false);
    expect(inner.unread).toBe(2);
  });

  test('shows what lies before the window, and nothing else', () => {
    const inner = new ListReader([100, 121, 109, 110, 99, 130]);
    const before: [number, number, number][] = [];
    const reader = new WindowedReader(inner, new CaptureWindow({ from, until }), (record) =>
      before.push([record.packetNumber, record.offset, record.length]),
    );
    expect(numbers(reader)).toEqual([4]);
    expect(before).toEqual([
      [1, 2, 101],
      [3, 6, 103],
      [5, 10, 105],
    ]);
  });

  test('an empty file is done', () => {
    const { windowed: reader } = windowed([], { from });
    expect([reader.next(), reader.done]).toEqual([false, true]);
  });
});
