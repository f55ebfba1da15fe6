import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { CaptureError, SinkError, UsageError } from '../../src/core/errors.js';
import { parseWhen } from '../../src/core/time.js';
import { noFilter } from '../../src/replay/filter.js';
import { Conversion } from '../../src/run/convert.js';
import { type ConvertOptions, type ConvertReport, convertSpecOf } from '../../src/run/convert-spec.js';
import { parseRemapping } from '../../src/run/remap.js';
import { noRestamp } from '../../src/run/restamp.js';
import { capturePath, describeCaptures } from '../support/captures.js';
import {
  binaryFileOf,
  block,
  concat,
  gapsFixture,
  gzipFixture,
  itch,
  linesIn,
  makeFlow,
  message,
  mold,
  type Packet,
  pcapFixture,
  pcapOf,
  scratch,
} from './support.js';

const { folder, write } = scratch();
const out = (name: string) => join(folder, name);

async function convert(input: string | string[], output: string, options: ConvertOptions = {}): Promise<ConvertReport> {
  const conversion = await Conversion.open(convertSpecOf(input, output, options), () => {});
  return await conversion.run();
}

/** The messages of a capture as `number: bytes in hex`, in file order. */
async function messagesIn(path: string): Promise<string[]> {
  const messages: string[] = [];
  const feed = await MessageFeed.open(path, {
    onMessage(view, offset, length, _ns, sequence) {
      const bytes = Buffer.from(view.buffer, view.byteOffset + offset, length);
      messages.push(`${sequence}: ${bytes.toString('hex')}`);
    },
  });
  await feed.run();
  return messages;
}

const bare = (messages: string[]) => messages.map((one) => one.slice(one.indexOf(' ') + 1));

/** Packets of one D message each, a millisecond apart. */
const packets = (numbers: number[], options: { session?: string; flow?: Packet['flow']; offsetNs?: number } = {}) =>
  numbers.map((number): Packet => {
    const atNs = number * 1e6 + (options.offsetNs ?? 0);
    const payload = mold(number, [message('D', number * 1e6)], options.session ? { session: options.session } : {});
    return { atNs, payload, ...(options.flow ? { flow: options.flow } : {}) };
  });

const one = write('one.pcap', pcapOf(packets([1, 2, 3, 4, 5])));

describe('there and back', () => {
  /** Messages as a clean BinaryFILE has them: mostly known, some not. */
  const anyMessage = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom('A', 'D', 'E', 'U', 'S'), fc.nat(3), fc.nat(255))
        .map(([type, ms, fill]) => itch(type, 34_200e9 + ms * 1e6, fill)),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Uint8Array.from([0x7a, ...bytes])),
    },
  );
  const setup = fc.record({
    format: fc.constantFrom('pcap' as const, 'pcapng' as const),
    framing: fc.constantFrom('moldudp64' as const, 'soupbintcp' as const),
    mtu: fc.integer({ min: 128, max: 1500 }),
    pack: fc.constantFrom('timestamp' as const, 'mtu' as const),
    ends: fc.boolean(),
  });
  const opening = Array.from({ length: 8 }, () => itch('R', 34_200e9));

  test('BinaryFILE → capture → BinaryFILE is the same file, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMessage, { maxLength: 40 }),
        setup,
        async (rest, { format, framing, mtu, pack, ends }) => {
          const messages = [...opening, ...rest];
          const bytes = ends ? binaryFileOf(messages) : concat(...messages.map(block));
          const file = write('20260105.itch', bytes);
          const middle = out(`middle.${format}`);
          const report = await convert(file, middle, { framing, mtu, pack });
          expect(report).toMatchObject({ messages: messages.length, damageTotal: 0, framing });
          await convert(middle, out('back.itch'));
          expect(Buffer.from(bytes).equals(readFileSync(out('back.itch')))).toBe(true);
          // And once more, from the file that came back: the same messages, from 1.
          await convert(out('back.itch'), out('again.pcap'), { mtu, pack });
          expect(await messagesIn(out('again.pcap'))).toEqual(
            messages.map((message, index) => `${index + 1}: ${Buffer.from(message).toString('hex')}`),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each(['pcap', 'pcapng'] as const)('the fixture by %s', async (format) => {
    await convert(gzipFixture, out('fixture.itch'));
    await convert(out('fixture.itch'), out(`fixture.${format}`), { pack: 'mtu' });
    await convert(out(`fixture.${format}`), out('back.itch'));
    expect(readFileSync(out('back.itch')).equals(readFileSync(out('fixture.itch')))).toBe(true);
    expect(bare(await messagesIn(out(`fixture.${format}`)))).toEqual(bare(await messagesIn(pcapFixture)));
  });
});

describe('datagrams as they were', () => {
  test('payloads, boundaries, stamps, addresses, heartbeats and foreign datagrams', async () => {
    const foreign: Packet = { atNs: 5, payload: Uint8Array.of(1, 2, 3), flow: makeFlow(1, 9) };
    const heartbeat: Packet = { atNs: 7e6, payload: mold(6, []) };
    const file = write('mixed.pcap', pcapOf([foreign, ...packets([1, 2, 4]), heartbeat, ...packets([9])]));
    for (const format of ['pcapng', 'pcap'] as const) {
      const report = await convert(file, out(`verbatim.${format}`));
      expect(await linesIn(out(`verbatim.${format}`))).toEqual(await linesIn(file));
      expect(report).toMatchObject({ framing: 'verbatim', packets: 6, messages: 4, gapsTotal: 2, missing: 5 });
    }
    expect(readFileSync(out('verbatim.pcap'))).toEqual(readFileSync(file));
  });

  test('re-stamped, remapped, in a window and of one destination', async () => {
    const other = packets([1, 2], { session: 'OTHER', flow: makeFlow(1, 1) });
    const file = write('two.pcap', pcapOf([...packets([1, 2, 3, 4, 5]), ...other].sort((a, b) => a.atNs - b.atNs)));
    const report = await convert(file, out('part.pcap'), {
      filter: { ...noFilter, destinations: [':26477'] },
      from: parseWhen('09:30:00.002'),
      until: parseWhen('09:30:00.005'),
      restamp: { ...noRestamp, start: parseWhen('2026-01-05T14:30:00Z'), speed: 2 },
      remapDestinations: [parseRemapping('233.54.12.111:26477=[2001:db8::1]:7')],
      remapSources: [parseRemapping('[2001:db8::2]:8')],
    });
    const name = '[2001:db8::2]:8 > [2001:db8::1]:7';
    const lines = await linesIn(out('part.pcap'));
    expect(lines.map(({ atNs, flow, header }) => [atNs, flow, header])).toEqual([
      [0, name, 'SESSION 2 1'],
      [500_000, name, 'SESSION 3 1'],
      [1_000_000, name, 'SESSION 4 1'],
    ]);
    expect(report).toMatchObject({ records: 3, packets: 3, messages: 3, seconds: 0.001 });
  });

  test('what the capture cut is left out unless it is asked for', async () => {
    const bytes = pcapOf(packets([1, 2]));
    const view = new DataView(bytes.buffer);
    // The last record loses its last 5 bytes.
    const last = 24 + (bytes.length - 24) / 2;
    view.setUint32(last + 8, view.getUint32(last + 8, true) - 5, true);
    const file = write('cut.pcap', bytes.subarray(0, bytes.length - 5));
    expect(await convert(file, out('whole.pcap'))).toMatchObject({ packets: 1, truncated: 1 });
    expect(await convert(file, out('all.pcap'), { allowTruncated: true })).toMatchObject({ packets: 2, truncated: 0 });
    expect(await convert(file, out('all.itch'))).toMatchObject({ messages: 1, truncated: 0, damageTotal: 2 });
  });

  test('streams of TCP are left out of datagrams, and counted', async () => {
    await convert(write('20260105.soup.itch', binaryFileOf([message('D')])), out('tcp.pcap'), {
      framing: 'soupbintcp',
    });
    const report = await convert([out('tcp.pcap'), one], out('udp.pcap'));
    expect(report).toMatchObject({ framing: 'moldudp64', session: 'TICKREEL01', messages: 1 });
    const late = write('late.pcap', pcapOf(packets([1, 2], { offsetNs: -1e9 })));
    expect(await convert([out('tcp.pcap'), late], out('udp.pcap'))).toMatchObject({
      framing: 'verbatim',
      packets: 2,
      messages: 2,
      tcpPieces: 3,
      gapsTotal: 0,
    });
  });

  test('of an empty capture nothing is written', async () => {
    const report = await convert(write('none.pcap', pcapOf([])), out('none.pcapng'));
    expect(report).toMatchObject({ packets: 0, messages: 0, first: null, last: null, seconds: 0 });
    expect(existsSync(out('none.pcapng'))).toBe(false);
  });
});

describe('messages framed anew', () => {
  test('two lines with losses and delays are one sequence', async () => {
    const a = packets([1, 2, 4, 5, 7, 9]);
    const b = packets([1, 3, 2, 4, 6, 7], { flow: makeFlow(1), offsetNs: 2e6 + 1 });
    const file = write('ab.pcap', pcapOf([...a, ...b].sort((x, y) => x.atNs - y.atNs)));
    const report = await convert(file, out('arbitrated.pcap'), { framing: 'moldudp64' });
    const written = await messagesIn(out('arbitrated.pcap'));
    expect(written.map((line) => Number.parseInt(line, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 9]);
    expect(report).toMatchObject({
      framing: 'moldudp64',
      session: 'SESSION',
      messages: 8,
      gaps: [{ from: 8, to: 8, count: 1 }],
      gapsTotal: 1,
      missing: 1,
      duplicates: 4,
      otherSessions: [],
    });
  });

  test('two files are two lines', async () => {
    const a = write('a.pcap', pcapOf(packets([1, 3, 5])));
    const b = write('b.pcap', pcapOf(packets([2, 3, 4], { flow: makeFlow(1), offsetNs: 1 })));
    expect(await convert([a, b], out('ab.itch'))).toMatchObject({ messages: 5, gapsTotal: 0, duplicates: 1 });
  });

  test('other sessions are left out and named', async () => {
    const other = packets([1, 2], { session: 'OTHER', flow: makeFlow(1) });
    const file = write('sessions.pcap', pcapOf([...packets([1, 2, 3]), ...other]));
    const first = await convert(file, out('first.itch'));
    expect(first).toMatchObject({
      messages: 3,
      session: 'SESSION',
      otherSessions: [{ session: 'OTHER', messages: 2 }],
    });
    const chosen = await convert(file, out('chosen.pcap'), { filter: { ...noFilter, sessions: ['OTHER'] } });
    expect(chosen).toMatchObject({ messages: 2, session: 'OTHER', otherSessions: [] });
    expect((await linesIn(out('chosen.pcap'))).map(({ header }) => header)).toEqual(['OTHER 1 1', 'OTHER 2 1']);
  });

  test.each<[string, ConvertOptions, number[]]>([
    ['as they were', { framing: 'moldudp64' }, [10, 11, 12, 13, 14]],
    ['from another number', { resequence: 100 }, [100, 101, 102, 103, 104]],
    ['filtered, from 1', { filter: { ...noFilter, types: ['A'] } }, [1, 2]],
    ['filtered, as they were', { filter: { ...noFilter, types: ['A'] }, keepSequence: true }, [11, 13]],
    ['filtered, from another number', { filter: { ...noFilter, types: ['A'] }, resequence: 7 }, [7, 8]],
  ])('numbers %s', async (_, options, numbers) => {
    const file = write(
      'typed.pcap',
      pcapOf(
        ['D', 'A', 'D', 'A', 'D'].map((type, index) => ({
          atNs: index * 1e6,
          payload: mold(10 + index, [message(type)]),
        })),
      ),
    );
    await convert(file, out('numbered.pcap'), options);
    expect((await messagesIn(out('numbered.pcap'))).map((line) => Number.parseInt(line, 10))).toEqual(numbers);
  });

  test('a symbol is known by the locate that it had before the window', async () => {
    const directory = message('R', 0, 7, [11, 'AAPL']);
    const file = write(
      'symbol.pcap',
      pcapOf([
        { atNs: 0, payload: mold(1, [directory, message('R', 0, 8, [11, 'MSFT'])]) },
        { atNs: 2e9, payload: mold(3, [message('D', 2e9, 7), message('D', 2e9, 8), message('E', 2e9, 7)]) },
      ]),
    );
    const report = await convert(file, out('symbol.itch'), {
      filter: { ...noFilter, symbols: ['AAPL'] },
      from: parseWhen('+1s'),
    });
    expect(report).toMatchObject({ messages: 2, filtered: 1, gapsTotal: 0, records: 1 });
  });

  test("each message's own time, and the sender's and receiver's addresses", async () => {
    const payload = mold(1, [message('D', 3_000), message('D', 3_000), message('E', 4_000), new Uint8Array([0x7a, 1])]);
    const file = write('own.pcap', pcapOf([{ atNs: 60_000, payload }]));
    await convert(file, out('own-out.pcap'), { restamp: { ...noRestamp, exchange: true }, sessionName: 'MINE' });
    const lines = await linesIn(out('own-out.pcap'));
    expect(lines.map(({ atNs, header, flow }) => [atNs, header, flow])).toEqual([
      [3_000, 'MINE 1 2', makeFlow().name],
      [4_000, 'MINE 3 1', makeFlow().name],
      [60_000, 'MINE 4 1', makeFlow().name],
    ]);
  });

  test('the end of the session, unless the window cuts it off', async () => {
    const end: Packet = { atNs: 9e6, payload: mold(6, [], { count: 0xffff }) };
    const file = write('ended.pcap', pcapOf([...packets([1, 2, 3, 4, 5]), end]));
    const length = async (options: ConvertOptions) => {
      await convert(file, out('ended.itch'), options);
      return readFileSync(out('ended.itch')).length;
    };
    expect(await length({})).toBe(5 * 21 + 2);
    expect(await length({ until: parseWhen('+7ms') })).toBe(5 * 21);
    expect(await length({ from: parseWhen('+3ms') })).toBe(2 * 21 + 2);
  });

  test('a gap that only a heartbeat tells of, and messages that a BinaryFILE cannot hold', async () => {
    const file = write(
      'tail.pcap',
      pcapOf([
        { atNs: 0, payload: mold(1, [message('D'), new Uint8Array(0)]) },
        { atNs: 1, payload: mold(5, []) },
      ]),
    );
    expect(await convert(file, out('tail.itch'))).toMatchObject({
      messages: 1,
      zeroLength: 1,
      gaps: [{ from: 3, to: 4, count: 2 }],
    });
  });

  test('damage is told, and all that is valid delivered', async () => {
    const whole = readFileSync(pcapFixture);
    const file = write('damaged.pcap', whole.subarray(0, whole.length - 10));
    const report = await convert(file, out('damaged.itch'));
    expect(report.damage).toMatchObject([{ file }]);
    // What was lost is the end-of-session packet.
    expect(report).toMatchObject({ messages: 10_000, damageTotal: 1 });
  });
});

describe('refused', () => {
  test.each<[string, ConvertOptions, RegExp]>([
    ['x.itch', { framing: 'moldudp64', mtu: 1000 }, /leave out framing, mtu/],
    ['x.itch', { resequence: 1, restamp: { ...noRestamp, shiftNs: 1 } }, /leave out resequence, re-stamping/],
    ['x.pcap', { keepSequence: true, resequence: 1 }, /contradict/],
    ['x.txt', {}, /--format/],
    ['x.pcap', { restamp: { ...noRestamp, speed: 0 } }, /above 0/],
    ['x.pcap', { filter: { ...noFilter, types: ['long'] } }, /--type/],
    ['x.pcap', { sessionName: 'much too long' }, /10 printable/],
    ['x.pcap', { mtu: 5 }, /MTU/],
    [
      'x.pcap',
      { from: parseWhen('09:31:00'), until: parseWhen('09:30:00') },
      /until \(09:30:00\) lies before from \(09:31:00\)/,
    ],
  ])('%s %j', async (output, options, text) => {
    await expect(convert(one, out(output), options)).rejects.toThrow(UsageError);
    await expect(convert(one, out(output), options)).rejects.toThrow(text);
    expect(existsSync(out(output)) && output !== 'x.pcap').toBe(false);
  });

  test('the input as output, a BinaryFILE without destinations, a file that is nothing', async () => {
    const before = readFileSync(one);
    await expect(convert(one, one)).rejects.toThrow(SinkError);
    await expect(convert([gzipFixture, one], one)).rejects.toThrow(/is the capture that is being read/);
    expect(readFileSync(one)).toEqual(before);
    const filter = { ...noFilter, destinations: [':1'] };
    await expect(convert(gzipFixture, out('x.pcap'), { filter })).rejects.toThrow(/no destinations/);
    await expect(convert(write('nothing', new Uint8Array(100)), out('x.pcap'))).rejects.toThrow(CaptureError);
    await expect(convert(one, join(folder, 'absent', 'x.pcap'))).rejects.toThrow(SinkError);
  });
});

describeCaptures('conversion', () => {
  test.each(['day-prefix-1k.itch', 'aapl-20200130-10k.bin', 'synthetic-8k.NASDAQ_ITCH50'])(
    '%s by pcap and pcapng is the same file',
    async (name) => {
      const file = capturePath(`itch50/binaryfile/${name}`);
      for (const format of ['pcap', 'pcapng']) {
        await convert(file, out(`real.${format}`), { pack: 'mtu' });
        await convert(out(`real.${format}`), out('real.itch'));
        expect(readFileSync(out('real.itch')).equals(readFileSync(file)), format).toBe(true);
      }
    },
  );

  test('a file that ends in a length is all but that', async () => {
    const file = capturePath('itch50/binaryfile/day-prefix-35k.itch');
    expect(await convert(file, out('prefix.pcap'))).toMatchObject({ messages: 35_581, damageTotal: 1 });
    await convert(out('prefix.pcap'), out('prefix.itch'));
    const bytes = readFileSync(file);
    expect(readFileSync(out('prefix.itch')).equals(bytes.subarray(0, bytes.length - 2))).toBe(true);
  });

  test('a gap of four million numbers', async () => {
    const file = capturePath('itch50/moldudp64/nasdaq/Multiple.Packets.pcap');
    const report = await convert(file, out('wide.pcap'), { framing: 'moldudp64' });
    expect(report).toMatchObject({ messages: 39, gapsTotal: 1, missing: 4_244_620 });
    expect(await messagesIn(out('wide.pcap'))).toEqual(await messagesIn(file));
  });
});

test('the disturbed fixture is put in order', async () => {
  const report = await convert(gapsFixture, out('ordered.pcap'), { framing: 'moldudp64' });
  expect(report).toMatchObject({ messages: 3482, gapsTotal: 2, missing: 4, late: 0 });
  const numbers = (await messagesIn(out('ordered.pcap'))).map((line) => Number.parseInt(line, 10));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});
