import { describe, expect, test } from 'vitest';
import { TcpHeader } from '../../src/capture/tcp.js';
import { MAX_HOLE_SECONDS } from '../../src/capture/tcp-holes.js';
import { MAX_DISTANCE } from '../../src/capture/tcp-streams.js';
import { A, F, R, S, type SegmentParts, TcpDriver, tcp, tcpFlow } from './tcp-drive.js';

const top = 2 ** 32;

/** Lines, then codes of damage; a line is `join packet data`, with the packet whose stamp it has where another. */
const vectors: [string, SegmentParts[], string[]][] = [
  [
    'in order',
    [
      { sequence: 9, flags: S },
      { sequence: 10, data: 'ab' },
      { sequence: 12, data: 'c' },
    ],
    ['start 2 ab', 'next 3 c'],
  ],
  [
    'no SYN seen',
    [
      { sequence: 10, data: 'ab' },
      { sequence: 12, data: 'c' },
    ],
    ['lost 1 ab', 'next 2 c'],
  ],
  [
    'SYN with data',
    [
      { sequence: 9, flags: S, data: 'ab' },
      { sequence: 12, data: 'c' },
    ],
    ['start 1 ab', 'next 2 c'],
  ],
  [
    'acknowledgements carry nothing',
    [{ sequence: 9, flags: S }, { sequence: 10 }, { sequence: 10, data: 'ab' }],
    ['start 3 ab'],
  ],
  [
    'retransmission',
    [
      { sequence: 1, data: 'ab' },
      { sequence: 1, data: 'xy' },
      { sequence: 3, data: 'c' },
    ],
    ['lost 1 ab', 'next 3 c'],
  ],
  [
    'out of order',
    [
      { sequence: 1, data: 'ab' },
      { sequence: 5, data: 'ef' },
      { sequence: 3, data: 'cd' },
    ],
    ['lost 1 ab', 'next 3 cd', 'next 2 ef at 3'],
  ],
  [
    'two holes',
    [
      { sequence: 1, data: 'a' },
      { sequence: 5, data: 'e' },
      { sequence: 3, data: 'c' },
      { sequence: 4, data: 'd' },
      { sequence: 2, data: 'b' },
    ],
    ['lost 1 a', 'next 5 b', 'next 3 c at 5', 'next 4 d at 5', 'next 2 e at 5'],
  ],
  [
    'overlap with what was delivered: the first bytes win',
    [
      { sequence: 1, data: 'abc' },
      { sequence: 2, data: 'XYd' },
    ],
    ['lost 1 abc', 'next 2 d'],
  ],
  [
    'overlap with what waits: the first bytes win',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'cd' },
      { sequence: 2, data: 'bXYe' },
    ],
    ['lost 1 a', 'next 3 b', 'next 2 cd at 3', 'next 3 e'],
  ],
  [
    'overlap that spans a hole',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 5, data: 'e' },
      { sequence: 3, data: 'XdYf' },
      { sequence: 2, data: 'b' },
    ],
    ['lost 1 a', 'next 5 b', 'next 2 c at 5', 'next 4 d at 5', 'next 3 e at 5', 'next 4 f at 5'],
  ],
  [
    'repeated while it waits',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 3, data: 'X' },
      { sequence: 2, data: 'b' },
    ],
    ['lost 1 a', 'next 4 b', 'next 2 c at 4'],
  ],
  [
    'sequence wraps',
    [
      { sequence: top - 3, flags: S },
      { sequence: top - 2, data: 'abc' },
      { sequence: 2, data: 'ef' },
      { sequence: 1, data: 'd' },
    ],
    ['start 2 abc', 'next 4 d', 'next 3 ef at 4'],
  ],
  [
    'sequence passes 2^31',
    [
      { sequence: 2 ** 31 - 1, data: 'ab' },
      { sequence: 2 ** 31 + 1, data: 'c' },
    ],
    ['lost 1 ab', 'next 2 c'],
  ],
  [
    'keep-alive and zero-window probe',
    [
      { sequence: 1, data: 'ab' },
      { sequence: 2, data: 'X' },
      { sequence: 2 },
      { sequence: 3, data: 'c' },
      { sequence: 3, data: 'cd' },
    ],
    ['lost 1 ab', 'next 4 c', 'next 5 d'],
  ],
  [
    'SYN again',
    [
      { sequence: 9, flags: S },
      { sequence: 9, flags: S },
      { sequence: 10, data: 'a' },
      { sequence: 9, flags: S },
      { sequence: 11, data: 'b' },
    ],
    ['start 3 a', 'next 5 b'],
  ],
  [
    'SYN behind the first bytes',
    [
      { sequence: 10, data: 'a' },
      { sequence: 9, flags: S },
      { sequence: 11, data: 'b' },
    ],
    ['lost 1 a', 'next 3 b'],
  ],
  [
    'the same addresses again',
    [
      { sequence: 9, flags: S },
      { sequence: 10, data: 'a' },
      { sequence: 500, flags: S },
      { sequence: 501, data: 'b' },
    ],
    ['start 2 a', 'start 4 b'],
  ],
  [
    'the same addresses again, with a hole before',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 500, flags: S },
      { sequence: 501, data: 'x' },
    ],
    ['lost 1 a', 'lost 2 c at 3', 'start 4 x', 'tcp-gap'],
  ],
  [
    'after FIN, without SYN',
    [
      { sequence: 1, data: 'a', flags: F },
      { sequence: 900, data: 'x' },
      { sequence: 901, data: 'y' },
    ],
    ['lost 1 a', 'lost 2 x', 'next 3 y'],
  ],
  [
    'after FIN, what was before again',
    [
      { sequence: 1, data: 'ab', flags: F },
      { sequence: 1, data: 'ab', flags: F },
      { sequence: 3, flags: F },
    ],
    ['lost 1 ab'],
  ],
  [
    'FIN ahead of a hole waits',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c', flags: F },
      { sequence: 3, data: 'c', flags: F },
      { sequence: 2, data: 'b' },
      { sequence: 900, data: 'x' },
    ],
    ['lost 1 a', 'next 4 b', 'next 2 c at 4', 'lost 5 x'],
  ],
  [
    'FIN tells that bytes are missing',
    [
      { sequence: 1, data: 'a' },
      { sequence: 5, flags: F },
    ],
    ['lost 1 a', 'tcp-gap'],
  ],
  [
    'bytes behind a FIN',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, flags: F },
      { sequence: 2, data: 'bc' },
      { sequence: 9, data: 'x' },
    ],
    ['lost 1 a', 'next 3 b', 'next 3 c', 'lost 4 x'],
  ],
  [
    'bytes behind a FIN, before it',
    [
      { sequence: 1, data: 'a' },
      { sequence: 4, data: 'd' },
      { sequence: 3, flags: F },
      { sequence: 2, data: 'b' },
      { sequence: 9, data: 'x' },
    ],
    ['lost 1 a', 'next 4 b', 'lost 2 d at 5', 'lost 5 x', 'tcp-gap'],
  ],
  [
    'RST gives the hole up',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 2, flags: R },
      { sequence: 4, data: 'd' },
    ],
    ['lost 1 a', 'lost 2 c at 3', 'next 4 d', 'tcp-gap'],
  ],
  [
    'FIN and RST of a direction that nothing was seen of',
    [
      { sequence: 1, flags: F },
      { sequence: 1, flags: R },
      { sequence: 7, data: 'a' },
    ],
    ['lost 3 a'],
  ],
  [
    'cut by the snap length',
    [
      { sequence: 1, data: 'abcd', cut: 2 },
      { sequence: 5, data: 'e' },
    ],
    ['lost 1 ab', 'lost 2 e', 'snap-length'],
  ],
  [
    'cut before its data',
    [
      { sequence: 1, data: 'ab', cut: 2 },
      { sequence: 3, data: 'c' },
    ],
    ['lost 2 c', 'snap-length'],
  ],
  [
    'cut while it waits',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'cde', cut: 2 },
      { sequence: 2, data: 'b' },
      { sequence: 6, data: 'f' },
    ],
    ['lost 1 a', 'next 3 b', 'next 2 c at 3', 'lost 4 f', 'snap-length'],
  ],
  [
    'cut, of it a part seen',
    [
      { sequence: 1, data: 'abc' },
      { sequence: 2, data: 'bcde', cut: 3 },
      { sequence: 6, data: 'f' },
    ],
    ['lost 1 abc', 'lost 3 f', 'snap-length'],
  ],
  [
    'a hole is given up at the end',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 5, data: 'e' },
    ],
    ['lost 1 a', 'lost 2 c at 3', 'lost 3 e', 'tcp-gap', 'tcp-gap'],
  ],
  [
    'a hole is given up in time',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 4, data: 'd', seconds: MAX_HOLE_SECONDS },
      { sequence: 5, data: 'e', seconds: MAX_HOLE_SECONDS + 1 },
    ],
    ['lost 1 a', 'lost 2 c at 4', 'next 3 d at 4', 'next 4 e', 'tcp-gap'],
  ],
  [
    'a stray is left out',
    [
      { sequence: 1, data: 'a' },
      { sequence: 2 + MAX_DISTANCE + 1, data: 'x' },
      { sequence: 2, data: 'b' },
    ],
    ['lost 1 a', 'next 3 b'],
  ],
  [
    'two strays in a row are another connection',
    [
      { sequence: 1, data: 'a' },
      { sequence: 3, data: 'c' },
      { sequence: 2 ** 31, data: 'x' },
      { sequence: 2 ** 31 + 1, data: 'y' },
    ],
    ['lost 1 a', 'lost 2 c at 4', 'lost 4 y', 'tcp-gap', 'tcp-jump'],
  ],
  [
    'a FIN far away',
    [
      { sequence: 1, data: 'a' },
      { sequence: 2 ** 31, flags: F },
      { sequence: 2, data: 'b' },
    ],
    ['lost 1 a', 'next 3 b'],
  ],
];

describe('TcpStreams', () => {
  test.each(vectors)('%s', (_name, segments, expected) => {
    const driver = new TcpDriver().send(...segments).end();
    expect([...driver.lines, ...driver.damages.map(({ code }) => code)]).toEqual(expected);
    expect(driver.streams.pendingBytes).toBe(0);
  });

  test('damage says what is missing, and where', () => {
    const driver = new TcpDriver().send({ sequence: 1, data: 'a' }, { sequence: 11, data: 'xyz', cut: 1 }).end();
    expect(driver.damages).toEqual([
      {
        code: 'snap-length',
        message:
          'Packet 2 was cut: the last 1 of its 3 bytes of TCP payload are missing. Capture again with a longer snap ' +
          'length (tcpdump -s 0).',
        record: 2,
        offset: 200,
      },
      {
        code: 'tcp-gap',
        message:
          '10.0.0.1:1000 > 10.0.0.2:7000: 9 bytes before those of packet 2 are not in the capture; reading goes on ' +
          'behind them. Capture with a larger buffer (tcpdump -B).',
        record: 2,
        offset: 200,
      },
    ]);
    expect(driver.streams.counts.lostBytes).toBe(10);
  });

  test('counts', () => {
    const [joined, otherFlows, server] = [tcpFlow(1), tcpFlow(9), tcpFlow(2)];
    const driver = new TcpDriver({ otherFlows }).send(
      { sequence: 0, flags: S },
      { sequence: 1, data: 'ab' },
      { sequence: 2, data: 'b' },
      { sequence: 2 },
      { sequence: 1, data: 'ab' },
      { sequence: 5, data: 'e' },
      { sequence: 5, data: 'e' },
      { sequence: 2, data: 'bcd' },
      { sequence: 2 ** 31, data: 'x' },
      { sequence: 6, flags: R },
      { sequence: 1, data: 'x', flow: joined },
      { sequence: 1, data: 'x', flow: otherFlows },
      { sequence: 1, flags: S | A, flow: server },
      { sequence: 2, data: 'ab', cut: 1, flow: server },
    );
    const { counts } = driver.end().streams;
    expect(counts).toEqual({
      segments: 14,
      bytes: 7,
      retransmitted: 2,
      keepAlives: 2,
      outOfOrder: 2,
      overlapping: 1,
      lostBytes: 1,
      connections: 1,
      joined: 1,
      resets: 1,
      strays: 1,
      evicted: 0,
      unfollowed: 1,
    });
  });
});

test('a segment before every piece was read is refused', () => {
  const { streams, flow } = new TcpDriver();
  const header = new TcpHeader();
  const view = new DataView(tcp(1, A, Uint8Array.of(1)).buffer);
  header.read(view, 0, view.byteLength, view.byteLength);
  expect(streams.segment(view, header, view.byteLength, flow, 0, 0, 1, 0)).toBe(true);
  expect(() => streams.segment(view, header, view.byteLength, flow, 0, 0, 2, 0)).toThrow('call next()');
});
