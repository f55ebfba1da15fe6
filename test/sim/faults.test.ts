/** Faults on their way into a file: what was told is what a receiver of the packets finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowBetween } from '../../src/capture/endpoint.js';
import type { DatagramOutput, Flow } from '../../src/core/seams.js';
import {
  encodeSession,
  HEADER_LENGTH,
  readMessageCount,
  readSequence,
  writeHeader,
} from '../../src/session/moldudp64-header.js';
import { type FaultShare, parseFaultShare } from '../../src/sim/fault-draw.js';
import { type FaultOptions, FaultyLines, maxListedFaults } from '../../src/sim/faults.js';
import { maxHeldBack } from '../../src/sim/time-order.js';

const lineA = flowBetween('UDP', { address: '127.0.0.1', port: 1 }, { address: '239.1.1.1', port: 10 });
const lineB = flowBetween('UDP', { address: '127.0.0.1', port: 2 }, { address: '239.1.1.2', port: 10 }, 1);
const session = encodeSession('FAULTS');
const endOfSession = 0xffff;

interface Packet {
  flow: Flow;
  from: number;
  count: number;
  ns: number;
}

class Receiver implements DatagramOutput {
  readonly packets: Packet[] = [];
  isClosed = false;

  datagram(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): void {
    expect(length).toBe(HEADER_LENGTH);
    const from = readSequence(view, offset);
    this.packets.push({ flow, from, count: readMessageCount(view, offset), ns: seconds * 1e9 + nanoseconds });
  }

  close(): void {
    this.isClosed = true;
  }

  /** First numbers of the packets of a line, without the end of the session. */
  numbers(flow: Flow): number[] {
    return this.packets
      .filter((packet) => packet.flow === flow && packet.count !== endOfSession)
      .map(({ from }) => from);
  }
}

/** Sends packets of three messages each, `gapNs` apart. */
function send(
  packets: number,
  options: Partial<FaultOptions>,
  gapNs = 1000,
): { receiver: Receiver; lines: FaultyLines } {
  const receiver = new Receiver();
  const lines = new FaultyLines(receiver, { seed: 1, messages: packets * 3, ...options });
  const view = new DataView(new ArrayBuffer(HEADER_LENGTH + 4));
  const put = (index: number, count: number) => {
    writeHeader(view, 4, session, 1 + index * 3, count);
    const ns = 999_000_000 + index * gapNs;
    const seconds = Math.floor(ns / 1e9);
    lines.datagram(view, 4, HEADER_LENGTH, lineA, seconds, ns - seconds * 1e9);
  };
  for (let index = 0; index < packets; index++) put(index, 3);
  put(packets, endOfSession);
  lines.close();
  expect(receiver.isClosed).toBe(true);
  return { receiver, lines };
}

describe('FaultyLines', () => {
  it('without faults hands everything on as it is', () => {
    const { receiver, lines } = send(100, {});
    expect(receiver.numbers(lineA)).toEqual(Array.from({ length: 100 }, (_, index) => 1 + index * 3));
    expect(receiver.packets[7].ns).toBe(999_007_000);
    expect(lines.truth.lines[0]).toMatchObject({ packets: 101, lost: { packets: 0 }, duplicated: { packets: 0 } });
  });

  it('tells what a receiver finds, on each of two lines', () => {
    const share = fc.oneof(
      fc.record({ rate: fc.double({ min: 0, max: 0.4, noNaN: true }) }),
      fc.record({ count: fc.nat(20) }),
    );
    const optional = fc.option(share, { nil: undefined });
    fc.assert(
      fc.property(fc.integer(), optional, optional, optional, fc.integer({ min: 1, max: 9 }), (seed, ...rest) => {
        const [gaps, dups, reorder, reorderDepth] = rest;
        const { receiver, lines } = send(300, { seed, ...given({ gaps, dups, reorder }), reorderDepth, lineB });
        const stamps = receiver.packets.map(({ ns }) => ns);
        expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
        const missing: Set<number>[] = [];
        for (const [index, flow] of [lineA, lineB].entries()) {
          const truth = lines.truth.lines[index];
          const numbers = receiver.numbers(flow);
          expect(truth.flow).toBe(flow.name);
          expect(truth.packets).toBe(numbers.length + 1);
          const lost = expand(truth.lost.ranges);
          missing.push(lost);
          const seen = new Set<number>();
          const twice: number[] = [];
          const late: number[] = [];
          let highest = 0;
          for (const from of numbers) {
            if (seen.has(from)) twice.push(from);
            else if (from < highest) late.push(from);
            seen.add(from);
            highest = Math.max(highest, from);
          }
          for (let from = 1; from <= 900; from += 3) expect(seen.has(from)).toBe(!lost.has(from));
          expect(twice.sort(ascending)).toEqual(truth.duplicated.ranges.map((range) => range.from).sort(ascending));
          expect(late.sort(ascending)).toEqual(truth.reordered.ranges.map((range) => range.from).sort(ascending));
          expect(truth.lost.messages).toBe(lost.size);
          expect(receiver.packets.filter((packet) => packet.flow === flow).at(-1)?.count).toBe(endOfSession);
        }
        const both = [...missing[0]].filter((message) => missing[1].has(message));
        expect([...expand(lines.truth.lostOnAllLines.ranges)]).toEqual(both);
      }),
      { numRuns: 60 },
    );
  });

  it('does as many as asked for', () => {
    const { lines } = send(2000, { gaps: { count: 30 }, dups: { count: 20 }, reorder: { count: 10 } });
    expect(lines.truth.lines[0]).toMatchObject({
      lost: { packets: 30, messages: 90 },
      duplicated: { packets: 20 },
      reordered: { packets: 10 },
    });
  });

  it('does as many as there are packets where more are asked for', () => {
    const { receiver, lines } = send(10, { gaps: { count: 50 } });
    expect(lines.truth.lines[0].lost).toEqual({
      packets: 10 - receiver.numbers(lineA).length,
      messages: 30 - receiver.numbers(lineA).length * 3,
      ranges: lines.truth.lines[0].lost.ranges,
      rangesLeftOut: 0,
    });
    expect(receiver.packets.at(-1)?.count).toBe(endOfSession);
  });

  it('does not hold a packet where none follows soon', () => {
    const { receiver, lines } = send(50, { reorder: { rate: 1 } }, 2_000_000);
    expect(receiver.numbers(lineA)).toEqual(Array.from({ length: 50 }, (_, index) => 1 + index * 3));
    expect(lines.truth.lines[0].reordered.packets).toBe(0);
    expect(receiver.packets[20].ns).toBe(999_000_000 + 20 * 2_000_000);
  });

  it('keeps the second line behind the first by a varying delay', () => {
    const { receiver } = send(1000, { lineB }, 100_000);
    const stampOf = (flow: Flow) =>
      new Map(receiver.packets.filter((packet) => packet.flow === flow).map(({ from, ns }) => [from, ns]));
    const first = stampOf(lineA);
    const delays = [...stampOf(lineB)].map(([from, ns]) => ns - (first.get(from) ?? 0));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(321_000);
    expect(new Set(delays).size).toBeGreaterThan(20);
  });

  it('is the same for the same seed', () => {
    const options = { gaps: { rate: 0.1 }, dups: { rate: 0.1 }, reorder: { rate: 0.1 }, lineB };
    expect(send(500, options).receiver.packets).toEqual(send(500, options).receiver.packets);
    expect(send(500, options).receiver.packets).not.toEqual(send(500, { ...options, seed: 2 }).receiver.packets);
  });

  it('lists so many and counts the rest', () => {
    const packets = maxListedFaults + 500;
    const { duplicated } = send(packets, { dups: { rate: 1 } }).lines.truth.lines[0];
    expect(duplicated).toMatchObject({ packets, messages: packets * 3, rangesLeftOut: 500 });
    expect(duplicated.ranges.length).toBe(maxListedFaults);
  });

  it('holds back a bounded number of packets, still in order of time', () => {
    // All at one time: the second line's are all held back.
    const packets = maxHeldBack + 1000;
    const { receiver } = send(packets, { lineB }, 0);
    expect(receiver.packets.length).toBe(2 * (packets + 1));
    const stamps = receiver.packets.map(({ ns }) => ns);
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  });

  it('reads shares', () => {
    const shares: [string, FaultShare][] = [
      ['0.001', { rate: 0.001 }],
      ['.5', { rate: 0.5 }],
      ['2.5%', { rate: 0.025 }],
      ['100%', { rate: 1 }],
      ['1', { count: 1 }],
      ['0', { count: 0 }],
      ['100000', { count: 100_000 }],
    ];
    for (const [text, share] of shares) expect(parseFaultShare(text)).toEqual(share);
    for (const text of ['', 'x', '-1', '1.5', '101%', '100001', '1e-3', '0.1.2']) {
      expect(() => parseFaultShare(text)).toThrow('is no share of packets');
    }
  });
});

function given(options: Partial<FaultOptions>): Partial<FaultOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function expand(ranges: readonly { from: number; to: number }[]): Set<number> {
  const messages = new Set<number>();
  for (const { from, to } of ranges) for (let message = from; message <= to; message++) messages.add(message);
  return messages;
}

function ascending(a: number, b: number): number {
  return a - b;
}
