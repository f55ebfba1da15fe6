import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Burst, BurstCounter, burstWindowsNs } from '../../src/analysis/bursts.js';

interface Event {
  ns: number;
  packets: number;
  messages: number;
  bytes: number;
}

function busiest(windowNs: number, events: readonly Event[]): Burst {
  const counter = new BurstCounter(windowNs);
  for (const { ns, packets, messages, bytes } of events) counter.add(ns, packets, messages, bytes);
  expect(counter.tooLate).toBe(0);
  return counter.busiest;
}

/** All windows, kept for ever. */
function windows(windowNs: number, events: readonly Event[]): Map<number, Burst> {
  const all = new Map<number, Burst>();
  for (const { ns, packets, messages, bytes } of events) {
    const fromNs = Math.floor(ns / windowNs) * windowNs;
    const burst = all.get(fromNs) ?? { windowNs, fromNs, packets: 0, messages: 0, bytes: 0 };
    burst.packets += packets;
    burst.messages += messages;
    burst.bytes += bytes;
    all.set(fromNs, burst);
  }
  return all;
}

const datagram = (ns: number, messages: number): Event[] => [
  { ns, packets: 1, messages: 0, bytes: 100 * messages + 20 },
  ...Array.from({ length: messages }, () => ({ ns, packets: 0, messages: 1, bytes: 0 })),
];

describe('BurstCounter', () => {
  test('the window with most messages, with all its packets and bytes', () => {
    const events = [
      ...datagram(0, 2),
      ...datagram(999_999, 1),
      ...datagram(1_000_000, 2),
      ...datagram(1_000_001, 2),
      ...datagram(1_999_999, 0),
      ...datagram(2_000_000, 3),
    ];
    expect(busiest(1_000_000, events)).toEqual({
      windowNs: 1_000_000,
      fromNs: 1_000_000,
      packets: 3,
      messages: 4,
      bytes: 460,
    });
  });

  test('of equals the first one', () => {
    expect(busiest(10, [...datagram(5, 2), ...datagram(15, 2), ...datagram(1005, 2)]).fromNs).toBe(0);
  });

  test('times before the base', () => {
    expect(busiest(10, [...datagram(-5, 3), ...datagram(5, 2)])).toMatchObject({ fromNs: -10, messages: 3 });
  });

  test('nothing is nothing', () => {
    expect(busiest(10, [])).toEqual({ windowNs: 10, fromNs: 0, packets: 0, messages: 0, bytes: 0 });
  });

  test('agrees with counting every window, stamps out of order', () => {
    const step = fc.tuple(fc.integer({ min: -3000, max: 4000 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 300 }), fc.constantFrom(1, 7, 1000), (steps, windowNs) => {
        let ns = 0;
        const events: Event[] = [];
        for (const [gap, messages] of steps) {
          ns += gap;
          events.push(...datagram(ns, messages));
        }
        // What is further back than the open windows is refused, as the next test shows.
        let newest = Number.NEGATIVE_INFINITY;
        const inTime = events.filter((event) => {
          newest = Math.max(newest, Math.floor(event.ns / windowNs));
          return Math.floor(event.ns / windowNs) > newest - 4096;
        });
        const found = busiest(windowNs, inTime);
        const all = windows(windowNs, inTime);
        const most = Math.max(...[...all.values()].map(({ messages }) => messages));
        expect(found.messages).toBe(most);
        if (most > 0) expect(found).toEqual(all.get(found.fromNs));
      }),
    );
  });

  test('packets too far back are counted, and spoil nothing', () => {
    const counter = new BurstCounter(1);
    counter.add(10_000, 1, 5, 1);
    counter.add(10_000 - 4095, 1, 6, 1);
    counter.add(10_000 - 4096, 1, 100, 1);
    counter.add(-1e15, 1, 100, 1);
    expect(counter.tooLate).toBe(2);
    expect(counter.busiest).toEqual({ windowNs: 1, fromNs: 10_000 - 4095, packets: 1, messages: 6, bytes: 1 });
  });

  test('the windows of the report', () => {
    expect(burstWindowsNs).toEqual([1e6, 1e7, 1e9]);
  });
});
