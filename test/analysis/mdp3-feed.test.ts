import { describe, expect, test } from 'vitest';
import type { InputSpec } from '../../src/analysis/input.js';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { messageWriter } from '../../src/analysis/message-writer.js';
import { isMdp3 } from '../../src/analysis/protocols.js';
import { CaptureError, SchemaError, UsageError } from '../../src/core/errors.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import { CaptureWindow } from '../../src/replay/window.js';
import { book, configuration, definition, lines, mdpPacket, sbe } from '../run/mdp3.js';
import { inputOf, itch, mold, type Packet, pcapOf, scratch } from '../run/support.js';

const { write } = scratch();
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

/** A schema of one message with one number. */
function sbeXml(version: number, name: string, id: number, schemaId = 1): Uint8Array {
  return utf8(`<messageSchema package="lab" id="${schemaId}" version="${version}" byteOrder="littleEndian"><types>
    <composite name="messageHeader"><type name="blockLength" primitiveType="uint16"/>
    <type name="templateId" primitiveType="uint16"/><type name="schemaId" primitiveType="uint16"/>
    <type name="version" primitiveType="uint16"/></composite></types>
    <message name="${name}" id="${id}" blockLength="4"><field name="ReqID" id="1" type="uint32" offset="0"/></message>
  </messageSchema>`);
}

interface Asked {
  filter?: Partial<FilterSpec>;
  fields?: string[];
  window?: CaptureWindow;
}

/** What `decode` prints, and the codes of damage. */
async function decode(input: InputSpec, { filter, fields = [], window }: Asked = {}) {
  const out: unknown[] = [];
  const damage: string[] = [];
  const feed = await MessageFeed.open(
    input,
    {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (verdict !== 'known' && !(verdict === 'unknown' && isMdp3(stream))) return;
        const text = new TextBuffer();
        if (!writer.write(text, feed.input.reader, view, offset, length, sequence, stream, verdict)) return;
        out.push(JSON.parse(text.toString()));
      },
      onDamage: ({ code, message }) => damage.push(`${code}: ${message}`),
    },
    { filter: { ...noFilter, ...filter }, learnsSymbols: true, ...(window ? { window } : {}) },
  );
  const writer = messageWriter({ format: 'ndjson', fields, int64: 'string' }, feed.protocols);
  await feed.run();
  return { feed, out, damage };
}

const capture = (name: string, packets: readonly Packet[], options: Partial<InputSpec> = {}) =>
  inputOf(write(name, pcapOf(packets)), options);

const es = definition('ESZ5', 505);
const nq = definition('NQZ5', -7);
const packets: Packet[] = [
  { atNs: 0, payload: mdpPacket(1, 0, [es, nq]), flow: lines.instruments },
  { atNs: 10, payload: mdpPacket(7, 10, [book(1, 505), book(2, -7, 505)]), flow: lines.a },
  { atNs: 15, payload: mdpPacket(7, 10, [book(1, 505), book(2, -7, 505)]), flow: lines.b },
  { atNs: 20, payload: mold(1, [itch('S')]) },
  { atNs: 30, payload: mdpPacket(9, 30, [book(3, -7), book(4, 999)]), flow: lines.a },
];
const keys = ['packet', 'sequence', 'protocol', 'channel', 'feed', 'type', 'NoMDEntries.SecurityID'];
const config = write('config.xml', utf8(configuration));

describe('both protocols in one capture', () => {
  test('each message by its own table, symbols behind SecurityIDs once they are defined', async () => {
    const { out, feed, damage } = await decode(capture('both.pcap', packets), { fields: keys });
    const line = { protocol: 'mdp3', channel: null, feed: null, type: '46' };
    const entry = (SecurityID: number, symbol?: string) => ({ SecurityID, ...(symbol ? { symbol } : {}) });
    expect(out).toEqual([
      ...[1, 1].map((packet) => ({ packet, sequence: 1, ...line, type: '54' })),
      ...[2, 3].flatMap((packet) => [
        { packet, sequence: 7, ...line, NoMDEntries: [entry(505, 'ESZ5')] },
        { packet, sequence: 7, ...line, NoMDEntries: [entry(-7, 'NQZ5'), entry(505, 'ESZ5')] },
      ]),
      { packet: 4, sequence: 1, protocol: 'itch50', channel: null, feed: null, type: 'S' },
      { packet: 5, sequence: 9, ...line, NoMDEntries: [entry(-7, 'NQZ5')] },
      { packet: 5, sequence: 9, ...line, NoMDEntries: [entry(999)] },
    ]);
    expect(damage).toEqual([]);
    const sessions = feed.demux.sessions();
    expect(sessions.map(({ protocol, first, last, gaps }) => [protocol, first, last, gaps.length])).toEqual([
      ['MDP3', 1, 1, 0],
      ['MDP3', 7, 9, 1],
      ['MDP3', 7, 7, 0],
      ['MoldUDP64', 1, 1, 0],
    ]);
  });

  test('a channel that is named by more than a number is a string', async () => {
    const odd = configuration.replace('<channel id="310"', '<channel id="0310&quot;E"');
    const channels = write('odd.xml', new Uint8Array(Buffer.from(odd)));
    const { out } = await decode(capture('odd.pcap', packets.slice(1, 2), { channels }));
    expect(out[0]).toMatchObject({ channel: '0310"E', feed: 'A' });
  });

  test('whole lines have the common keys, the header, then the fields by their names in the schema', async () => {
    const { out } = await decode(capture('whole.pcap', packets.slice(1, 2), { channels: config }));
    expect(out[0]).toEqual({
      packet: 1,
      timestampNs: '1767623400000000010',
      sequence: 7,
      protocol: 'mdp3',
      session: null,
      channel: 310,
      feed: 'A',
      sendingTimeNs: '1700000000000000010',
      type: '46',
      name: 'MDIncrementalRefreshBook46',
      templateId: 46,
      version: 9,
      TransactTime: '1700000000000000001',
      MatchEventIndicator: { raw: 132, names: ['LastQuoteMsg', 'EndOfEvent'] },
      NoMDEntries: [
        {
          MDEntryPx: '505.25',
          MDEntrySize: 3,
          SecurityID: 505,
          RptSeq: 1,
          NumberOfOrders: 2,
          MDPriceLevel: 1,
          MDUpdateAction: { value: 0, name: 'New' },
          MDEntryType: { value: '0', name: 'Bid' },
          TradeableSize: null,
        },
      ],
      NoOrderIDEntries: [],
    });
  });

  test.each<[string, Partial<FilterSpec>, string[]]>([
    ['a template', { types: ['54'] }, ['1 54', '1 54']],
    [
      'a template by name, and a type of ITCH',
      { types: ['MDInstrumentDefinitionFuture54', 'S'] },
      ['1 54', '1 54', '4 S'],
    ],
    ['a symbol', { symbols: ['NQZ5'] }, ['1 54', '2 46', '3 46', '5 46']],
    ['a SecurityID', { securityIds: [999] }, ['5 46']],
    ['a line', { channels: ['310'], feeds: ['B'] }, ['3 46', '3 46']],
    ['a symbol on a line without its definition', { feeds: ['B'], symbols: ['NQZ5'] }, ['3 46']],
    ['a destination, by a symbol defined elsewhere', { destinations: ['224.0.32.1'], symbols: ['NQZ5'] }, ['3 46']],
    ['a session is none of MDP', { sessions: ['SESSION'] }, ['4 S']],
    ['a stock locate', { locates: [0] }, ['4 S']],
  ])('filtered by %s', async (name, filter, expected) => {
    const input = capture(`filter-${name.replaceAll(/\W/g, '-')}.pcap`, packets, { channels: config });
    const { out } = await decode(input, { filter, fields: ['packet', 'type'] });
    expect((out as { packet: number; type: string }[]).map(({ packet, type }) => `${packet} ${type}`)).toEqual(
      expected,
    );
  });

  test.each<[string, Partial<FilterSpec>, Partial<InputSpec>, RegExp]>([
    ['a channel without a configuration', { channels: ['310'] }, {}, /--channel needs the exchange's config\.xml/],
    ['a line without one', { feeds: ['A'] }, {}, /--feed needs/],
    [
      'a channel that it lacks',
      { channels: ['999'] },
      { channels: config },
      /--channel 999 is not in the configuration/,
    ],
    ['a line that is none', { feeds: ['AB'] }, { channels: config }, /--feed AB is no line/],
    ['a template that is none', { types: ['65536'] }, {}, /--type '65536' is no message type/],
  ])('refused: %s', async (_name, filter, options, text) => {
    const opening = decode(capture('refused.pcap', packets, options), { filter });
    await expect(opening).rejects.toThrow(UsageError);
    await expect(decode(capture('refused.pcap', packets, options), { filter })).rejects.toThrow(text);
  });
});

describe('symbols', () => {
  const updates = packets.slice(1, 2);

  test('by themselves, null where none is known', async () => {
    const fields = ['NoMDEntries.symbol', 'NoMDEntries.RptSeq'];
    const { out } = await decode(capture('symbols.pcap', [packets[0] as Packet, packets[4] as Packet]), { fields });
    expect(out).toEqual([
      { NoMDEntries: [{ symbol: 'NQZ5', RptSeq: 1 }] },
      { NoMDEntries: [{ symbol: null, RptSeq: 1 }] },
    ]);
  });

  test('from a capture of definitions', async () => {
    const definitions = write('definitions.pcap', pcapOf(packets.slice(0, 1)));
    const input = capture('updates.pcap', updates, { definitions: [definitions] });
    const { out, damage } = await decode(input, { filter: { symbols: ['NQZ5'] }, fields: ['NoMDEntries.SecurityID'] });
    expect(out).toEqual([
      {
        NoMDEntries: [
          { SecurityID: -7, symbol: 'NQZ5' },
          { SecurityID: 505, symbol: 'ESZ5' },
        ],
      },
    ]);
    expect(damage).toEqual([]);
  });

  test('from before the window', async () => {
    const window = new CaptureWindow({ from: { kind: 'offset', ns: 10 } });
    const { out } = await decode(capture('window.pcap', packets), {
      filter: { symbols: ['NQZ5'] },
      fields: ['packet'],
      window,
    });
    expect(out).toEqual([{ packet: 2 }, { packet: 3 }, { packet: 5 }]);
  });

  test('a capture without definitions is told', async () => {
    const none = write('none.pcap', pcapOf(updates));
    const { damage } = await decode(capture('updates2.pcap', updates, { definitions: [none] }));
    expect(damage).toEqual([
      'no-definitions: No instrument definitions of MDP 3.0 are in it, so --definitions gives no symbols.',
    ]);
  });
});

describe('what cannot be decoded', () => {
  const unknown = sbe(Uint8Array.of(1, 2, 3, 4, 5, 6), { template: 206, schema: 2, version: 0, blockLength: 4 });

  test('a message without a template comes with its bytes, what is around it is decoded', async () => {
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [book(1, 505), unknown, book(2, 505)]), flow: lines.a }];
    const { out, feed } = await decode(capture('raw.pcap', all), { fields: ['type', 'name', 'templateId', 'raw'] });
    const known = { type: '46', name: 'MDIncrementalRefreshBook46', templateId: 46 };
    expect(out).toEqual([known, { type: '206', name: null, templateId: 206, raw: '010203040506' }, known]);
    expect([...feed.gate.unknown.values()]).toEqual([
      expect.objectContaining({ type: '206', schemaId: 2, version: 0, length: 14, count: 1 }),
    ]);
  });

  test('a message that contradicts its template is damage, with its group; what is around it is decoded', async () => {
    const lying = book(1, 505);
    // 200 entries in NoMDEntries, behind header, root and the group's block length.
    lying[8 + 11 + 2] = 200;
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [book(1, 505), lying, book(2, 505)]), flow: lines.a }];
    const { out, damage, feed } = await decode(capture('lying.pcap', all), { fields: ['type'] });
    expect(out).toEqual([{ type: '46' }, { type: '46' }]);
    expect(damage).toEqual([
      expect.stringMatching(/^sbe-group: MDP 3\.0 packet 1, .*MDIncrementalRefreshBook46\.NoMDEntries: .*200/),
    ]);
    expect([feed.gate.damagedMessages, feed.gate.unknownMessages]).toEqual([1, 0]);
  });

  /** What must not be decoded into something else: each is message 46 of version 9 with one number changed. */
  test.each<[string, (message: Uint8Array) => void, RegExp]>([
    ['a shorter root', (its) => its.set([10], 0), /sbe-block: .*Book46: a block of 10 bytes where version 9 has 11/],
    ['no entries', (its) => its.set([0], 21), /sbe-rest: .*Book46: 32 bytes behind all that version 9 has/],
    [
      'entries of no bytes',
      (its) => its.set([0], 19),
      /sbe-block: .*NoMDEntries: a block of 0 bytes where version 9 has 32/,
    ],
    ['shorter entries', (its) => its.set([31], 19), /sbe-block: .*NoMDEntries: a block of 31 bytes/],
    ['longer entries', (its) => its.set([33], 19), /Book46/],
  ])('%s of a known version', async (name, change, text) => {
    const lying = book(1, 505);
    change(lying);
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [book(1, 505), lying, book(2, 505)]), flow: lines.a }];
    const { out, damage } = await decode(capture(`${name.replaceAll(' ', '-')}.pcap`, all), { fields: ['type'] });
    expect(out).toEqual([{ type: '46' }, { type: '46' }]);
    expect(damage).toEqual([expect.stringMatching(text)]);
  });

  test('a message may go on behind what a later version is known for', async () => {
    const later = book(1, 505);
    new DataView(later.buffer).setUint16(6, 14, true);
    const longer = new Uint8Array([...later, 1, 2, 3, 4]);
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [longer]), flow: lines.a }];
    const { out, damage } = await decode(capture('later.pcap', all), { fields: ['version', 'NoMDEntries.RptSeq'] });
    expect(out).toEqual([{ version: 14, NoMDEntries: [{ RptSeq: 1 }] }]);
    expect(damage).toEqual([]);
  });

  test('templates take the place of the built-in ones of their version, and of no other', async () => {
    const version13 = sbeXml(13, 'Only13', 46);
    const all = [
      { atNs: 0, payload: mdpPacket(1, 0, [book(1, 505)]), flow: lines.a },
      { atNs: 1, payload: mdpPacket(2, 1, [sbe(new Uint8Array(4), { version: 13 })]), flow: lines.a },
    ];
    const input = capture('versions.pcap', all, { templates: [write('v13.xml', version13)] });
    const { out, damage } = await decode(input, { fields: ['name', 'version'] });
    expect(out).toEqual([
      { name: 'MDIncrementalRefreshBook46', version: 9 },
      { name: 'Only13', version: 13 },
    ]);
    expect(damage).toEqual([]);
    const twice = [write('a.xml', version13), write('b.xml', version13)];
    await expect(decode(capture('twice.pcap', all, { templates: twice }))).rejects.toThrow(
      `${twice[0]} and ${twice[1]} are both schema 1, version 13`,
    );
  });

  test('a template without messages at hand is chosen by its number', async () => {
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [book(1, 505), unknown]), flow: lines.a }];
    const { out } = await decode(capture('by-number.pcap', all), { filter: { types: ['206'] }, fields: ['type'] });
    expect(out).toEqual([{ type: '206' }]);
  });

  test('templates of another schema stand beside the built-in ones', async () => {
    const templates = write('templates.xml', sbeXml(0, 'Ack206', 206, 2));
    const all = [{ atNs: 0, payload: mdpPacket(1, 0, [unknown.subarray(0, 12), book(2, 505)]), flow: lines.a }];
    const input = capture('templates.pcap', all, { templates: [templates] });
    const { out } = await decode(input, { fields: ['name', 'ReqID'] });
    expect(out).toEqual([{ name: 'Ack206', ReqID: 0x04030201 }, { name: 'MDIncrementalRefreshBook46' }]);
  });

  test('files that cannot be read are named', async () => {
    const bad = write('bad.xml', utf8('<messageSchema id="1">'));
    const open = (options: Partial<InputSpec>) => decode(capture('files.pcap', packets, options));
    await expect(open({ templates: ['missing.xml'] })).rejects.toThrow(CaptureError);
    await expect(open({ templates: [bad] })).rejects.toThrow(SchemaError);
    await expect(open({ templates: [bad] })).rejects.toThrow(bad);
    await expect(open({ channels: bad })).rejects.toThrow(bad);
  });
});
