import { describe, expect, test } from 'vitest';
import { demuxMdp3Pieces, sbe, sized, tcpPacket, words } from './mdp3-build.js';
import { accepted, sequenced } from './soup.js';
import { concat, itch, text } from './support.js';

const unknown = sbe('unknown', { template: 206, schema: 2, version: 0 });
const three = concat(tcpPacket(1, 0, ['a']), tcpPacket(2, 1, ['bb', 'ccc']), tcpPacket(3, 2, ['d']));
const heard = ['message 1 a', 'message 2 bb', 'message 2 ccc', 'message 3 d'];

describe('recognition', () => {
  const vectors: [string, Uint8Array[], boolean[]][] = [
    ['a header and a known message', [tcpPacket(1, 0, ['a'])], [true]],
    ['a header and an unknown message', [tcpPacket(1, 0, [unknown])], [true]],
    ['a message without a body', [tcpPacket(1, 0, [sbe('', { template: 210, schema: 2, version: 0 })])], [true]],
    ['an unknown message, then the beginning of a header', [tcpPacket(1, 0, [unknown]), words(0xcafe)], [true, true]],
    ['a header alone', [tcpPacket(1, 0, [])], [false]],
    ['two headers', [tcpPacket(1, 0, []), tcpPacket(2, 1, [])], [false, true]],
    [
      'byte for byte',
      [...three].slice(0, 30).map((byte) => Uint8Array.of(byte)),
      [...Array(24).fill(false), ...Array(6).fill(true)],
    ],
    ['another mark', [concat(words(0xcaff), tcpPacket(1, 0, ['a']).subarray(2))], [false]],
    ['sent in 1970', [tcpPacket(1, -1_700_000_000_000_000_000n, ['a'])], [false]],
    ['a message size of 9', [concat(tcpPacket(1, 0, []), sized('abc', 9))], [false]],
    ['a block longer than its message', [tcpPacket(1, 0, [sbe('abc', { blockLength: 4 })])], [false]],
    ['SoupBinTCP', [concat(accepted('S', 1), sequenced(itch('A')))], [true]],
    ['iLink 3: a length, then 0xCAFE', [concat(words(26, 0xcafe), sbe('abcdefghijklmn'))], [false]],
    ['text', [text('8=FIX.4.4|9=100|35=W|')], [false]],
  ];
  // biome-ignore format: a table
  test.each(vectors)('%s', (_name, pieces, expected) => {
    expect(demuxMdp3Pieces(pieces).decoded).toEqual(expected);
  });

  test('in the middle of a stream: by a known message anywhere, from there on', () => {
    const { events, decoded, demux } = demuxMdp3Pieces([
      { join: 'lost', bytes: concat(text('the end of something'), three) },
    ]);
    expect(decoded).toEqual([true]);
    expect(events).toEqual(['damage skipped-bytes', ...heard]);
    expect(demux.flows()).toMatchObject([{ recognisedAs: 'MDP3-TCP', skipped: 20, pending: 0 }]);
  });

  test('pieces that were held count as recognised', () => {
    const { events, demux } = demuxMdp3Pieces([three.subarray(0, 20), three.subarray(20)]);
    expect(events).toEqual(heard);
    expect(demux.flows()).toMatchObject([{ packets: 2, unrecognisedPackets: 0 }]);
  });
});

describe('pieces', () => {
  test('cut anywhere, the same is heard', () => {
    for (let at = 1; at < three.length; at++) {
      const { events, decoded } = demuxMdp3Pieces([three.subarray(0, at), three.subarray(at)], 'mdp3');
      expect([at, events, decoded]).toEqual([at, heard, [true, true]]);
    }
  });

  test('byte for byte', () => {
    const { events } = demuxMdp3Pieces(
      [...three].map((byte) => Uint8Array.of(byte)),
      'mdp3',
    );
    expect(events).toEqual(heard);
  });

  test('a header without messages is a heartbeat', () => {
    const { events } = demuxMdp3Pieces(
      [concat(tcpPacket(1, 0, []), tcpPacket(2, 1, ['a']), tcpPacket(3, 2, []))],
      'mdp3',
    );
    expect(events).toEqual(['heartbeat 2', 'message 2 a', 'heartbeat 4']);
  });

  test('the longest message', () => {
    const body = 'x'.repeat(0xcafd - 10);
    const bytes = tcpPacket(1, 0, [body, 'a']);
    const { events } = demuxMdp3Pieces([bytes.subarray(0, 1000), bytes.subarray(1000, 30_000), bytes.subarray(30_000)]);
    expect(events).toEqual([`message 1 ${body}`, 'message 1 a']);
  });

  test('gaps, repeats and numbers that begin anew', () => {
    const { events, demux } = demuxMdp3Pieces([
      concat(tcpPacket(1, 0, ['a']), tcpPacket(3, 2, ['c']), tcpPacket(3, 2, ['c']), tcpPacket(1, 9, ['a'])),
    ]);
    expect(events).toEqual(['message 1 a', 'gap 2-2', 'message 3 c', 'message 3 c again', 'restart 1', 'message 1 a']);
    expect(demux.sessions()).toMatchObject([
      { protocol: 'MDP3-TCP', packets: 4, messages: 4, missing: 1, duplicates: 1, restarts: 1 },
    ]);
  });

  test('every connection is numbered by itself', () => {
    const { events } = demuxMdp3Pieces([
      tcpPacket(5, 0, ['a']),
      { join: 'start', bytes: tcpPacket(6, 1, ['b']) },
      { join: 'start', bytes: tcpPacket(1, 2, ['c']) },
    ]);
    expect(events).toEqual(['message 5 a', 'restart 6', 'gap 1-5', 'message 6 b', 'restart 1', 'message 1 c']);
  });
});

describe('loss and damage', () => {
  const next = tcpPacket(9, 9, ['z']);
  const found = ['gap 2-8', 'message 9 z'];
  const vectors: [string, Uint8Array, string[]][] = [
    ['a size of 0', words(0, 0, 0), ['damage message-size', 'damage skipped-bytes']],
    ['a size of 9', sized('b', 9), ['damage message-size', 'damage skipped-bytes']],
    ['a size above 0xCAFE', words(0xcaff, 0, 0), ['damage message-size', 'damage skipped-bytes']],
    ['a header that is none', sized(sbe('b', { blockLength: 2 })), ['damage message-header', 'damage skipped-bytes']],
    ['a schema above 255', sized(sbe('b', { schema: 256 })), ['damage message-header', 'damage skipped-bytes']],
  ];
  test.each(vectors)('%s: the next header is looked for', (_name, bytes, expected) => {
    const { events, demux } = demuxMdp3Pieces([concat(tcpPacket(1, 0, ['a']), bytes, next)]);
    expect(events).toEqual(['message 1 a', ...expected, ...found]);
    expect(demux.flows()).toMatchObject([{ skipped: bytes.length, pending: 0 }]);
  });

  test('a size that is too small', () => {
    const broken = concat(tcpPacket(2, 1, []), sized('b'.repeat(40), 20), tcpPacket(3, 2, ['c']));
    const { events } = demuxMdp3Pieces([concat(tcpPacket(1, 0, ['a']), broken, next)]);
    expect(events).toEqual([
      'message 1 a',
      'damage message-header',
      'damage skipped-bytes',
      'gap 2-2',
      'message 3 c',
      'gap 4-8',
      'message 9 z',
    ]);
  });

  test('bytes are missing: the next header is looked for, in as many pieces as it takes', () => {
    for (let at = 1; at < next.length; at++) {
      const { events } = demuxMdp3Pieces([
        tcpPacket(1, 0, ['a', 'b']).subarray(0, -4),
        { join: 'lost', bytes: concat(text('rest'), next.subarray(0, at)) },
        concat(next.subarray(at), tcpPacket(10, 10, ['y'])),
      ]);
      expect([at, ...events]).toEqual([
        at,
        'message 1 a',
        'damage cut-packet',
        'damage skipped-bytes',
        ...found,
        'message 10 y',
      ]);
    }
  });

  test('what the end leaves', () => {
    const cut = demuxMdp3Pieces([concat(tcpPacket(1, 0, ['a']), sized('bcd').subarray(0, 7))]);
    expect(cut.events).toEqual(['message 1 a', 'damage cut-packet']);
    expect(cut.damages[0]?.message).toContain('the capture ends within a message or header: its first 7 bytes');
    const strange = demuxMdp3Pieces([
      tcpPacket(1, 0, ['a']),
      { join: 'lost', bytes: concat(text('rest'), words(0xcafe)) },
    ]);
    expect(strange.events).toEqual(['message 1 a', 'damage skipped-bytes']);
    expect(strange.demux.flows()).toMatchObject([{ skipped: 6 }]);
  });
});
