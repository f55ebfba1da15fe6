import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.js';
import { createRing, RingReader, RingWriter, ringControlBytes, ringRecordBytes } from '../../src/core/ring.js';

const source = new DataView(new ArrayBuffer(4096));
const filler = new Random('ring');
for (let index = 0; index < source.byteLength; index++) source.setUint8(index, filler.below(256));

interface Expected {
  offset: number;
  length: number;
  flowIndex: number;
  scheduledNs: number;
  sentNs: number;
  sequence: number;
}

/** What the fields of a reader should say, payload included, read byte by byte. */
function expectRecord(reader: RingReader, expected: Expected): void {
  const { length, flowIndex, scheduledNs, sentNs, sequence } = reader;
  expect({ length, flowIndex, scheduledNs, sentNs, sequence }).toEqual({ ...expected, offset: undefined });
  expect(reader.offset % 8).toBe(0);
  for (let index = 0; index < length; index++) {
    const actual = reader.view.getUint8(reader.offset + index);
    if (actual !== source.getUint8(expected.offset + index)) expect.fail(`byte ${index} of ${length} is ${actual}`);
  }
}

/** A ring whose positions begin anywhere, such as just below the wrap of 32 bits. */
function ringAt(capacityBytes: number, position: number): SharedArrayBuffer {
  const memory = createRing(capacityBytes);
  new Int32Array(memory)[0] = position;
  new Int32Array(memory)[32] = position;
  return memory;
}

/** The room that the layout says is taken: records of 32 bytes and payload, 8-byte aligned, never across the end. */
class Model {
  readonly held: (Expected & { end: number })[] = [];
  written: number;
  released: number;

  constructor(
    readonly capacity: number,
    position: number,
  ) {
    this.written = position;
    this.released = position;
  }

  write(record: Expected): boolean {
    const bytes = Math.ceil((ringRecordBytes + record.length) / 8) * 8;
    const rest = this.capacity - (this.written % this.capacity);
    const end = this.written + (rest < bytes ? rest : 0) + bytes;
    if (end - this.released > this.capacity) return false;
    this.written = end;
    this.held.push({ ...record, end });
    return true;
  }
}

type Step = { kind: 'write'; offset: number; length: number } | { kind: 'poll' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    offset: fc.nat({ max: 1000 }),
    length: fc.oneof(fc.constantFrom(0, 1, 3, 4, 7, 8, 15, 16, 17), fc.nat({ max: 96 })),
  }),
  fc.constant<Step>({ kind: 'poll' }),
);

describe('ring', () => {
  test('does what the model says over any writes and polls, across every wrap', () => {
    const position = fc.constantFrom(0, 8, 248, 2 ** 31 - 64, 2 ** 32 - 8, 2 ** 32 - 256);
    fc.assert(
      fc.property(position, fc.array(step, { maxLength: 400 }), (begin, steps) => {
        const memory = ringAt(256, begin);
        const writer = new RingWriter(memory, { full: 'drop' });
        const reader = new RingReader(memory);
        const model = new Model(256, begin);
        let sequence = 0;
        let dropped = 0;
        let current: (Expected & { end: number }) | undefined;
        for (const next of steps) {
          if (next.kind === 'write') {
            const record = {
              ...next,
              flowIndex: sequence % 5,
              scheduledNs: sequence * 1e9 + 0.5,
              sentNs: -sequence,
              sequence,
            };
            const { offset, length, flowIndex, scheduledNs, sentNs } = record;
            const expected = { offset, length, flowIndex, scheduledNs, sentNs, sequence: sequence++ };
            const wasWritten = model.write(expected);
            expect(writer.write(source, offset, length, flowIndex, scheduledNs, sentNs)).toBe(wasWritten);
            if (!wasWritten) dropped++;
          } else {
            if (current) model.released = current.end;
            current = model.held.shift();
            expect(reader.poll()).toBe(current !== undefined);
          }
          // Whatever was written since, the record stays until the next poll.
          if (current) {
            const { end, ...fields } = current;
            expectRecord(reader, fields);
          }
          expect([writer.dropped, reader.dropped, reader.done]).toEqual([dropped, dropped, false]);
        }
        writer.close();
        while (reader.poll()) {
          current = model.held.shift();
          expect(reader.sequence).toBe(current?.sequence);
        }
        expect([model.held.length, reader.done]).toEqual([0, true]);
      }),
      { numRuns: 300 },
    );
  });

  test('a million records through 4 KiB: every one, in order, unchanged', () => {
    const memory = createRing(4096);
    const writer = new RingWriter(memory, { full: 'drop' });
    const reader = new RingReader(memory);
    const random = new Random(1);
    let written = 0;
    let read = 0;
    while (read < 1_000_000) {
      while (written < 1_000_000 && writer.write(source, written & 1023, written % 300, written & 7, written, read))
        written++;
      for (let count = 1 + random.below(20); count > 0 && reader.poll(); count--) {
        const payloadAt = reader.offset + reader.length - 1;
        const isRight =
          reader.scheduledNs === read &&
          reader.length === read % 300 &&
          reader.flowIndex === (read & 7) &&
          (reader.length === 0 ||
            reader.view.getUint8(payloadAt) === source.getUint8((read & 1023) + reader.length - 1));
        if (!isRight) expect.fail(`record ${read}: length ${reader.length}, scheduled ${reader.scheduledNs}`);
        read++;
      }
    }
    expect(reader.sequence).toBe(written + writer.dropped - 1);
    expect(reader.poll()).toBe(false);
  });

  test('zero-length records are records', () => {
    const memory = createRing(64);
    const writer = new RingWriter(memory, { full: 'drop' });
    const reader = new RingReader(memory);
    const writes = [1, 2, 3].map((scheduledNs) => writer.write(source, 0, 0, 9, scheduledNs, 0));
    expect(writes).toEqual([true, true, false]);
    expect([reader.poll(), reader.length, reader.scheduledNs, reader.sequence]).toEqual([true, 0, 1, 0]);
    expect([reader.poll(), reader.length, reader.scheduledNs, reader.sequence]).toEqual([true, 0, 2, 1]);
    expect([reader.poll(), reader.dropped]).toEqual([false, 1]);
  });

  test('the layout is the documented one', () => {
    const memory = createRing(128);
    new RingWriter(memory, { full: 'drop' }).write(source, 5, 9, 3, 1.5, 2.5);
    const view = new DataView(memory);
    const little = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
    const at = ringControlBytes;
    expect([view.getInt32(at, little), view.getInt32(at + 4, little)]).toEqual([9, 3]);
    expect([8, 16, 24].map((offset) => view.getFloat64(at + offset, little))).toEqual([1.5, 2.5, 0]);
    expect(Array.from({ length: 9 }, (_, index) => view.getUint8(at + 32 + index))).toEqual(
      Array.from({ length: 9 }, (_, index) => source.getUint8(5 + index)),
    );
    expect(view.getInt32(0, little)).toBe(48);
  });

  test('a payload that could never fit throws, the largest that always fits does not', () => {
    const memory = createRing(1024);
    const writer = new RingWriter(memory, { full: 'drop' });
    const reader = new RingReader(memory);
    expect(writer.longestPayload).toBe(480);
    expect(() => writer.write(source, 0, 481, 0, 0, 0)).toThrow(
      expect.objectContaining({ code: 'ring-record-too-long' }),
    );
    // Whatever the position.
    for (let count = 0; count < 300; count++) {
      expect(writer.write(source, 0, count % 3 === 0 ? 480 : count, 0, 0, 0)).toBe(true);
      expect(reader.poll()).toBe(true);
      expect(reader.poll()).toBe(false);
    }
    expect(reader.sequence).toBe(299);
  });

  test("full, with 'wait': a reader that stands still is an error, one that has closed is not waited for", () => {
    const memory = createRing(64);
    const writer = new RingWriter(memory, { full: 'wait', longestWaitMs: 5 });
    const reader = new RingReader(memory);
    expect(writer.write(source, 0, 0, 0, 1, 0)).toBe(true);
    expect(writer.write(source, 0, 0, 0, 2, 0)).toBe(true);
    expect(() => writer.write(source, 0, 0, 0, 3, 0)).toThrow(expect.objectContaining({ code: 'ring-stalled' }));
    // The first is held until the next poll.
    reader.poll();
    expect(() => writer.write(source, 0, 0, 0, 4, 0)).toThrow(expect.objectContaining({ code: 'ring-stalled' }));
    reader.poll();
    expect(writer.write(source, 0, 0, 0, 5, 0)).toBe(true);
    expect([writer.dropped, reader.scheduledNs]).toEqual([0, 2]);
    reader.close();
    expect(writer.write(source, 0, 0, 0, 6, 0)).toBe(false);
    expect([writer.dropped, reader.dropped]).toEqual([1, 1]);
  });

  test('closing: done only once everything was read', () => {
    const memory = createRing(128);
    const writer = new RingWriter(memory, { full: 'drop' });
    const reader = new RingReader(memory);
    writer.write(source, 0, 8, 0, 0, 0);
    expect(reader.done).toBe(false);
    writer.close();
    expect(reader.done).toBe(false);
    expect(reader.poll()).toBe(true);
    expect([reader.done, reader.poll(), reader.done]).toEqual([true, false, true]);
  });

  test.each([
    [64, 64],
    [65, 128],
    [1_000_000, 1_048_576],
  ])('a capacity of %i takes %i bytes', (asked, given) => {
    expect(createRing(asked).byteLength).toBe(ringControlBytes + given);
  });

  test.each([0, 63, -1, Number.NaN, 2 ** 30 + 1, Number.POSITIVE_INFINITY])('a capacity of %d is refused', (asked) => {
    expect(() => createRing(asked)).toThrow(expect.objectContaining({ code: 'ring-capacity' }));
  });

  test.each([0, 255, 256 + 32, 256 + 96])('%i bytes are not taken for a ring', (bytes) => {
    const memory = new SharedArrayBuffer(bytes);
    expect(() => new RingReader(memory)).toThrow(expect.objectContaining({ code: 'ring-memory' }));
    expect(() => new RingWriter(memory, { full: 'drop' })).toThrow(expect.objectContaining({ code: 'ring-memory' }));
  });
});

describe('a reader that sleeps', () => {
  /** Sleeps for a minute at most, twice: until the record, then until the close. */
  const script = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { RingReader } = await import(workerData.module);
    const reader = new RingReader(workerData.memory);
    const started = performance.now();
    const records = [];
    parentPort.postMessage('ready');
    while (!reader.done) {
      if (reader.poll()) records.push(reader.sequence);
      else reader.sleep(60_000);
    }
    parentPort.postMessage({ records, sleptOut: performance.now() - started >= 60_000 });`;

  test('is woken by a write and by the close', async () => {
    const memory = createRing(4096);
    const module = new URL('../../dist/core/ring.js', import.meta.url).href;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: { memory, module },
    });
    const next = () => new Promise((resolve) => worker.once('message', resolve));
    await next();
    const finished = next();
    const writer = new RingWriter(memory, { full: 'drop' });
    for (const offset of [0, 8]) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      writer.write(source, offset, 8, 0, 0, 0);
    }
    writer.close();
    expect(await finished).toEqual({ records: [0, 1], sleptOut: false });
  });

  test('does not sleep where the writer has closed, or has written meanwhile', () => {
    const memory = createRing(4096);
    const writer = new RingWriter(memory, { full: 'drop' });
    const reader = new RingReader(memory);
    expect(reader.poll()).toBe(false);
    writer.write(source, 0, 8, 0, 0, 0);
    reader.sleep(60_000);
    expect(reader.poll()).toBe(true);
    writer.close();
    reader.sleep(60_000);
    expect(reader.poll()).toBe(false);
    expect(reader.done).toBe(true);
  });
});
