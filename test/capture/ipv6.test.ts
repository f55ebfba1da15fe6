import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIpv6 } from '../../src/capture/ipv6.js';

function format(groups: number[]): string {
  const view = new DataView(new ArrayBuffer(17));
  groups.forEach((group, index) => {
    view.setUint16(1 + index * 2, group);
  });
  return formatIpv6(view, 1);
}

test.each([
  [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
  [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], '2001:db8::'],
  [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
  [[0x2001, 0, 0, 1, 0, 0, 0, 1], '2001:0:0:1::1'],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  [[0, 0, 1, 1, 1, 1, 0xab, 0xcdef], '::1:1:1:1:ab:cdef'],
  [[0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0280], '::ffff:192.0.2.128'],
  [[0, 0, 0, 0, 1, 0xffff, 0xc000, 0x0280], '::1:ffff:c000:280'],
])('RFC 5952: %j is %s', (groups, text) => {
  expect(format(groups)).toBe(text);
});

test('writes what the URL standard writes, but for IPv4-mapped addresses', () => {
  const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(1, 0xffff), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      fc.pre(!(groups[5] === 0xffff && groups.slice(0, 5).every((one) => one === 0)));
      const full = groups.map((one) => one.toString(16)).join(':');
      expect(`[${format(groups)}]`).toBe(new URL(`http://[${full}]/`).hostname);
    }),
    { numRuns: 500 },
  );
});
