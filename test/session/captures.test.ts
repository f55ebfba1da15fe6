import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import type { Damage } from '../../src/core/seams.js';
import { BinaryFileReader, looksLikeBinaryFile } from '../../src/session/binaryfile.js';
import { SessionDemux } from '../../src/session/demux.js';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { latin1, lengthOf, pump, timestampOf } from './support.js';

/** Counts of a BinaryFILE by message type, as INDEX writes them, and what was damaged. */
function readBinaryFile(path: string, frameByType: boolean, chunkLength: number) {
  const raw = readCapture(`itch50/binaryfile/${path}`);
  const bytes = path.endsWith('.gz') ? new Uint8Array(gunzipSync(raw)) : raw;
  const damages: Damage[] = [];
  const onDamage = (damage: Damage) => damages.push(damage);
  const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf, frameByType, onDamage });
  const byType: Record<string, number> = {};
  let unknown = 0;
  pump(reader, bytes, [chunkLength], ({ view, offset, length }) => {
    const type = latin1(view, offset, 1);
    byType[type] = (byType[type] ?? 0) + 1;
    if (lengthOf(view, offset) !== length) unknown++;
  });
  const format = looksLikeBinaryFile(bytes.subarray(0, 65_536), bytes.length <= 65_536, lengthOf);
  const { packetNumber: messages, framedByType, endOfSession } = reader;
  const codes = damages.map(({ code, record, offset }) => `${code} record ${record} byte ${offset}`);
  return { messages, byType, unknown, codes, framedByType, endOfSession, format };
}

describeCaptures('BinaryFILE', () => {
  const clean = { unknown: 0, codes: [], framedByType: 0, endOfSession: false, format: 'framed' };
  const none = { messages: 0, byType: {} };
  const vectors: [string, frameByType: boolean, object][] = [
    [
      'day-prefix-35k.itch',
      false,
      {
        ...clean,
        messages: 35_581,
        byType: { S: 1, R: 8713, H: 8707, Y: 8707, L: 9453 },
        codes: ['truncated record 35582 byte 1048574'],
      },
    ],
    [
      'aapl-20200130-10k.bin',
      false,
      {
        ...clean,
        messages: 10_000,
        byType: { R: 1, H: 1, Y: 1, L: 52, A: 4758, P: 240, D: 4083, E: 849, X: 6, F: 2, U: 7 },
      },
    ],
    ['day-prefix-1k.itch', false, { ...clean, messages: 1000, byType: { S: 1, R: 993, H: 3, Y: 3 } }],
    [
      'synthetic-8k.NASDAQ_ITCH50',
      false,
      { ...clean, messages: 8009, byType: { S: 6, R: 3, A: 4328, E: 1182, X: 823, D: 1667 } },
    ],
    [
      'zero-length-prefix.TEST_ITCH_50.gz',
      true,
      {
        ...clean,
        messages: 12_012,
        byType: { S: 6, R: 3, H: 3, A: 4997, F: 3, E: 198, D: 1745, P: 5000, U: 12, X: 45 },
        codes: ['zero-length record 1 byte 0'],
        framedByType: 12_012,
        format: 'zero-length',
      },
    ],
    [
      'zero-length-prefix.TEST_ITCH_50.gz',
      false,
      { ...clean, ...none, codes: ['zero-length record 1 byte 0'], format: 'zero-length' },
    ],
    [
      'no-length-prefix.itch',
      true,
      {
        ...clean,
        messages: 224,
        byType: { S: 2, R: 2, A: 200, E: 20 },
        codes: ['no-length-prefix record 1 byte 0'],
        framedByType: 224,
        format: 'no-prefix',
      },
    ],
    [
      'no-length-prefix.itch',
      false,
      { ...clean, ...none, codes: ['no-length-prefix record 1 byte 0'], format: 'no-prefix' },
    ],
    [
      'end-of-session-marker.dat',
      false,
      { ...clean, messages: 4, byType: { f: 1, b: 2, q: 1 }, unknown: 4, endOfSession: true },
    ],
  ];
  test.each(vectors)('%s, by type: %s', (path, frameByType, expected) => {
    expect(readBinaryFile(path, frameByType, 1 << 20)).toEqual(expected);
    expect(readBinaryFile(path, frameByType, 4099)).toEqual(expected);
  });
});

/** What a demux makes of a capture. */
function readDatagrams(path: string) {
  const reader = new CaptureReader({ onDamage: () => {}, checksums: false, tcp: false });
  const heard = { messages: 0, known: 0, gaps: [] as string[], damages: [] as string[] };
  const demux = new SessionDemux(
    {
      onMessage(view, offset, length) {
        heard.messages++;
        if (length > 0 && lengthOf(view, offset) === length) heard.known++;
      },
      onGap: (from, to) => heard.gaps.push(`${from}-${to}`),
      onDamage: ({ code }) => heard.damages.push(code),
    },
    { lengthOf },
  );
  reader.push(readCapture(path));
  reader.end();
  let datagrams = 0;
  let decoded = 0;
  while (reader.next()) {
    const { view, offset, length, flow, packetNumber, fileOffset } = reader;
    datagrams++;
    if (demux.datagram(view, offset, length, 0, flow, packetNumber, fileOffset)) decoded++;
  }
  return { ...heard, datagrams, decoded, demux };
}

function total(folder: string) {
  const sum = { datagrams: 0, decoded: 0, messages: 0, known: 0, damages: 0 };
  const sessions = new Set<string | null>();
  for (const path of listCaptures(folder).filter((name) => /\.(pcap|pcapng|cap)$/.test(name))) {
    const { datagrams, decoded, messages, known, damages, demux } = readDatagrams(path);
    sum.datagrams += datagrams;
    sum.decoded += decoded;
    sum.messages += messages;
    sum.known += known;
    sum.damages += damages.length;
    for (const { session } of demux.sessions()) sessions.add(session);
  }
  return { ...sum, sessions: [...sessions] };
}

describeCaptures('MoldUDP64', () => {
  const itch50 = (packets: number, messages: number, session: string) => ({
    datagrams: packets,
    decoded: packets,
    messages,
    known: messages,
    damages: 0,
    sessions: [session],
  });
  test.each([
    ['nasdaq', itch50(9, 46, '000010059B')],
    ['nasdaq-20230822', itch50(71, 71, '')],
    ['bx', itch50(3, 3, '000010059D')],
    ['bx-20230822', itch50(56, 56, '')],
  ])('itch50/moldudp64/%s', (folder, expected) => {
    expect(total(`itch50/moldudp64/${folder}`)).toEqual(expected);
  });

  test('Multiple.Packets.pcap has a gap of 4,244,620', () => {
    const { demux, gaps } = readDatagrams('itch50/moldudp64/nasdaq/Multiple.Packets.pcap');
    const [report] = demux.sessions();
    expect([report?.destination, report?.first, report?.last, report?.messages, report?.gaps]).toEqual([
      '233.54.12.111:26477',
      14_764_496,
      19_009_154,
      39,
      [{ from: 14_764_497, to: 19_009_116, count: 4_244_620 }],
    ]);
    expect(gaps).toEqual(['14764497-19009116']);
  });

  test('zeroed sequence numbers are unsequenced', () => {
    const { demux } = readDatagrams('itch50/moldudp64/nasdaq-20230822/AddOrderNoMPID.pcap');
    const [report] = demux.sessions();
    expect([report?.first, report?.last, report?.messages, report?.unsequenced, report?.gaps]).toEqual([
      0,
      0,
      5,
      5,
      [],
    ]);
  });

  // UQDF 1.5 and the Japannext and ASX feeds are MoldUDP64 too: the framing is known, the messages are not ITCH 5.0.
  test.each([
    ['jnx/JnxEquities.Pts.Itch.v1.6', { datagrams: 5, decoded: 5, messages: 6, known: 0, sessions: ['1670788904'] }],
    ['other/Asx', { datagrams: 4, decoded: 4, messages: 4, known: 0, sessions: ['1567326030'] }],
    ['utp', { datagrams: 3, decoded: 3, messages: 3, known: 0, sessions: ['000007527Q'] }],
  ])('other dialects: %s', (folder, expected) => {
    expect(total(folder)).toMatchObject({ ...expected, damages: 0 });
  });

  // The captures of ouch, ilink3 and B3 are TCP.
  const foreign: [string, datagrams: number][] = [
    ['cta', 38],
    ['mdp3', 8],
    ['ouch', 0],
    ['ilink3', 0],
    ['other/B3', 0],
    ['other/Cboe', 8],
    ['other/Eurex', 4],
    ['other/Ice', 4],
    ['other/Iex', 4],
    ['other/Memx', 4],
    ['other/Miax', 4],
    ['other/Nyse', 4],
    ['other/Tmx', 4],
  ];
  test.each(foreign)('foreign: %s', (folder, datagrams) => {
    expect(total(folder)).toEqual({ datagrams, decoded: 0, messages: 0, known: 0, damages: 0, sessions: [] });
  });

  test('foreign: every capture of the format suites', () => {
    const { datagrams, ...rest } = total('formats');
    expect(datagrams).toBeGreaterThan(500);
    expect(rest).toEqual({ decoded: 0, messages: 0, known: 0, damages: 0, sessions: [] });
  });
});

describeCaptures('looksLikeBinaryFile', () => {
  test('takes nothing else in the captures for a BinaryFILE', () => {
    const taken: string[] = [];
    for (const path of listCaptures('').filter((name) => !name.startsWith('itch50/binaryfile'))) {
      const bytes = readCapture(path);
      for (const length of [64, 4096, 65_536, 1 << 20]) {
        const format = looksLikeBinaryFile(bytes.subarray(0, length), bytes.length <= length, lengthOf);
        if (format !== 'no') taken.push(`${path} by ${length} bytes: ${format}`);
      }
    }
    expect(taken).toEqual([]);
  });
});
