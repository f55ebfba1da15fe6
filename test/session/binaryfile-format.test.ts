import { describe, expect, test } from 'vitest';
import { type BinaryFileFormat, looksLikeBinaryFile } from '../../src/session/binaryfile.js';
import { block, concat, itch, lengthOf, text, u16 } from './support.js';

const zero = u16(0);
const D = itch('D');
const times = (count: number, bytes: Uint8Array) => concat(...Array<Uint8Array>(count).fill(bytes));
const framed = times(50, block(D));
const zeroed = times(50, concat(zero, D));
const bare = times(50, D);
const prose = text('Depth of market, Add Order, Delete Order and Stock Directory: an email about them. '.repeat(40));
const foreign = times(20, concat(block('A quote'), block('Trade')));

describe('looksLikeBinaryFile', () => {
  const vectors: [string, Uint8Array, complete: boolean, BinaryFileFormat][] = [
    ['framed', framed, true, 'framed'],
    ['framed, its head', framed.subarray(0, 500), false, 'framed'],
    ['framed, one record', block(D), true, 'framed'],
    ['framed, part of the first record', framed.subarray(0, 3), false, 'framed'],
    ['framed, truncated in the first record', framed.subarray(0, 9), true, 'framed'],
    ['framed, a length of 0 inside', concat(times(5, block(D)), zero, framed), true, 'framed'],
    ['framed, few of unknown types', concat(block('foo'), framed, block('ba')), true, 'framed'],
    ['framed, all of unknown types, with an end record', concat(block('foo'), block('ba'), zero), true, 'framed'],
    ['framed, all of unknown types, its head', foreign, false, 'framed'],
    [
      'unknown types, one of them as long as is believed',
      concat(block('foo'), block('x'.repeat(4096))),
      true,
      'framed',
    ],
    ['unknown types, just enough records', foreign.subarray(0, 16 * 8), false, 'framed'],
    ['unknown types, a record too few', foreign.subarray(0, 15 * 8 + 1), false, 'no'],
    ['half of them of unknown types', concat(block(D), block('foo')), false, 'framed'],
    ['more than half of unknown types', concat(block(D), block('foo'), block('ba')), false, 'no'],
    ['unknown types, one of them longer than is believed', concat(block('foo'), block('x'.repeat(4097))), true, 'no'],
    ['end record only', zero, true, 'framed'],
    ['lengths of 0', zeroed, true, 'zero-length'],
    ['lengths of 0, its head', zeroed.subarray(0, 500), false, 'zero-length'],
    ['lengths of 0, one record', zeroed.subarray(0, 21), true, 'zero-length'],
    ['no lengths', bare, true, 'no-prefix'],
    ['no lengths, its head', bare.subarray(0, 500), false, 'no-prefix'],
    ['no lengths, truncated', bare.subarray(0, 500), true, 'no-prefix'],
    ['no lengths, one record', D, true, 'no-prefix'],
    ['no lengths, damaged far behind', concat(bare.subarray(0, 32 * 19), text('zzz'), bare), true, 'no-prefix'],
    ['no lengths, damaged near the start', concat(bare.subarray(0, 31 * 19), text('zzz'), bare), true, 'no'],
    ['no lengths, just enough to tell', bare.subarray(0, 8 * 19 + 5), false, 'no-prefix'],
    ['no lengths, too little to tell', bare.subarray(0, 100), false, 'no'],
    ['empty', concat(), true, 'no'],
    ['one byte', Uint8Array.of(0), true, 'no'],
    ['zeros', new Uint8Array(4096), true, 'no'],
    ['prose', prose, true, 'no'],
    ['prose, its head', prose.subarray(0, 1000), false, 'no'],
    [
      'unknown types of changing lengths',
      concat(...Array.from({ length: 60 }, (_, i) => block('x'.repeat(i + 1)))),
      false,
      'no',
    ],
    ['pcap', concat(Uint8Array.of(0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4), new Uint8Array(400)), true, 'no'],
  ];
  test.each(vectors)('%s', (_name, bytes, complete, format) => {
    expect(looksLikeBinaryFile(bytes, complete, lengthOf)).toBe(format);
  });
});
