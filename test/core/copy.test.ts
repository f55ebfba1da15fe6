import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyBytes, copyInto } from '../../src/core/copy.js';

test('copies any bytes from anywhere to anywhere and touches nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(9), fc.nat(9), (bytes, from, to) => {
      const source = new Uint8Array(bytes.length + 20).fill(0xaa);
      source.set(bytes, from + 1);
      const target = new Uint8Array(bytes.length + 20).fill(0xbb);
      copyBytes(new DataView(source.buffer, 1), from, new DataView(target.buffer, 1), to, bytes.length);
      const expected = new Uint8Array(target.length).fill(0xbb);
      expected.set(bytes, to + 1);
      expect(target).toEqual(expected);
      target.fill(0xbb);
      const whole = target.subarray(1);
      copyInto(new DataView(source.buffer, 1), from, new DataView(target.buffer, 1), whole, to, bytes.length);
      expect(target).toEqual(expected);
    }),
  );
});
