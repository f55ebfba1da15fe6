import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ORDERED_BYTES, MAX_ORDERED_PACKETS, PacketOrder } from '../../src/run/packet-order.js';
import type { LineChannel } from '../../src/session/mdp3-lines.js';
import { makeFlow } from '../session/support.js';

const channels: LineChannel[] = [0, 1, 2].map((index) => ({ index, flow: makeFlow(index) }));
/** Stamped with its place in us, unless the clock says otherwise. */
type Given = [channel: number, place: number, ns?: number];

/** What comes out as `channel length@ns`, the place as the length, with a star where numbers begin anew. */
function ordering(heldPlace: () => number) {
  const out: string[] = [];
  const order = new PacketOrder(
    (_view, _offset, length, _seconds, nanoseconds, channel, isAnew) =>
      out.push(`${channel.index} ${length}@${nanoseconds}${isAnew ? '*' : ''}`),
    heldPlace,
  );
  const view = new DataView(new ArrayBuffer(1000));
  const give = (...given: Given[]) => {
    for (const [channel, place, ns = place] of given) {
      order.packet(view, 0, place, 0, ns, channels[channel] as LineChannel, place);
    }
  };
  return { order, out, give };
}

test('where nothing is held back packets pass at once, whatever their stamps', () => {
  const { out, give } = ordering(() => Number.POSITIVE_INFINITY);
  give([0, 1, 50], [1, 2, 40], [0, 3, 60]);
  expect(out).toEqual(['0 1@50', '1 2@40', '0 3@60']);
});

test('packets wait for those before them, and restarts with them', () => {
  let held = 2;
  const { order, out, give } = ordering(() => held);
  give([0, 1], [0, 3], [1, 4]);
  order.restart(channels[1] as LineChannel);
  give([1, 5]);
  order.advance();
  expect(out).toEqual(['0 1@1']);
  give([2, 2]);
  held = 5;
  order.advance();
  expect(out.slice(1)).toEqual(['2 2@2', '0 3@3', '1 4@4', '1 5@5*']);
});

test('what waited within its channel has the stamp of what it waited for', () => {
  const { out, give } = ordering(() => Number.POSITIVE_INFINITY);
  give([0, 5], [0, 3], [0, 4], [0, 6]);
  expect(out).toEqual(['0 5@5', '0 3@5', '0 4@5', '0 6@6']);
});

test('what is held is bounded in packets and bytes; what comes too late has the stamp of what went before', () => {
  const { order, out, give } = ordering(() => 0);
  for (let index = 0; index <= MAX_ORDERED_PACKETS; index++) give([0, 1 + (index % 900)]);
  expect(out.length).toBeGreaterThan(0);
  order.end();
  expect(out.length).toBe(MAX_ORDERED_PACKETS + 1);

  const large = ordering(() => 0);
  const view = new DataView(new ArrayBuffer(60_000));
  const count = Math.floor(MAX_ORDERED_BYTES / 60_000) + 1;
  for (let place = 10; place < 10 + count; place++)
    large.order.packet(view, 0, 60_000, 0, place, channels[0] as LineChannel, place);
  expect(large.out).toEqual(['0 60000@10']);
  large.order.end();
  large.out.length = 0;
  large.give([1, 7]);
  large.order.end();
  expect(large.out).toEqual([`1 7@${10 + count - 1}`]);
});

test('whatever is held back, stamps come out in order, each channel in its own', () => {
  const packet = fc.record({ channel: fc.integer({ min: 0, max: 2 }), delay: fc.integer({ min: 0, max: 8 }) });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 60 }), (given) => {
      const waiting = given.map(({ channel, delay }, index) => ({ channel, place: index + 1, due: index + 1 + delay }));
      let now = 0;
      const { order, out, give } = ordering(() =>
        Math.min(
          now,
          ...waiting
            .filter(({ due }) => due > now)
            .map(({ place }) => place)
            .filter((place) => place <= now),
        ),
      );
      const put: number[][] = [[], [], []];
      for (now = 1; now <= given.length + 8; now++) {
        for (const one of waiting) {
          if (one.due !== now) continue;
          give([one.channel, one.place]);
          put[one.channel]?.push(one.place);
        }
        order.advance();
      }
      order.end();
      const stamps = out.map((line) => Number(line.split('@')[1]));
      expect(stamps).toEqual([...stamps].sort((left, right) => left - right));
      for (const [index, places] of put.entries()) {
        const own = out.filter((line) => line.startsWith(`${index} `)).map((line) => Number(/ (\d+)@/.exec(line)?.[1]));
        expect(own).toEqual(places);
      }
    }),
  );
});
