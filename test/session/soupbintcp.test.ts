import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DEBUG_TEXT, MAX_SOUP_PACKET } from '../../src/session/soupbintcp.js';
import {
  accepted,
  clientHeartbeat,
  demuxPieces,
  endOfSession,
  heartbeat,
  login,
  type PieceParts,
  packet,
  sequenced,
  unsequenced,
} from './soup.js';
import { concat, itch, text } from './support.js';

const lost = (bytes: Uint8Array): PieceParts => ({ join: 'lost', bytes });
const start = (bytes: Uint8Array): PieceParts => ({ join: 'start', bytes });
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(sequenced) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

const vectors: [string, PieceParts[], string[]][] = [
  ['numbered from the login on', [accepted('S1', 7), a, concat(b, c)], ['message 7 a', 'message 8 b', 'message 9 c']],
  [
    'heartbeat and end of session say what comes next',
    [accepted('S1', 7), a, heartbeat, endOfSession],
    ['message 7 a', 'heartbeat 8', 'end 8'],
  ],
  [
    'a packet over three pieces',
    [
      accepted('S1', 1),
      sequenced('hello').subarray(0, 2),
      sequenced('hello').subarray(2, 5),
      concat(sequenced('hello').subarray(5), a),
    ],
    ['message 1 hello', 'message 2 a'],
  ],
  [
    'a header over three pieces',
    [accepted('S1', 1), Uint8Array.of(0), Uint8Array.of(2), concat(text('Sx'), a)],
    ['message 1 x', 'message 2 a'],
  ],
  ['empty messages', [accepted('S1', 1), packet('S'), packet('U')], ['message 1 ', 'message 0 ']],
  [
    'the client: no numbers, and nothing for heartbeats and logout',
    [login('user', 'secret'), unsequenced('order'), clientHeartbeat, packet('O')],
    ['message 0 order'],
  ],
  ['debug is no message', [packet('+', 'hello'), accepted('S1', 1), packet('+', 'hi'), a], ['message 1 a']],
  [
    'joined in the middle',
    [lost(concat(a, b)), heartbeat, c],
    ['message 0 a', 'message 0 b', 'heartbeat 0', 'message 0 c'],
  ],
  ['joined in the middle, then a login', [lost(a), start(accepted('S1', 4)), b], ['message 0 a', 'message 4 b']],
  [
    'bytes lost: unknown numbers, said once',
    [accepted('S1', 1), a, lost(concat(c, d)), lost(e)],
    ['message 1 a', 'damage sequence-unknown', 'message 0 c', 'message 0 d', 'message 0 e'],
  ],
  [
    'bytes lost within a packet',
    [accepted('S1', 1), sequenced('hello').subarray(0, 5), lost(concat(a, b))],
    ['damage cut-packet', 'damage sequence-unknown', 'message 0 a', 'message 0 b'],
  ],
  [
    'bytes lost, the rest of a packet, then packets',
    [accepted('S1', 1), lost(concat(text('rest'), a, b)), c],
    ['damage sequence-unknown', 'damage skipped-bytes', 'message 0 a', 'message 0 b', 'message 0 c'],
  ],
  [
    'bytes lost, nothing to be told in the next piece',
    [accepted('S1', 1), lost(text('none at all')), concat(a, b)],
    ['damage sequence-unknown', 'damage skipped-bytes', 'message 0 a', 'message 0 b'],
  ],
  [
    'bytes lost, four packets and a cut one',
    [accepted('S1', 1), lost(concat(text('rest'), a, b, c, d, text('\0'))), text('\x02Sx')],
    [
      'damage sequence-unknown',
      'damage skipped-bytes',
      'message 0 a',
      'message 0 b',
      'message 0 c',
      'message 0 d',
      'message 0 x',
    ],
  ],
  [
    'a type that is none',
    [accepted('S1', 1), concat(a, packet('X', 'what'), b, c)],
    [
      'message 1 a',
      'damage soup-packet',
      'damage sequence-unknown',
      'damage skipped-bytes',
      'message 0 b',
      'message 0 c',
    ],
  ],
  [
    'a length that is wrong for its type',
    [accepted('S1', 1), concat(packet('H', 'x'), a, b)],
    ['damage soup-packet', 'damage sequence-unknown', 'damage skipped-bytes', 'message 0 a', 'message 0 b'],
  ],
  [
    'a length of nothing',
    [accepted('S1', 1), concat(text('\0\0S'), a, b)],
    ['damage soup-packet', 'damage sequence-unknown', 'damage skipped-bytes', 'message 0 a', 'message 0 b'],
  ],
  [
    'a bad header over two pieces',
    [accepted('S1', 1), Uint8Array.of(9, 9), concat(text('!'), a, b)],
    ['damage soup-packet', 'damage sequence-unknown', 'damage skipped-bytes', 'message 0 a', 'message 0 b'],
  ],
  ['another connection goes on', [accepted('S1', 1), a, start(accepted('S1', 2)), b], ['message 1 a', 'message 2 b']],
  [
    'another connection repeats',
    [accepted('S1', 1), a, b, start(accepted('S1', 2)), b, c],
    ['message 1 a', 'message 2 b', 'message 2 b again', 'message 3 c'],
  ],
  [
    'another connection begins later',
    [accepted('S1', 1), a, start(accepted('S1', 4)), d],
    ['message 1 a', 'gap 2-3', 'message 4 d'],
  ],
  [
    'another connection begins earlier',
    [accepted('S1', 3), c, start(accepted('S1', 1)), a, b, c],
    ['message 3 c', 'message 1 a', 'message 2 b', 'message 3 c again'],
  ],
  ['another session starts anew', [accepted('S1', 1), a, start(accepted('S2', 1)), a], ['message 1 a', 'message 1 a']],
  [
    'another connection within a packet',
    [accepted('S1', 1), a.subarray(0, 3), start(accepted('S1', 1)), a],
    ['damage cut-packet', 'message 1 a'],
  ],
  ['a sequence number that is none', [accepted('S1', 'x1'), a], ['damage login-sequence', 'message 0 a']],
  ['sequence number 0', [accepted('S1', 0), a], ['damage login-sequence', 'message 0 a']],
  ['a sequence number too high', [accepted('S1', '9'.repeat(20)), a], ['damage login-sequence', 'message 0 a']],
  [
    'the capture ends within a packet',
    [accepted('S1', 1), concat(a, b.subarray(0, 2))],
    ['message 1 a', 'damage cut-packet'],
  ],
  [
    'the capture ends before a packet is found',
    [accepted('S1', 1), lost(text('nothing'))],
    ['damage sequence-unknown', 'damage skipped-bytes'],
  ],
];

describe('SoupBinTCP', () => {
  test.each(vectors)('%s', (_name, pieces, expected) => {
    const { events, demux } = demuxPieces(pieces, 'soupbintcp');
    demux.finish();
    expect(events).toEqual(expected);
  });

  test('the longest packet, in pieces', () => {
    const message = 'm'.repeat(MAX_SOUP_PACKET - 3);
    const bytes = concat(accepted('S1', 1), sequenced(message), a);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) =>
      bytes.slice(index * 1000, index * 1000 + 1000),
    );
    expect(demuxPieces(pieces).events).toEqual([`message 1 ${message}`, 'message 2 a']);
  });

  test('the server reported', () => {
    const pieces = [
      packet('+', 'd'.repeat(300)),
      accepted('S1', 5),
      concat(a, b),
      heartbeat,
      packet('+', 'again'),
      endOfSession,
      c.subarray(0, 3),
    ];
    const { demux } = demuxPieces(pieces, 'soupbintcp');
    expect(demux.flows()).toEqual([
      {
        transport: 'TCP',
        source: '10.0.0.1:7000',
        destination: '10.0.0.2:40000',
        packets: 7,
        bytes: 303 + 33 + 8 + 3 + 8 + 3 + 3,
        recognisedAs: 'SoupBinTCP',
        unrecognisedPackets: 0,
        requests: 0,
        direction: 'server',
        logins: 1,
        user: null,
        rejects: 0,
        rejectReason: null,
        heartbeats: 1,
        debug: 2,
        debugText: 'd'.repeat(MAX_DEBUG_TEXT),
        unsequenced: 0,
        logouts: 0,
        endOfSession: true,
        pending: 3,
        skipped: 0,
      },
    ]);
    expect(demux.sessions()).toEqual([
      {
        protocol: 'SoupBinTCP',
        session: 'S1',
        source: '10.0.0.1:7000',
        destination: '10.0.0.2:40000',
        packets: 5,
        messages: 2,
        unsequenced: 0,
        zeroLength: 0,
        heartbeats: 1,
        endOfSession: true,
        first: 5,
        last: 6,
        gaps: [],
        gapsDropped: 0,
        missing: 0,
        duplicates: 0,
        outOfOrder: 0,
      },
    ]);
  });

  test('the client reported, its password nowhere', () => {
    const { demux } = demuxPieces([
      concat(login('trader', 'secret'), unsequenced('order'), clientHeartbeat, packet('O')),
    ]);
    const [flow] = demux.flows();
    expect(flow).toMatchObject({
      direction: 'client',
      logins: 1,
      user: 'trader',
      heartbeats: 1,
      unsequenced: 1,
      logouts: 1,
    });
    expect(JSON.stringify([demux.flows(), demux.sessions(), demux.streams])).not.toContain('secret');
    expect(demux.sessions()).toMatchObject([{ session: null, messages: 1, unsequenced: 1, first: 0, last: 0 }]);
  });

  test.each([
    ['A', 'not authorized'],
    ['S', 'session not available'],
    ['?', 'unknown reason 0x3f'],
  ])('login rejected: %s', (code, reason) => {
    const { demux } = demuxPieces([packet('J', code)]);
    expect(demux.flows()).toMatchObject([{ direction: 'server', rejects: 1, rejectReason: reason }]);
    expect(demux.sessions()).toEqual([]);
  });

  test('a session is named before its first message, and never after', () => {
    const { demux } = demuxPieces(
      [lost(heartbeat), accepted('S1', 1), a, start(accepted('S2', 1)), start(accepted('S1', 2))],
      'soupbintcp',
    );
    expect(demux.streams.map(({ index, protocol, session }) => [index, protocol, session])).toEqual([
      [0, 'SoupBinTCP', 'S1'],
      [1, 'SoupBinTCP', 'S2'],
    ]);
    const late = demuxPieces([lost(a), accepted('S1', 2), b], 'soupbintcp').demux;
    expect(late.streams.map(({ session }) => session)).toEqual([null, 'S1']);
  });

  test('sessions beyond the bound share one that carries no numbers', () => {
    const pieces = Array.from({ length: 1026 }, (_, index) => start(concat(accepted(`S${index}`, 1), a)));
    const { events, demux } = demuxPieces(pieces);
    expect(events.slice(1023)).toEqual(['message 1 a', 'damage too-many-sessions', 'message 0 a', 'message 0 a']);
    expect(demux.streams.length).toBe(1025);
    expect(demux.streams.at(-1)).toMatchObject({ index: 1024, session: null, flow: null, unsequenced: 2 });
  });

  test('damage says where it was and what to do', () => {
    const { damages } = demuxPieces([accepted('S1', 1), lost(concat(text('xyz'), a, b))]);
    const where = 'SoupBinTCP on 10.0.0.1:7000 > 10.0.0.2:40000, packet 2 at byte 100: ';
    const messages = [
      'bytes before are missing, and with them how many messages: from here on messages carry no sequence number until ' +
        'the next login. Capture again without loss.',
      '3 bytes before were passed over, since no packet could be told in them',
    ];
    expect(damages.map(({ message }) => message)).toEqual(messages.map((message) => where + message));
    expect(damages[0]).toMatchObject({ record: 2, offset: 100 });
  });

  test('however the stream is cut, the messages are the same', () => {
    const packets = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }).map(sequenced),
        fc.constant(heartbeat),
        fc.uint8Array({ maxLength: 9 }).map((bytes) => packet('+', bytes)),
        fc.constant(sequenced(itch('A'))),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (list, cuts) => {
        const bytes = concat(accepted('S1', 1), ...list);
        const whole = demuxPieces([bytes]).events;
        const pieces: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const length = cuts[turn % cuts.length] as number;
          pieces.push(bytes.slice(at, at + length));
          at += length;
        }
        expect(demuxPieces(pieces).events).toEqual(whole);
        expect(whole.filter((event) => event.startsWith('message')).length).toBe(
          list.filter((one) => one[2] === 0x53).length,
        );
      }),
    );
  });
});
