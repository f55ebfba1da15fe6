import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  nanosecondsOf,
  patchMsgSeqNum,
  readMsgSeqNum,
  readTimeHigh,
  readTimeLow,
  secondsOf,
  timeHighOf,
  timeLowOf,
  writeMdp3Header,
  writeMdp3TcpHeader,
} from '../../src/session/mdp3-header.js';

const hexOf = (view: DataView) => Buffer.from(view.buffer).toString('hex');

describe('headers', () => {
  test('a UDP packet’s: number, then SendingTime, little endian', () => {
    const view = new DataView(new ArrayBuffer(14));
    expect(writeMdp3Header(view, 1, 0x0126_d21f, 0x1412_0e6b, 0x4c08_f1c0)).toBe(13);
    expect(hexOf(view)).toBe('001fd22601c0f1084c6b0e121400');
    expect([readMsgSeqNum(view, 1), readTimeHigh(view, 5), readTimeLow(view, 5)]).toEqual([
      0x0126_d21f, 0x1412_0e6b, 0x4c08_f1c0,
    ]);
  });

  test('of the TCP form: 0xCAFE, number, SendingTime', () => {
    const view = new DataView(new ArrayBuffer(16));
    expect(writeMdp3TcpHeader(view, 1, 0x77, 0x16a2_c2ed, 0xffd8_e8dc)).toBe(15);
    expect(hexOf(view)).toBe('00feca77000000dce8d8ffedc2a21600');
  });

  test.each([
    [7, 7],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 32, 0],
    [2 ** 32 + 5, 5],
  ])('number %d is written as %d', (sequence, written) => {
    const view = new DataView(new ArrayBuffer(4));
    patchMsgSeqNum(view, 0, sequence);
    expect(readMsgSeqNum(view, 0)).toBe(written);
  });
});

describe('SendingTime', () => {
  const vectors: [bigint, number, number][] = [
    [0n, 0, 0],
    [999_999_999n, 0, 999_999_999],
    [1_000_000_000n, 1, 0],
    [2n ** 32n - 1n, 4, 294_967_295],
    [2n ** 32n, 4, 294_967_296],
    [2n ** 48n, 281_474, 976_710_656],
    [1_446_163_199_999_999_999n, 1_446_163_199, 999_999_999],
    [2n ** 64n - 1n, 18_446_744_073, 709_551_615],
  ];
  test.each(vectors)('%d', (time, seconds, nanoseconds) => {
    const [high, low] = [Number(time >> 32n), Number(time & 0xffff_ffffn)];
    expect([secondsOf(high, low), nanosecondsOf(high, low)]).toEqual([seconds, nanoseconds]);
    expect([timeHighOf(seconds, nanoseconds), timeLowOf(seconds, nanoseconds)]).toEqual([high, low]);
  });

  test('is exact in both directions for every value', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (time) => {
        const [high, low] = [Number(time >> 32n), Number(time & 0xffff_ffffn)];
        const [seconds, nanoseconds] = [secondsOf(high, low), nanosecondsOf(high, low)];
        expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)).toBe(time);
        expect([timeHighOf(seconds, nanoseconds), timeLowOf(seconds, nanoseconds)]).toEqual([high, low]);
      }),
    );
  });
});
