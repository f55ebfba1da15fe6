import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinHeap } from '../../src/core/min-heap.js';

test('always yields the least of what it holds', () => {
  const step = fc.oneof({ weight: 3, arbitrary: fc.integer() }, { weight: 2, arbitrary: fc.constant('pop' as const) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new MinHeap();
      let model: number[] = [];
      for (const one of steps) {
        if (one === 'pop') {
          expect(heap.pop()).toBe(model[0] ?? Number.NaN);
          model = model.slice(1);
        } else {
          heap.push(one);
          model = [...model, one].sort((a, b) => a - b);
        }
        expect([heap.size, heap.least]).toEqual([model.length, model[0] ?? Number.NaN]);
      }
    }),
  );
});
