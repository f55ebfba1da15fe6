import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flowBetween, formatEndpoint, parseAddress, parseEndpoint } from '../../src/capture/endpoint.js';
import { UsageError } from '../../src/core/errors.js';

const hex = (text: string) => {
  const bytes = parseAddress(text);
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
};

test.each([
  ['233.54.12.111', 'e9360c6f'],
  ['255.255.255.255', 'ffffffff'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::', '20010db8000000000000000000000000'],
  ['ff02::1:FF00:42', 'ff0200000000000000000001ff000042'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ['::ffff:10.1.2.3', '00000000000000000000ffff0a010203'],
  ['256.1.1.1', null],
  ['1.2.3', null],
  ['', null],
  [':', null],
  [':::', null],
  ['1::2::3', null],
  ['1:2:3:4:5:6:7', null],
  ['1:2:3:4:5:6:7:8::', null],
  ['1:2:3:4:5:6:7:8:9', null],
  ['12345::', null],
  ['1.2.3.4::', null],
  ['fe80::1%eth0', null],
])('address %s', (text, bytes) => {
  expect(hex(text)).toBe(bytes);
});

test('what is taken for an IPv6 address is one', () => {
  const part = fc.constantFrom('', '0', '1', 'ff', 'abcd', '12345', '1.2.3.4', 'g');
  fc.assert(
    fc.property(fc.array(part, { minLength: 2, maxLength: 10 }), (parts) => {
      const text = parts.join(':');
      expect(parseAddress(text) !== null).toBe(isIPv6(text));
    }),
  );
});

describe('endpoints', () => {
  test.each([
    ['10.0.0.1:0', '10.0.0.1', 0],
    ['[::1]:65535', '::1', 65_535],
  ])('%s', (text, address, port) => {
    expect(parseEndpoint(text)).toEqual({ address, port });
    expect(formatEndpoint(address, port)).toBe(text);
  });

  test.each(['10.0.0.1', '::1:5', '[10.0.0.1]:5', '10.0.0.1:65536', 'host:5', '[::1]', ''])('%s is refused', (text) => {
    expect(() => parseEndpoint(text)).toThrow(UsageError);
  });

  test('a flow of both', () => {
    const flow = flowBetween('TCP', { address: '::1', port: 2 }, { address: '::3', port: 4 });
    expect(flow).toMatchObject({ transport: 'TCP', source: '::1', destinationPort: 4, name: '[::1]:2 > [::3]:4' });
  });
});
