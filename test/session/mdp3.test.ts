import { describe, expect, test } from 'vitest';
import { looksLikeMdp3, SessionDemux } from '../../src/session/demux.js';
import { Mdp3Decoder } from '../../src/session/mdp3.js';
import type { Mdp3Stream } from '../../src/session/mdp3-stream.js';
import { StreamTable } from '../../src/session/stream.js';
import { baseNs, demuxPackets, facts, Mdp3Log, packet, sbe, sized, words } from './mdp3-build.js';
import { concat, embed, itch, lengthOf, makeFlow, mold, text } from './support.js';

const unknown = sbe('unknown', { template: 206, schema: 2, version: 0 });
const known = (body = 'known') => sbe(body);

describe('looksLikeMdp3', () => {
  const vectors: [string, Uint8Array, boolean][] = [
    ['one known message', packet(1, 0, [known()]), true],
    ['several known messages', packet(1, 0, [known(), known('b'), known('c')]), true],
    ['an unknown message, then a known one', packet(1, 0, [unknown, known()]), true],
    ['a known message of no bytes', packet(1, 0, [known('')]), true],
    ['number 0', packet(0, 0, [known()]), true],
    ['the greatest number', packet(2 ** 32 - 1, 0, [known()]), true],
    ['a known message, then an overrun', concat(packet(1, 0, [known()]), sized(known(), 99)), true],
    ['a known message, then a byte', concat(packet(1, 0, [known()]), Uint8Array.of(0)), true],
    ['an unknown message alone', packet(1, 0, [unknown]), false],
    ['an unknown message, a known one, then a byte', concat(packet(1, 0, [unknown, known()]), words(0)), false],
    ['a header alone', packet(1, 0, []), false],
    ['a message that overruns', concat(packet(1, 0, []), sized(known(), 16)), false],
    ['a message size of 9', concat(packet(1, 0, []), sized(known(), 9)), false],
    ['a block longer than its message', packet(1, 0, [sbe('abc', { blockLength: 4 })]), false],
    ['a schema id above 255', packet(1, 0, [sbe('abc', { schema: 256 })]), false],
    ['a version above 255', packet(1, 0, [sbe('abc', { version: 256 })]), false],
    ['sent in 1999', packet(1, 946_684_790_000_000_000n - baseNs, [known()]), false],
    ['sent in 2000', packet(1, 946_684_801_000_000_000n - baseNs, [known()]), true],
    ['sent in 2099', packet(1, 4_102_444_790_000_000_000n - baseNs, [known()]), true],
    ['sent in 2100', packet(1, 4_102_444_810_000_000_000n - baseNs, [known()]), false],
    ['21 bytes', packet(1, 0, [known('')]).subarray(0, 21), false],
    ['nothing', new Uint8Array(0), false],
    ['zeros', new Uint8Array(100), false],
    ['a packet of MoldUDP64', mold(1, [itch('A'), itch('D')]), false],
    ['text', text('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'), false],
  ];
  test.each(vectors)('%s', (_name, payload, expected) => {
    const { view, offset, length } = embed(payload);
    expect(looksLikeMdp3(view, offset, length, facts)).toBe(expected);
  });
});

describe('SessionDemux', () => {
  test('a flow is MDP 3.0 from its first plausible packet on', () => {
    const { events, decoded, demux } = demuxPackets([
      packet(7, 0, []),
      packet(8, 1, ['a', 'b']),
      packet(9, 2, [unknown]),
      text('hello'),
    ]);
    expect(decoded).toEqual([false, true, true, true]);
    expect(events).toEqual(['message 8 a', 'message 8 b', 'message 9 unknown', 'damage short-packet']);
    const [flow] = demux.flows();
    expect(flow).toMatchObject({ recognisedAs: 'MDP3', packets: 4, unrecognisedPackets: 1, requests: 0 });
  });

  test('MoldUDP64 and MDP 3.0 on two flows', () => {
    const { events, demux } = demuxPackets([
      [0, mold(1, [itch('A')])],
      [1, packet(1, 0, ['a'])],
      [0, mold(2, [])],
    ]);
    expect(events.slice(1)).toEqual(['message 1 a', 'heartbeat 2']);
    expect(demux.sessions().map(({ protocol, messages }) => [protocol, messages])).toEqual([
      ['MoldUDP64', 1],
      ['MDP3', 1],
    ]);
  });

  test('lines A and B are a stream each', () => {
    const { events, demux } = demuxPackets([
      [0, packet(1, 0, ['a'])],
      [1, packet(1, 0, ['a'])],
      [1, packet(3, 2, ['c'])],
      [0, packet(2, 1, ['b'])],
    ]);
    expect(events).toEqual(['message 1 a', 'message 1 a', 'gap 2-2', 'message 3 c', 'message 2 b']);
    expect(demux.sessions().map(({ missing, messages }) => [missing, messages])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  test('without facts nothing is MDP 3.0 unless it is forced', () => {
    const { view, offset, length } = embed(packet(1, 0, ['a']));
    const decode = (force?: 'mdp3') => {
      const demux = new SessionDemux(new Mdp3Log(), { lengthOf, force: () => force });
      return demux.datagram(view, offset, length, 0, makeFlow(), 1, 0);
    };
    expect([decode(), decode('mdp3')]).toEqual([false, true]);
  });

  test('a forced flow is decoded whatever it looks like', () => {
    const { events, decoded } = demuxPackets([packet(3, 0, [unknown]), packet(4, 1, [])], 'mdp3');
    expect(decoded).toEqual([true, true]);
    expect(events).toEqual(['message 3 unknown', 'heartbeat 5']);
    expect(demuxPackets([packet(3, 0, ['a'])], 'none').decoded).toEqual([false]);
  });

  test('the report', () => {
    const { demux } = demuxPackets([
      packet(5, 0, ['a', sbe('', { template: 12 })]),
      packet(8, 3, ['b', sbe('r', { template: 4 })]),
      packet(6, 1, ['c', 'd', 'e']),
      packet(8, 3, ['b']),
      packet(0, 4, ['z']),
      packet(9, 5, []),
    ]);
    expect(demux.sessions()).toEqual([
      {
        protocol: 'MDP3',
        session: null,
        destination: '233.54.12.111:26477',
        source: '10.0.0.1:1000',
        first: 5,
        last: 9,
        gaps: [{ from: 7, to: 7, count: 1 }],
        gapsDropped: 0,
        missing: 1,
        duplicates: 1,
        outOfOrder: 1,
        messages: 9,
        packets: 6,
        unsequenced: 1,
        zeroLength: 0,
        heartbeats: 2,
        endOfSession: false,
        restarts: 0,
        resets: 1,
      },
    ]);
    demux.countAnew();
    expect(demux.sessions()).toMatchObject([{ first: 0, last: 0, messages: 0, packets: 0, resets: 0, missing: 0 }]);
  });
});

describe('Mdp3Decoder', () => {
  const decode = (...packets: Uint8Array[]) => demuxPackets(packets, 'mdp3');

  test('SendingTime of the packet stands on the stream', () => {
    const times: unknown[] = [];
    const decoder = new Mdp3Decoder(
      makeFlow(),
      {
        onMessage: (_view, _offset, _length, timestampNs, sequence, stream) => {
          times.push([sequence, timestampNs, stream.sendingSeconds, stream.sendingNanoseconds]);
        },
      },
      facts,
    );
    for (const [sequence, atNs] of [
      [1, 5],
      [2, 1_999_999_999],
      [1, 5],
    ] as const) {
      const { view, offset, length } = embed(packet(sequence, atNs, ['a']));
      decoder.packet(view, offset, length, atNs * 10, 1, 0);
    }
    expect(times).toEqual([
      [1, 50, 1_700_000_000, 5],
      [2, 19_999_999_990, 1_700_000_001, 999_999_999],
      [1, 50, 1_700_000_000, 5],
    ]);
  });

  const damage: [string, Uint8Array, string[]][] = [
    ['eleven bytes', packet(1, 0, []).subarray(0, 11), ['damage short-packet']],
    ['an overrun', concat(packet(1, 0, ['a']), sized('b', 12)), ['message 1 a', 'damage message-overrun']],
    ['an overrun by one', concat(packet(1, 0, []), sized('b', 12)), ['damage message-overrun']],
    ['a size of 0', concat(packet(1, 0, ['a']), words(0, 0)), ['message 1 a', 'damage message-size']],
    ['a size of 9', concat(packet(1, 0, ['a']), sized('b', 9)), ['message 1 a', 'damage message-size']],
    ['half a size', concat(packet(1, 0, ['a']), Uint8Array.of(11)), ['message 1 a', 'damage trailing-bytes']],
    ['a size and nothing', concat(packet(1, 0, ['a']), words(11)), ['message 1 a', 'damage message-overrun']],
    ['a packet of 12 bytes and one', concat(packet(1, 0, []), Uint8Array.of(11)), ['damage trailing-bytes']],
    [
      'a message cut short',
      packet(1, 0, ['abc', 'defgh']).subarray(0, -1),
      ['message 1 abc', 'damage message-overrun'],
    ],
    ['a block longer than its message', packet(1, 0, [sbe('abc', { blockLength: 99 })]), ['message 1 abc']],
  ];
  test.each(damage)('%s', (_name, bytes, expected) => {
    expect(decode(bytes).events).toEqual(expected);
  });

  test('damage says where it was and what is kept', () => {
    const { damages } = decode(packet(1, 0, ['a']), concat(packet(2, 1, ['a', 'bc']), sized('d', 60)));
    expect(damages).toEqual([
      {
        code: 'message-overrun',
        message:
          'MDP 3.0 packet 2 at byte 100: message 3 at payload byte 35 says a size of 60 where 11 bytes are left; ' +
          'the 2 before it are kept. Was the packet captured whole?',
        record: 2,
        offset: 100,
      },
    ]);
  });

  test('a packet none of whose messages is whole is missing', () => {
    const { events, stream } = decode(packet(1, 0, ['a']), packet(2, 1, ['b']).subarray(0, -1), packet(3, 2, ['c']));
    expect(events).toEqual(['message 1 a', 'damage message-overrun', 'gap 2-2', 'message 3 c']);
    expect([stream.packets, stream.missing]).toEqual([3, 1]);
  });

  test('flows beyond the bound share a stream without numbers', () => {
    const log = new Mdp3Log();
    const table = new StreamTable(1);
    const decoders = [0, 1, 2].map((index) => new Mdp3Decoder(makeFlow(index), log, facts, table));
    for (const decoder of [...decoders, ...decoders]) {
      const { view, offset, length } = embed(packet(9, 0, ['a']));
      decoder.packet(view, offset, length, 0, 1, 0);
    }
    expect(log.events).toEqual([
      'message 9 a',
      'damage too-many-sessions',
      'message 0 a',
      'message 0 a',
      'message 9 a again',
      'message 0 a',
      'message 0 a',
    ]);
    expect(table.streams.map((stream) => [stream.flow?.index, (stream as Mdp3Stream).delivered])).toEqual([
      [0, 2],
      [undefined, 4],
    ]);
  });
});
