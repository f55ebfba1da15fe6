import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowBetween } from '../../src/capture/endpoint.js';
import type { Flow } from '../../src/core/seams.js';
import { ArrivalOrder } from '../../src/run/arrival-order.js';

const flows = [0, 1, 2].map((index) =>
  flowBetween('UDP', { address: '10.0.0.1', port: 1 }, { address: '10.0.0.2', port: index }, index),
);
/** What a receiver takes of one socket before the next one's turn, in batches. */
const mostInTurn = 1024;
const batch = 64;
const slackNs = 1e6;

interface Arrival {
  ns: number;
  socket: number;
}

/** An event loop by hand: what is stamped up to now waits in its socket, and each turn reads the sockets. */
function rig(arrivals: readonly Arrival[]) {
  let nowNs = 0;
  const turns: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const got: Arrival[] = [];
  const order = new ArrivalOrder(
    flows.length,
    () => ({ seconds: Math.floor(nowNs / 1e9), nanoseconds: nowNs % 1e9 }),
    (_view, _offset, _length, seconds, nanoseconds, flow) =>
      got.push({ ns: seconds * 1e9 + nanoseconds, socket: flow.index }),
    { afterTurn: (task) => turns.push(task), later: (task) => timers.push(task) },
  );
  const waiting = flows.map((_, socket) => arrivals.filter((one) => one.socket === socket));
  const view = new DataView(new ArrayBuffer(100));
  const read = (socket: number, readAtNs: number): void => {
    const queue = waiting[socket] as Arrival[];
    // What is stamped is in its socket within the slack.
    const ready = queue.findIndex(({ ns }) => ns > readAtNs - slackNs / 2);
    const count = Math.min(ready < 0 ? queue.length : ready, mostInTurn);
    for (const { ns } of queue.splice(0, count)) {
      order.add(socket, view, 0, 100, Math.floor(ns / 1e9), ns % 1e9, flows[socket] as Flow);
    }
  };
  return {
    order,
    got,
    /** One turn of so long: timers, then every socket, the clock going on in between, then what waits for the end. */
    turn(lastsNs: number, first = 0): void {
      for (const task of timers.splice(0)) task();
      const startNs = nowNs;
      for (let index = 0; index < flows.length; index++) {
        nowNs = startNs + ((index + 1) * lastsNs) / flows.length;
        read((first + index) % flows.length, nowNs);
      }
      for (const task of turns.splice(0)) task();
    },
    get left(): number {
      return waiting.reduce((sum, queue) => sum + queue.length, 0);
    },
  };
}

const sorted = (arrivals: readonly Arrival[]): number[] => arrivals.map(({ ns }) => ns).sort((a, b) => a - b);

test('what several sockets bring comes out in the order of its stamps, however turns fall', () => {
  const arrival = fc.record({ gapNs: fc.nat(400_000), socket: fc.nat(2) });
  const turn = fc.record({ lastsNs: fc.integer({ min: 1000, max: 60_000_000 }), first: fc.nat(2) });
  fc.assert(
    fc.property(
      fc.array(arrival, { maxLength: 400 }),
      fc.array(turn, { minLength: 3, maxLength: 30 }),
      (feed, turns) => {
        let ns = 0;
        const arrivals = feed.map(({ gapNs, socket }) => {
          ns += gapNs;
          return { ns, socket };
        });
        const { order, got, turn: pass } = rig(arrivals);
        for (const { lastsNs, first } of turns) pass(lastsNs, first);
        const passed = got.length;
        while (got.length < arrivals.length) pass(20_000_000);
        expect(got.map((one) => one.ns)).toEqual(sorted(arrivals));
        expect([order.forced, passed <= arrivals.length]).toEqual([0, true]);
      },
    ),
  );
});

test('a socket with more than one turn takes is not overtaken by what came later', () => {
  const arrivals: Arrival[] = [];
  for (let index = 0; index < 5 * mostInTurn; index++) arrivals.push({ ns: 1000 * index, socket: 0 });
  for (let index = 0; index < 50; index++) arrivals.push({ ns: 100_000 * index + 7, socket: 1 });
  const { got, turn } = rig(arrivals);
  turn(60_000_000);
  // Of the busy socket's first part nothing is left; what the other one brought of later must wait.
  expect(got.length).toBeLessThanOrEqual(mostInTurn + mostInTurn / batch);
  while (got.length < arrivals.length) turn(10_000);
  expect(got.map(({ ns }) => ns)).toEqual(sorted(arrivals));
});

test('what is left is passed on when nothing more comes, and at the end', () => {
  const { order, got, turn } = rig([
    { ns: 5, socket: 0 },
    { ns: 3, socket: 1 },
  ]);
  turn(3_000_000);
  expect(got).toEqual([]);
  turn(3_000_000);
  turn(3_000_000);
  expect(got.map(({ ns }) => ns)).toEqual([3, 5]);
  const view = new DataView(new ArrayBuffer(10));
  order.add(0, view, 0, 10, 9, 0, flows[0] as Flow);
  order.flush();
  expect(got.at(-1)).toEqual({ ns: 9e9, socket: 0 });
});

test('for want of memory the earliest is passed on before its time, and counted', () => {
  const { order, got } = rig([]);
  const view = new DataView(new ArrayBuffer(60_000));
  for (let index = 0; index < 100; index++) order.add(index % 2, view, 0, 60_000, index, 0, flows[index % 2] as Flow);
  order.add(0, view, 0, 60_000, 200, 0, flows[0] as Flow);
  for (let index = 0; index < 100; index++) order.add(0, view, 0, 60_000, 300 + index, 0, flows[0] as Flow);
  expect(order.forced).toBeGreaterThan(30);
  order.flush();
  expect(got).toHaveLength(201);
  expect(got.map(({ ns }) => ns)).toEqual(sorted(got));
});
