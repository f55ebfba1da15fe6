import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowBetween } from '../../src/capture/endpoint.js';
import { DatagramQueue } from '../../src/core/datagram-queue.js';
import type { Flow } from '../../src/core/seams.js';

const capacity = 1024;
const mostLength = 400;
const mostTaken = mostLength + 31;
const flows = [0, 1, 2].map((index) =>
  flowBetween('UDP', { address: '10.0.0.1', port: index }, { address: '10.0.0.2', port: 9 }, index),
);

interface Held {
  payload: string;
  seconds: number;
  nanoseconds: number;
  flow: Flow;
}

function first(queue: DatagramQueue): Held {
  const { view, offset, length, seconds, nanoseconds, flow } = queue;
  return { payload: Buffer.from(view.buffer, offset, length).toString('latin1'), seconds, nanoseconds, flow };
}

test('gives back what it was given in order, and says truly what fits', () => {
  const step = fc.oneof(
    fc.record({
      length: fc.nat(mostLength),
      flow: fc.nat(2),
      seconds: fc.nat(2 ** 34),
      nanoseconds: fc.nat(999_999_999),
    }),
    fc.constant('shift' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new DatagramQueue(capacity);
      const model: Held[] = [];
      for (const [number, one] of steps.entries()) {
        if (one === 'shift') {
          if (model.length === 0) continue;
          model.shift();
          queue.shift();
        } else {
          const used = model.reduce((sum, { payload }) => sum + 31 + payload.length, 0);
          // One that did not fit behind the last may have left as much unused as it takes itself.
          if (used + mostTaken + 2 * (one.length + 31) <= capacity) expect(queue.fits(one.length)).toBe(true);
          if (model.length === 0) expect(queue.fits(capacity / 2 - 24)).toBe(true);
          if (!queue.fits(one.length)) continue;
          const payload = String.fromCharCode(number & 0xff).repeat(one.length);
          const bytes = Buffer.from(` ${payload}`, 'latin1');
          const flow = flows[one.flow] as Flow;
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          queue.push(view, 1, one.length, one.seconds, one.nanoseconds, flow);
          model.push({ payload, seconds: one.seconds, nanoseconds: one.nanoseconds, flow });
        }
        expect(queue.count).toBe(model.length);
        if (model.length > 0) expect(first(queue)).toEqual(model[0]);
      }
      for (; model.length > 0; model.shift(), queue.shift()) expect(first(queue)).toEqual(model[0]);
    }),
  );
});
