import { describe, expect, test } from 'vitest';
import { findSoupPackets, looksLikeSoupBinTCP } from '../../src/session/soupbintcp-chain.js';
import { MAX_HELD_BYTES } from '../../src/session/soupbintcp-recogniser.js';
import { MAX_SEARCHED_PIECES } from '../../src/session/tcp-recogniser.js';
import {
  accepted,
  clientHeartbeat,
  demuxPieces,
  endOfSession,
  heartbeat,
  login,
  packet,
  sequenced,
  unsequenced,
} from './soup.js';
import { block, concat, embed, itch, itchTypes, lengthOf, text } from './support.js';

describe('looksLikeSoupBinTCP', () => {
  const vectors: [string, Uint8Array, boolean][] = [
    ['login accepted', accepted('S1', 1), true],
    ['login request', login('user', 'secret'), true],
    ['login rejected', packet('J', 'A'), true],
    ['server heartbeat', heartbeat, true],
    ['client heartbeat', clientHeartbeat, true],
    ['end of session', endOfSession, true],
    ['logout', packet('O'), true],
    ['an unsequenced message', unsequenced('order'), true],
    ['messages of an unknown application', concat(sequenced('foo'), sequenced('ba')), true],
    ['a known message, then a packet cut', concat(sequenced(itch('A')), text('\0')), true],
    [
      'three unknown messages, then a packet cut',
      concat(sequenced('a'), sequenced('b'), sequenced('c'), text('\0\x40S')),
      true,
    ],
    ['two unknown messages, then a packet cut', concat(sequenced('a'), sequenced('b'), text('\0\x40S')), false],
    ['a packet cut alone', sequenced('hello').subarray(0, 7), false],
    ['a known message, then what is none', concat(sequenced(itch('A')), text('\0\x05X')), false],
    ['a login without a number', accepted('S1', 'none'), false],
    ['a heartbeat that is too long', packet('H', 'x'), false],
    ['a length of nothing', text('\0\0S'), false],
    ['ITCH messages behind their lengths, a system event', block(itch('S')), false],
    ['ITCH messages behind their lengths, replacing', concat(block(itch('U')), block(itch('U'))), false],
    ['text', text('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'), false],
    ['FIX', text('8=FIX.4.4\x019=108\x0135=A\x0134=1\x01'), false],
    ['zeros', new Uint8Array(100), false],
    ['nothing', new Uint8Array(0), false],
  ];
  test.each(vectors)('%s', (_name, payload, expected) => {
    const { view, offset, length } = embed(payload);
    expect(looksLikeSoupBinTCP(view, offset, length, lengthOf)).toBe(expected);
  });
});

test('packets are found behind anything', () => {
  const find = (...parts: (Uint8Array | string)[]) => {
    const { view, offset, length } = embed(
      concat(...parts.map((part) => (typeof part === 'string' ? text(part) : part))),
    );
    const at = findSoupPackets(view, offset, offset + length, lengthOf);
    return at < 0 ? at : at - offset;
  };
  const [a, b] = [sequenced('a'), sequenced('b')];
  expect(find('rest', a, b)).toBe(4);
  expect(find('rest', a)).toBe(-1);
  expect(find('rest', a, b, '\0')).toBe(-1);
  expect(find('rest', a, b, a, b, '\0')).toBe(4);
  expect(find('rest', a, '!', a, b)).toBe(9);
  expect(find('rest')).toBe(-1);
  expect(find()).toBe(-1);
});

describe('a TCP stream is recognised', () => {
  const messages = itchTypes.map((type) => sequenced(itch(type)));

  test('from its opening on, in pieces of one byte', () => {
    const bytes = concat(accepted('S1', 3), sequenced('a'));
    const { events, decoded, demux } = demuxPieces(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(events).toEqual(['message 3 a']);
    expect(decoded.indexOf(true)).toBe(32);
    expect(demux.flows()).toMatchObject([{ packets: bytes.length, bytes: bytes.length, unrecognisedPackets: 0 }]);
  });

  test('not from bytes before some that are missing', () => {
    const bytes = accepted('S1', 3);
    const { events, demux } = demuxPieces([
      bytes.subarray(0, 10),
      { join: 'lost', bytes: bytes.subarray(10) },
      sequenced('a'),
    ]);
    expect(events).toEqual(['message 0 a']);
    expect(demux.flows()).toMatchObject([{ unrecognisedPackets: 2 }]);
  });

  test('in the middle, where pieces begin within packets', () => {
    const bytes = concat(...messages).subarray(5);
    const { events, demux } = demuxPieces([{ join: 'lost', bytes: bytes.subarray(0, 300) }, bytes.subarray(300)]);
    expect(events[0]).toBe('damage skipped-bytes');
    expect(events.length).toBe(messages.length);
    expect(demux.flows()).toMatchObject([{ recognisedAs: 'SoupBinTCP', unrecognisedPackets: 0, skipped: 10 }]);
  });

  test('in the middle, as long as it is searched', () => {
    const noise = Array.from({ length: MAX_SEARCHED_PIECES }, () => text('noise'));
    const bytes = concat(...messages).subarray(5);
    expect(demuxPieces([...noise.slice(1), bytes]).decoded.at(-1)).toBe(true);
    expect(demuxPieces([...noise, bytes]).decoded.at(-1)).toBe(false);
    expect(demuxPieces([...noise, bytes, heartbeat]).decoded.at(-1)).toBe(true);
  });

  test('nothing is held over to a connection that is opened anew', () => {
    const start = { join: 'start', bytes: accepted('S1', 1).subarray(0, 20) } as const;
    expect(demuxPieces([start, { join: 'start', bytes: heartbeat }]).decoded).toEqual([false, true]);
  });

  test('no more is held than allowed', () => {
    const bytes = concat(sequenced('x'.repeat(MAX_HELD_BYTES)), heartbeat);
    const hold = (first: number) => demuxPieces([bytes.subarray(0, first), bytes.subarray(first)]).decoded;
    expect(hold(MAX_HELD_BYTES)).toEqual([false, true]);
    expect(hold(MAX_HELD_BYTES + 1)).toEqual([false, false]);
  });

  test('by force or never', () => {
    expect(demuxPieces([text('what'), heartbeat], 'none').decoded).toEqual([false, false]);
    expect(demuxPieces([text('what'), heartbeat], 'moldudp64').decoded).toEqual([false, true]);
    const { decoded, demux, flows } = demuxPieces([text('what'), heartbeat], 'soupbintcp');
    expect(decoded).toEqual([true, true]);
    expect([...flows.values()].map((flow) => demux.isRecognised(flow))).toEqual([true]);
  });
});
