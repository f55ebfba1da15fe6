import { describe, expect, test } from 'vitest';
import { ACKNOWLEDGED_GRACE_NS, MAX_HOLE_SECONDS, PIECE_COST } from '../../src/capture/tcp-holes.js';
import { Random } from '../../src/core/random.js';
import { F, R, reverse, type SegmentParts, TcpDriver, tcpFlow } from './tcp-drive.js';

const top = 2 ** 32;
const back = reverse(tcpFlow());
const seen: SegmentParts = { sequence: 1, data: 'a' };
const ahead: SegmentParts = { sequence: 3, data: 'c' };

/** What the receiver sends. */
function ack(acknowledgment: number, nanoseconds: number, more: Partial<SegmentParts> = {}): SegmentParts {
  return { sequence: 500, flow: back, acknowledgment, nanoseconds, ...more };
}

/** Lines as `TcpDriver` writes them, what waits in the end being left out. */
const vectors: [string, SegmentParts[], string[]][] = [
  [
    'acknowledged: given up by the next acknowledgment behind the grace',
    [seen, ahead, ack(4, 1000), ack(4, 1000 + ACKNOWLEDGED_GRACE_NS)],
    ['lost 1 a', `lost 2 c at ${1000 + ACKNOWLEDGED_GRACE_NS}`],
  ],
  ['not before the grace is over', [seen, ahead, ack(4, 1000), ack(4, 999 + ACKNOWLEDGED_GRACE_NS)], ['lost 1 a']],
  [
    'across a second',
    [seen, ahead, ack(4, 950_000_000), ack(4, 50_000_000, { seconds: 1 })],
    ['lost 1 a', 'lost 2 c at 50000000'],
  ],
  [
    'given up by the next data of the direction itself',
    [seen, ahead, ack(4, 0), { sequence: 4, data: 'd', seconds: 1 }],
    ['lost 1 a', 'lost 2 c at 4', 'next 4 d'],
  ],
  [
    'bytes that come late, but within the grace, fill the hole',
    [seen, ahead, ack(4, 0), { sequence: 2, data: 'b' }, ack(4, 0, { seconds: 1 })],
    ['lost 1 a', 'next 4 b', 'next 2 c at 4'],
  ],
  [
    'bytes that come behind the grace fill it if nothing came before them',
    [seen, ahead, ack(4, 0), { sequence: 2, data: 'b', seconds: 1 }],
    ['lost 1 a', 'next 4 b', 'next 2 c at 4'],
  ],
  [
    'the receiver still waits: the hole is one of the wire, which the sender fills',
    [seen, ahead, ack(2, 0), ack(2, 0, { seconds: 1 }), { sequence: 2, data: 'b', seconds: 1 }],
    ['lost 1 a', 'next 5 b', 'next 2 c at 5'],
  ],
  [
    'every hole before the number, none behind',
    [
      seen,
      ahead,
      { sequence: 5, data: 'e' },
      { sequence: 9, data: 'i' },
      ack(6, 0),
      ack(10, 0, { seconds: 1 }),
      ack(10, 1, { seconds: 1 }),
    ],
    ['lost 1 a', 'lost 2 c at 0', 'lost 3 e at 0'],
  ],
  [
    'a later hole, once it was acknowledged in its turn',
    [
      seen,
      ahead,
      ack(4, 0),
      ack(4, 0, { seconds: 1 }),
      { sequence: 9, data: 'i', seconds: 1 },
      ack(10, 0, { seconds: 2 }),
      ack(10, 0, { seconds: 3 }),
    ],
    ['lost 1 a', 'lost 2 c at 0', 'lost 5 i at 0'],
  ],
  [
    'a hole that opened while the mark of one since filled was kept',
    [
      seen,
      ahead,
      ack(4, 0),
      { sequence: 2, data: 'b' },
      { sequence: 5, data: 'e' },
      ack(6, 50_000_000),
      ack(6, 120_000_000),
      ack(6, 150_000_000),
    ],
    ['lost 1 a', 'next 4 b', 'next 2 c at 4', 'lost 5 e at 150000000'],
  ],
  [
    'before a FIN',
    [seen, { sequence: 9, flags: F }, ack(10, 0), ack(10, 0, { seconds: 1 }), { sequence: 20, data: 'x', seconds: 1 }],
    ['lost 1 a', 'lost 5 x'],
  ],
  [
    'numbers that wrap',
    [{ sequence: top - 2, data: 'a' }, { sequence: 1, data: 'd' }, ack(2, 0), ack(2, 0, { seconds: 1 })],
    ['lost 1 a', 'lost 2 d at 0'],
  ],
  [
    'a number without the ACK flag says nothing',
    [seen, ahead, ack(4, 0, { flags: 0 }), ack(4, 0, { flags: 0, seconds: 1 })],
    ['lost 1 a'],
  ],
  [
    'nor does that of another connection',
    [seen, ahead, ack(4, 0, { flow: reverse(tcpFlow(1)) }), ack(4, 0, { flow: reverse(tcpFlow(1)), seconds: 1 })],
    ['lost 1 a'],
  ],
  [
    'forgotten with the connection',
    [
      seen,
      ahead,
      ack(4, 0),
      { sequence: 4, flags: R },
      { sequence: 2 ** 31, data: 'x' },
      { sequence: 2 ** 31 + 2, data: 'z', seconds: 2 },
    ],
    ['lost 1 a', 'lost 2 c at 4', 'lost 5 x'],
  ],
];

describe('holes that the receiver does not have', () => {
  test.each(vectors)('%s', (_name, segments, expected) => {
    expect(new TcpDriver().send(...segments).lines).toEqual(expected);
  });

  test('the receiver may be seen first, be let go of, and come back', () => {
    const driver = new TcpDriver({ maxDirections: 2 }).send(ack(1, 0), seen, ahead, ack(4, 0));
    driver.send({ sequence: 5, data: 'e' }, { sequence: 1, data: 'x', flow: tcpFlow(1) }, { ...ahead, seconds: 1 });
    expect(driver.streams.counts.evicted).toBe(1);
    expect(driver.lines).toEqual(['lost 2 a', 'lost 6 x', 'lost 3 c at 7']);
    driver.send(ack(6, 0, { seconds: 1 }), ack(6, 0, { seconds: 2 }));
    expect(driver.lines.slice(3)).toEqual(['lost 5 e at 0']);
  });

  test('a direction to itself is none of a pair', () => {
    const self = { ...reverse(back), destinationPort: 1000, destination: '10.0.0.1' };
    const flow = { ...self, name: '10.0.0.1:1000 > 10.0.0.1:1000' };
    const driver = new TcpDriver().send(
      { ...seen, flow },
      { ...ahead, flow, acknowledgment: 4 },
      { ...ahead, flow, acknowledgment: 4, seconds: 1 },
    );
    expect(driver.lines).toEqual(['lost 1 a']);
  });
});

test('a capture that lost segments of an acknowledged stream holds bytes back no longer than twice the grace', () => {
  const random = new Random('acknowledged');
  const driver = new TcpDriver().send({ sequence: 0, data: 'x', seconds: 0, nanoseconds: 0 });
  const kept: string[] = ['x'];
  let lost = 0;
  for (let index = 1; index <= 3000; index++) {
    const stamp = { seconds: Math.floor(index / 100), nanoseconds: (index % 100) * 10_000_000 };
    const data = String.fromCharCode(32 + (index % 90));
    if (random.below(20) === 0) lost++;
    else {
      driver.send({ sequence: index, data, ...stamp });
      kept.push(data);
    }
    driver.send(ack(index + 1, 0, stamp));
    // Ten segments fit the grace.
    expect(driver.streams.pendingBytes).toBeLessThanOrEqual(20 * (PIECE_COST + 1));
  }
  expect(driver.end().text).toBe(kept.join(''));
  expect([lost > 100, driver.streams.counts.lostBytes]).toEqual([true, lost]);
});

describe('clocks that are set back', () => {
  const other = tcpFlow(1);
  const at = (seconds: number, flow = other): SegmentParts => ({ sequence: 1, flow, seconds });

  test('a hole is waited for from there on', () => {
    const driver = new TcpDriver().send({ ...seen, seconds: 5000 }, { ...ahead, seconds: 5000 }, at(1000));
    driver.send(at(1000 + MAX_HOLE_SECONDS));
    expect(driver.lines.length).toBe(1);
    driver.send(at(1001 + MAX_HOLE_SECONDS));
    expect(driver.lines).toEqual(['lost 1 a', 'lost 2 c at 5']);
  });

  test('so are those behind it, whose pieces came before', () => {
    const driver = new TcpDriver().send({ ...seen, seconds: 5000 }, { ...ahead, seconds: 5000 });
    driver.send({ sequence: 5, data: 'e', seconds: 5000 }, { sequence: 2, data: 'b', seconds: 1000 });
    driver.send(at(1001 + MAX_HOLE_SECONDS));
    expect(driver.lines.slice(3)).toEqual(['lost 3 e at 5']);
  });

  test('by no more than a hole is waited for: nothing changes', () => {
    const driver = new TcpDriver().send({ ...seen, seconds: 10 }, { ...ahead, seconds: 10 });
    driver.send(at(10 - MAX_HOLE_SECONDS), at(10 + MAX_HOLE_SECONDS));
    expect(driver.lines.length).toBe(1);
    driver.send(at(11 + MAX_HOLE_SECONDS));
    expect(driver.lines.length).toBe(2);
  });
});
