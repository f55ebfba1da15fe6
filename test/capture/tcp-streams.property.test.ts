import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_HOLE_SECONDS, PIECE_COST } from '../../src/capture/tcp-holes.js';
import { Random } from '../../src/core/random.js';
import type { Flow } from '../../src/core/seams.js';
import { A, F, R, S, type SegmentParts, TcpDriver, tcpFlow } from './tcp-drive.js';

/** A stream's bytes: no two near each other are alike. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >>> 8) * 7) & 0xff);
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Where a stream is cut, with each piece's beginning moved back over the one before and some pieces sent again. */
const plan = fc.record({
  first: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.integer({ min: -3000, max: 3000 }).map((back) => (2 ** 32 + back) % 2 ** 32),
  ),
  pieces: fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 200 }),
      overlap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })),
      again: fc.integer({ min: 0, max: 9 }),
      delay: fc.integer({ min: 0, max: 12 }),
    }),
    { minLength: 1, maxLength: 60 },
  ),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

/** The segments of a plan in the order in which they were sent: `at` is the first byte's place. */
function segmentsOf({ first, pieces }: Plan, stream: Uint8Array) {
  let at = 0;
  const segments = pieces.flatMap(({ length, overlap, again, delay }, index) => {
    const from = Math.max(0, at - overlap);
    at += length;
    const segment = {
      from,
      to: at,
      sequence: (first + 1 + from) >>> 0,
      data: stream.slice(from, at),
      order: index + delay,
    };
    return again === 0 ? [segment, { ...segment, order: segment.order + 5 }] : [segment];
  });
  return segments;
}

const lengthOf = ({ pieces }: Plan) => pieces.reduce((sum, { length }) => sum + length, 0);

describe('TcpStreams', () => {
  test('a stream cut, repeated, reordered, overlapping and wrapped comes back', () => {
    fc.assert(
      fc.property(plan, (made) => {
        const stream = bytesOf(lengthOf(made));
        const segments = segmentsOf(made, stream).sort((a, b) => a.order - b.order);
        const driver = new TcpDriver().send({ sequence: made.first, flags: S }, ...segments);
        expect(driver.text).toBe(latin1(stream));
        expect(driver.lines.map((line) => line.split(' ')[0])).toEqual([
          'start',
          ...driver.lines.slice(1).map(() => 'next'),
        ]);
        expect(driver.end().damages).toEqual([]);
        expect(driver.streams.pendingBytes).toBe(0);
        expect(driver.streams.counts).toMatchObject({ bytes: stream.length, lostBytes: 0, strays: 0 });
      }),
      { numRuns: 300 },
    );
  });

  test('where segments are lost the others come, and each hole is told with its bytes', () => {
    fc.assert(
      fc.property(plan, fc.array(fc.integer({ min: 0, max: 59 })), (made, drops) => {
        const stream = bytesOf(lengthOf(made));
        const segments = segmentsOf(made, stream)
          .filter((_, index) => !drops.includes(index))
          .sort((a, b) => a.order - b.order);
        const has = new Uint8Array(stream.length);
        for (const { from, to } of segments) has.fill(1, from, to);
        const last = has.lastIndexOf(1) + 1;
        const driver = new TcpDriver().send({ sequence: made.first, flags: S }, ...segments).end();
        expect(driver.text).toBe(latin1(stream.filter((_, index) => has[index] === 1)));
        const holes = has.slice(0, last).filter((one, index) => one === 0 && (index === 0 || has[index - 1] === 1));
        expect(driver.damages.length).toBe(holes.length);
        expect(driver.lines.filter((line) => line.startsWith('lost')).length).toBe(holes.length);
        expect(driver.streams.counts.lostBytes).toBe(last - has.reduce((sum, one) => sum + one, 0));
      }),
      { numRuns: 300 },
    );
  });

  test('anything at all: memory stays within its bounds and every byte comes from a segment', () => {
    const random = new Random('tcp');
    const maxPendingBytes = 8 * PIECE_COST;
    const maxTotalPendingBytes = 20 * PIECE_COST;
    for (let run = 0; run < 40; run++) {
      const driver = new TcpDriver({ maxDirections: 8, maxPendingBytes, maxTotalPendingBytes });
      const flows = Array.from({ length: 12 }, (_, index) => tcpFlow(index));
      let sent = 0;
      for (let count = 0; count < 400; count++) {
        const data = bytesOf(random.below(3) === 0 ? 0 : random.below(40));
        const near = random.below(20) > 0;
        const segment: SegmentParts = {
          sequence: near ? (2 ** 32 - 300 + random.below(900)) >>> 0 : random.nextUint32(),
          data,
          flags: random.pick([A, A, A, A, A, A, A, A, S, F, R, S | F, S | A, random.below(256)]),
          cut: random.below(10) === 0 ? random.below(data.length + 1) : 0,
          flow: random.pick(flows),
          seconds: Math.floor(count / 20) * random.below(MAX_HOLE_SECONDS),
        };
        sent += data.length;
        driver.send(segment);
        expect(driver.streams.pendingBytes).toBeLessThanOrEqual(maxTotalPendingBytes);
      }
      driver.end();
      expect(driver.streams.pendingBytes).toBe(0);
      expect(driver.text.length).toBe(driver.streams.counts.bytes);
      expect(driver.text.length).toBeLessThanOrEqual(sent);
      expect(driver.streams.counts.evicted).toBeGreaterThan(0);
    }
  });
});

describe('bounds', () => {
  const ahead = (count: number, flow: Flow): SegmentParts[] => [
    { sequence: 1, data: 'a', flow },
    ...Array.from({ length: count }, (_, index) => ({ sequence: 11 + index * 2, data: 'x', flow })),
  ];

  test('what waits behind the holes of one direction', () => {
    const driver = new TcpDriver({ maxPendingBytes: 3 * (PIECE_COST + 1) });
    driver.send(...ahead(3, driver.flow));
    expect([driver.lines.length, driver.damages.length]).toEqual([1, 0]);
    driver.send({ sequence: 21, data: 'y' });
    expect([driver.lines.length, driver.damages.length]).toEqual([2, 1]);
    expect(driver.streams.counts.lostBytes).toBe(9);
  });

  test('many holes, one behind the other: each piece comes once, in order', () => {
    const driver = new TcpDriver({ maxPendingBytes: 200 * (PIECE_COST + 1) }).send({ sequence: 1, data: 'a' });
    for (let index = 0; index < 1000; index++) {
      driver.send({ sequence: 3 + index * 2, data: String.fromCharCode(32 + (index % 90)) });
      expect(driver.lines.length).toBe(Math.max(1, index - 198));
    }
    const sent = Array.from({ length: 1000 }, (_, index) => String.fromCharCode(32 + (index % 90)));
    expect(driver.end().text).toBe(`a${sent.join('')}`);
    expect([driver.damages.length, driver.streams.counts.lostBytes]).toEqual([1000, 1000]);
  });

  test('what waits behind the holes of all: the oldest is given up', () => {
    const [one, two] = [tcpFlow(1), tcpFlow(2)];
    const driver = new TcpDriver({ maxTotalPendingBytes: 3 * (PIECE_COST + 1) }).send(
      ...ahead(1, one),
      ...ahead(3, two),
    );
    expect(driver.damages.map(({ message }) => message.split(':')[1])).toEqual(['1001 > 10.0.0.2']);
    expect(driver.streams.pendingBytes).toBe(3 * (PIECE_COST + 1));
  });

  test('a FIN that waits counts too', () => {
    const driver = new TcpDriver({ maxPendingBytes: PIECE_COST }).send(
      { sequence: 1, data: 'a' },
      { sequence: 9, flags: F },
    );
    expect(driver.streams.pendingBytes).toBe(PIECE_COST);
    driver.send({ sequence: 5, data: 'e' });
    expect([driver.lines.at(-1), driver.streams.pendingBytes]).toEqual(['lost 3 e', PIECE_COST]);
  });

  test('directions: the one quiet for longest is let go of, which is said once', () => {
    const [one, two, three] = [tcpFlow(1), tcpFlow(2), tcpFlow(3)];
    const driver = new TcpDriver({ maxDirections: 2 }).send(
      { sequence: 1, data: 'a', flow: one },
      { sequence: 3, data: 'c', flow: one },
      { sequence: 1, data: 'b', flow: two },
      { sequence: 1, data: 'c', flow: three },
      { sequence: 2, data: 'd', flow: two },
      { sequence: 4, data: 'e', flow: one },
      { sequence: 3, data: 'f', flow: two },
    );
    expect(driver.lines).toEqual([
      'lost 1 a',
      'lost 3 b',
      'lost 2 c at 4',
      'lost 4 c',
      'next 5 d',
      'lost 6 e',
      'next 7 f',
    ]);
    expect(driver.damages.map(({ code }) => code)).toEqual(['tcp-directions', 'tcp-gap']);
    expect(driver.streams.counts.evicted).toBe(2);
  });

  test('a hole of a direction that went quiet is given up by the next packet of any', () => {
    const [one, two] = [tcpFlow(1), tcpFlow(2)];
    const driver = new TcpDriver().send(
      ...ahead(2, one),
      { sequence: 1, data: 'b', flow: two, seconds: MAX_HOLE_SECONDS },
      { sequence: 2, data: 'c', flow: two, seconds: MAX_HOLE_SECONDS + 1 },
    );
    expect(driver.lines).toEqual(['lost 1 a', 'lost 4 b', 'lost 2 x at 5', 'lost 3 x at 5', 'next 5 c']);
  });
});
