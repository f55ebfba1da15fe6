import { describe, expect, test } from 'vitest';
import { MoldUDP64Decoder, StreamTable } from '../../src/session/moldudp64.js';
import { block, EventLog, embed, makeFlow, mold, text } from './support.js';

function decode(packets: Uint8Array[], table = new StreamTable()) {
  const log = new EventLog();
  const decoder = new MoldUDP64Decoder(makeFlow(), log, table);
  packets.forEach((payload, index) => {
    const { view, offset, length } = embed(payload);
    decoder.packet(view, offset, length, index * 1000, index + 1, index * 100);
  });
  return { ...log, log, decoder, table };
}

const control = (sequence: number | bigint, count: number, tail = '') =>
  mold(sequence, [], { count, tail: text(tail) });
const heartbeat = (sequence: number | bigint) => control(sequence, 0);
const max = Number.MAX_SAFE_INTEGER;

describe('downstream packets', () => {
  const vectors: Record<string, [Uint8Array[], string[]]> = {
    oneMessage: [[mold(1, ['a'])], ['message 1 a']],
    manyMessages: [[mold(1, ['a', 'bb', 'ccc'])], ['message 1 a', 'message 2 bb', 'message 3 ccc']],
    inOrder: [
      [mold(1, ['a', 'b']), mold(3, ['c'])],
      ['message 1 a', 'message 2 b', 'message 3 c'],
    ],
    joinedInTheMiddle: [
      [mold(1000, ['a']), mold(1001, ['b'])],
      ['message 1000 a', 'message 1001 b'],
    ],
    zeroLengthMessage: [
      [mold(1, ['', 'b', '']), mold(4, ['d'])],
      ['message 1 ', 'message 2 b', 'message 3 ', 'message 4 d'],
    ],
    gap: [
      [mold(1, ['a']), mold(5, ['e'])],
      ['message 1 a', 'gap 2-4', 'message 5 e'],
    ],
    gapFill: [
      [mold(1, ['a']), mold(4, ['d']), mold(2, ['b', 'c']), mold(5, ['e'])],
      ['message 1 a', 'gap 2-3', 'message 4 d', 'message 2 b', 'message 3 c', 'message 5 e'],
    ],
    gapFillInTheMiddle: [
      [mold(1, ['a']), mold(5, ['e']), mold(3, ['c']), mold(3, ['c'])],
      ['message 1 a', 'gap 2-4', 'message 5 e', 'message 3 c', 'message 3 c again'],
    ],
    duplicates: [
      [mold(1, ['a', 'b']), mold(1, ['a', 'b'])],
      ['message 1 a', 'message 2 b', 'message 1 a again', 'message 2 b again'],
    ],
    partialDuplicates: [
      [mold(1, ['a', 'b']), mold(2, ['b', 'c', 'd']), mold(5, ['e'])],
      ['message 1 a', 'message 2 b', 'message 2 b again', 'message 3 c', 'message 4 d', 'message 5 e'],
    ],
    outOfOrder: [
      [mold(3, ['c']), mold(1, ['a']), mold(2, ['b'])],
      ['message 3 c', 'gap 2-2', 'message 1 a', 'message 2 b'],
    ],
    beforeTheFirstEndingWithZeroLength: [
      [mold(10, ['j']), mold(5, ['e', ''])],
      ['message 10 j', 'gap 7-9', 'message 5 e', 'message 6 '],
    ],
    beforeTheFirst: [
      [mold(10, ['j']), mold(9, ['i', 'j', 'k']), mold(11, ['k'])],
      ['message 10 j', 'message 9 i', 'message 10 j again', 'message 11 k', 'message 11 k again'],
    ],
    sequenceZero: [
      [mold(0, ['x', 'y']), mold(5, ['e']), mold(0, ['z']), mold(6, ['f'])],
      ['message 0 x', 'message 0 y', 'message 5 e', 'message 0 z', 'message 6 f'],
    ],
    sequenceAt2To53Minus1: [[mold(max, ['a'])], [`message ${max} a`]],
    sequenceAbove2To53: [[mold(2n ** 53n, ['a'])], ['damage sequence-range', 'message 0 a']],
    sequenceRunningPast2To53: [[mold(max, ['a', 'b'])], ['damage sequence-range', 'message 0 a', 'message 0 b']],
    sequenceGreatest: [[mold(2n ** 64n - 1n, ['a'])], ['damage sequence-range', 'message 0 a']],
    countFFFE: [[mold(1, Array(0xfffe).fill(''))], Array.from({ length: 0xfffe }, (_, i) => `message ${i + 1} `)],
  };
  test.each(Object.entries(vectors))('%s', (_name, [packets, events]) => {
    expect(decode(packets).events).toEqual(events);
  });
});

describe('heartbeats and end of session', () => {
  const vectors: Record<string, [Uint8Array[], string[]]> = {
    heartbeat: [
      [mold(1, ['a']), heartbeat(2), mold(2, ['b'])],
      ['message 1 a', 'heartbeat 2', 'message 2 b'],
    ],
    heartbeatRevealsGap: [
      [mold(1, ['a']), heartbeat(4), heartbeat(4), mold(4, ['d'])],
      ['message 1 a', 'gap 2-3', 'heartbeat 4', 'heartbeat 4', 'message 4 d'],
    ],
    heartbeatFirst: [
      [heartbeat(5), mold(7, ['g'])],
      ['heartbeat 5', 'gap 5-6', 'message 7 g'],
    ],
    heartbeatStale: [
      [mold(1, ['a', 'b', 'c']), heartbeat(2), mold(4, ['d'])],
      ['message 1 a', 'message 2 b', 'message 3 c', 'heartbeat 2', 'message 4 d'],
    ],
    heartbeatUnsequenced: [
      [mold(1, ['a']), heartbeat(0), mold(2, ['b'])],
      ['message 1 a', 'heartbeat 0', 'message 2 b'],
    ],
    heartbeatAbove2To53: [
      [mold(1, ['a']), heartbeat(2n ** 53n)],
      ['message 1 a', 'damage sequence-range', 'heartbeat 0'],
    ],
    heartbeatWithTrailingBytes: [[control(2, 0, 'xyz')], ['heartbeat 2', 'damage trailing-bytes']],
    endOfSession: [
      [mold(1, ['a']), control(2, 0xffff)],
      ['message 1 a', 'end 2'],
    ],
    endOfSessionRevealsGap: [
      [mold(1, ['a']), control(10, 0xffff)],
      ['message 1 a', 'gap 2-9', 'end 10'],
    ],
    countFFFFIsNoCount: [
      [mold(1, ['a', 'b'], { count: 0xffff }), mold(1, ['a'])],
      ['end 1', 'damage trailing-bytes', 'message 1 a'],
    ],
  };
  test.each(Object.entries(vectors))('%s', (_name, [packets, events]) => {
    expect(decode(packets).events).toEqual(events);
  });
});

describe('damage', () => {
  const overrun = mold(1, ['a', 'b'], { count: 3, tail: Uint8Array.of(0, 9, 1, 2) });
  const vectors: Record<string, [Uint8Array[], string[]]> = {
    empty: [[new Uint8Array(0)], ['damage short-packet']],
    shortHeader: [[mold(1, ['a']).subarray(0, 19)], ['damage short-packet']],
    blockOverrun: [[overrun], ['message 1 a', 'message 2 b', 'damage block-overrun']],
    blockOverrunShowsAsGap: [
      [overrun, mold(5, ['e'])],
      ['message 1 a', 'message 2 b', 'damage block-overrun', 'gap 3-4', 'message 5 e'],
    ],
    blockOverrunFirst: [
      [mold(1, ['a']), mold(4, [], { count: 2, tail: Uint8Array.of(0xff, 0xff, 1) }), mold(6, ['f'])],
      ['message 1 a', 'gap 2-3', 'damage block-overrun', 'gap 4-5', 'message 6 f'],
    ],
    blockOverrunOutOfOrder: [
      [mold(10, ['j']), mold(5, ['e', 'f'], { count: 5, tail: Uint8Array.of(0, 2, 1) })],
      ['message 10 j', 'gap 7-9', 'message 5 e', 'message 6 f', 'damage block-overrun'],
    ],
    trailingBlockIsNoMessage: [
      [mold(10, ['j']), mold(5, ['e'], { tail: block('f') }), mold(12, ['l'], { tail: block('m') }), heartbeat(13)],
      [
        'message 10 j',
        'gap 6-9',
        'message 5 e',
        'damage trailing-bytes',
        'gap 11-11',
        'message 12 l',
        'damage trailing-bytes',
        'heartbeat 13',
      ],
    ],
    cutInBlockLength: [[mold(1, ['a'], { count: 2, tail: Uint8Array.of(0) })], ['message 1 a', 'damage truncated']],
    fewerBlocksThanCounted: [
      [mold(1, ['a'], { count: 5 }), mold(2, ['b'])],
      ['message 1 a', 'damage truncated', 'message 2 b'],
    ],
    headerOnly: [
      [mold(1, ['a']), control(2, 3), mold(5, ['e'])],
      ['message 1 a', 'damage truncated', 'gap 2-4', 'message 5 e'],
    ],
    trailingBytes: [
      [mold(1, ['a'], { tail: text('xy') }), mold(2, ['b'])],
      ['message 1 a', 'damage trailing-bytes', 'message 2 b'],
    ],
  };
  test.each(Object.entries(vectors))('%s', (_name, [packets, events]) => {
    const { damages, decoder, ...result } = decode(packets);
    expect(result.events).toEqual(events);
    expect(decoder.damages).toBe(damages.length);
  });

  test('says what, where and what follows', () => {
    const cut = mold(2, ['a'], { count: 2, tail: Uint8Array.of(0, 9, 1, 2) });
    const { damages } = decode([mold(1, ['a']), cut, mold(2n ** 64n - 1n, ['z'])]);
    expect(damages).toEqual([
      {
        code: 'block-overrun',
        message:
          'MoldUDP64 packet 2 at byte 100: block 2 of 2 at payload byte 23 says 9 bytes where 2 are left; ' +
          'the 1 before it are kept',
        record: 2,
        offset: 100,
      },
      {
        code: 'sequence-range',
        message:
          'MoldUDP64 packet 3 at byte 200: sequence number 18446744073709551615 leads past 2^53 − 1; ' +
          'taken as unsequenced',
        record: 3,
        offset: 200,
      },
    ]);
  });
});

describe('requestPacket', () => {
  test('is counted where nothing came downstream', () => {
    const { events, decoder, table } = decode([control(7, 1), control(9, 0xfffe)]);
    expect([events, decoder.requests, table.streams]).toEqual([[], 2, []]);
  });

  test('is a truncated packet behind a heartbeat', () => {
    const { events, decoder } = decode([control(7, 1), heartbeat(3), control(3, 1)]);
    expect([events, decoder.requests]).toEqual([['heartbeat 3', 'damage truncated'], 1]);
  });
});

describe('sessions', () => {
  test('are apart, each with its own numbers', () => {
    const a = (sequence: number, message: string) => mold(sequence, [message], { session: 'A' });
    const b = (sequence: number, message: string) => mold(sequence, [message], { session: 'B' });
    const { events, table } = decode([a(1, 'a'), b(7, 'x'), a(2, 'b'), b(8, 'y'), a(4, 'd')]);
    expect(events).toEqual(['message 1 a', 'message 7 x', 'message 2 b', 'message 8 y', 'gap 3-3', 'message 4 d']);
    expect(table.streams.map(({ index, session, packets }) => [index, session, packets])).toEqual([
      [0, 'A', 3],
      [1, 'B', 2],
    ]);
  });

  test('differ by every one of their bytes', () => {
    const names = Array.from({ length: 10 }, (_, at) => `${'A'.repeat(at)}B${'A'.repeat(9 - at)}`);
    const { table } = decode(names.flatMap((session) => [mold(1, ['m'], { session }), mold(2, ['m'], { session })]));
    expect(table.streams.map((stream) => [stream.session, stream.packets])).toEqual(names.map((name) => [name, 2]));
  });

  test('beyond the bound share one stream, unsequenced', () => {
    const packets = ['A', 'B', 'C', 'A'].map((session, index) => mold(index + 1, [session], { session }));
    const { events, table } = decode([...packets, ...packets], new StreamTable(1));
    expect(events).toEqual([
      'message 1 A',
      'damage too-many-sessions',
      'message 0 B',
      'message 0 C',
      'gap 2-3',
      'message 4 A',
      'message 1 A again',
      'message 0 B',
      'message 0 C',
      'message 4 A again',
    ]);
    expect(table.streams.map(({ index, session, unsequenced }) => [index, session, unsequenced])).toEqual([
      [0, 'A', 0],
      [1, null, 4],
    ]);
  });

  test('counts of a stream', () => {
    const { table } = decode([
      mold(1, ['a', '', 'c']),
      mold(6, ['f']),
      mold(3, ['c', 'd']),
      mold(0, ['u']),
      heartbeat(9),
      control(9, 0xffff),
    ]);
    const [stream] = table.streams;
    expect(stream?.tracker.report()).toEqual({
      first: 1,
      last: 6,
      messages: 6,
      gaps: [
        { from: 5, to: 5, count: 1 },
        { from: 7, to: 8, count: 2 },
      ],
      gapsDropped: 0,
      missing: 3,
      duplicates: 1,
      outOfOrder: 1,
    });
    const { packets, heartbeats, endOfSession, unsequenced, zeroLength, isDuplicate } = { ...stream };
    expect({ packets, heartbeats, endOfSession, unsequenced, zeroLength, isDuplicate }).toEqual({
      packets: 6,
      heartbeats: 1,
      endOfSession: true,
      unsequenced: 1,
      zeroLength: 1,
      isDuplicate: false,
    });
  });
});
