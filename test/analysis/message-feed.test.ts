import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { InputSpec } from '../../src/analysis/input.js';
import { type FeedHandlers, type FeedOptions, MessageFeed } from '../../src/analysis/message-feed.js';
import { UsageError } from '../../src/core/errors.js';
import { parseWhen } from '../../src/core/time.js';
import { noFilter } from '../../src/replay/filter.js';
import { CaptureWindow } from '../../src/replay/window.js';
import { recordsPastWindow } from '../../src/replay/windowed-reader.js';
import {
  binaryFileOf,
  inputOf,
  itch,
  makeFlow,
  message,
  mold,
  openSeconds,
  type Packet,
  pcapFixture,
  pcapOf,
  scratch,
} from '../run/support.js';

const { write } = scratch();
const second = 1e9;

/** Everything that a feed tells, as lines. */
async function events(input: InputSpec, options: FeedOptions = {}, handlers: FeedHandlers = {}) {
  const lines: string[] = [];
  const feed = await MessageFeed.open(
    input,
    {
      onRecord: (reader, flow, timestampNs) =>
        lines.push(`record ${reader.packetNumber} at ${timestampNs} to ${flow?.destinationPort ?? 'none'}`),
      onMessage: (view, offset, length, timestampNs, sequence, stream, verdict) => {
        const type = length === 0 ? '-' : String.fromCharCode(view.getUint8(offset));
        lines.push(`${verdict} ${type} ${length} at ${timestampNs} #${sequence} of ${stream.session}`);
      },
      onGap: (from, to) => lines.push(`gap ${from}-${to}`),
      onDamage: ({ code, record }) => lines.push(`damage ${code} in ${record}`),
      ...handlers,
    },
    options,
  );
  await feed.run();
  return { feed, lines };
}

const pcap = (name: string, packets: readonly Packet[], options = {}) => inputOf(write(name, pcapOf(packets)), options);
const windowOf = (from?: string, until?: string) =>
  new CaptureWindow({ ...(from ? { from: parseWhen(from) } : {}), ...(until ? { until: parseWhen(until) } : {}) });

describe('a capture of datagrams', () => {
  const packets: Packet[] = [
    { atNs: 500, payload: mold(1, [itch('S'), itch('A')]) },
    { atNs: 600, payload: Uint8Array.of(1, 2), flow: makeFlow(1, 9) },
    { atNs: second, payload: mold(5, [itch('D')], { count: 2 }) },
    { atNs: 2 * second, payload: mold(0, [Uint8Array.of(0x7a, 1), new Uint8Array(0)]) },
  ];

  test('records, messages with their verdicts, gaps and damage, in order', async () => {
    const { feed, lines } = await events(pcap('all.pcap', packets));
    expect(lines).toEqual([
      'record 1 at 500 to 26477',
      'known S 12 at 500 #1 of SESSION',
      'known A 36 at 500 #2 of SESSION',
      'record 2 at 600 to 9',
      `record 3 at ${second} to 26477`,
      'gap 3-4',
      `known D 19 at ${second} #5 of SESSION`,
      'damage truncated in 3',
      `record 4 at ${2 * second} to 26477`,
      `unknown z 2 at ${2 * second} #0 of SESSION`,
      `unknown - 0 at ${2 * second} #0 of SESSION`,
    ]);
    expect(feed).toMatchObject({ baseSeconds: openSeconds, records: 4, farStamps: 0 });
    expect(feed.damage.kept).toMatchObject([{ file: feed.input.name, code: 'truncated', record: 3 }]);
  });

  test('filters: destination, session, type', async () => {
    const of = async (filter: Partial<typeof noFilter>) =>
      (await events(pcap('filtered.pcap', packets), { filter: { ...noFilter, ...filter } })).lines.filter(
        (line) => !line.startsWith('damage') && !line.startsWith('gap'),
      );
    expect(await of({ destinations: [':9'] })).toEqual(['record 2 at 600 to 9']);
    expect((await of({ sessions: ['OTHER'] })).filter((line) => !line.startsWith('record'))).toEqual([]);
    expect((await of({ types: ['A', 'D'] })).filter((line) => !line.startsWith('record'))).toEqual([
      'known A 36 at 500 #2 of SESSION',
      `known D 19 at ${second} #5 of SESSION`,
    ]);
  });

  test('what the user says a flow is', async () => {
    const none = await events(pcap('none.pcap', packets, { protocol: 'none' }));
    expect(none.lines.every((line) => line.startsWith('record'))).toBe(true);
    const mapped = await events(pcap('mapped.pcap', packets, { portMap: new Map([[9, 'itch50']]) }));
    expect(mapped.lines).toContain('damage short-packet in 2');
    const both = { protocol: 'itch50', portMap: new Map([[26477, 'none']]) };
    const { lines } = await events(pcap('both.pcap', packets, both));
    expect(lines.filter((line) => !line.startsWith('record'))).toEqual(['damage short-packet in 2']);
  });

  test('messages are withheld where their stream is something else, unless the user named it', async () => {
    const foreign: Packet[] = [
      { atNs: 0, payload: mold(1, ['abc', 'defg', 'hi']) },
      { atNs: 1, payload: mold(4, [itch('A')]) },
    ];
    const last = async (options: object) => (await events(pcap('foreign.pcap', foreign, options))).lines.at(-1);
    expect(await last({})).toBe('withheld A 36 at 1 #4 of SESSION');
    expect(await last({ protocol: 'itch50' })).toBe('known A 36 at 1 #4 of SESSION');
  });

  test('a symbol is found by its locate', async () => {
    const feed: Packet[] = [
      { atNs: 0, payload: mold(1, [message('D', 0, 13), message('R', 0, 13, [11, 'AAPL']), message('D', 0, 13)]) },
      { atNs: 1, payload: mold(4, [message('D', 0, 14), message('X', 0, 13)]) },
    ];
    const { lines } = await events(pcap('symbol.pcap', feed), { filter: { ...noFilter, symbols: ['AAPL'] } });
    expect(lines.filter((line) => line.startsWith('known')).map((line) => line.split('#')[1])).toEqual([
      '2 of SESSION',
      '3 of SESSION',
      '5 of SESSION',
    ]);
  });
});

describe('symbols', () => {
  const directory = (locate: number, stock: string) => message('R', 0, locate, [11, stock]);
  const options = (from?: string) => ({ filter: { ...noFilter, symbols: ['AAPL'] }, window: windowOf(from) });
  const known = (lines: string[]) => lines.filter((line) => line.startsWith('known')).map((line) => line.split('#')[1]);

  test('a locate is of one session on one flow', async () => {
    const packets: Packet[] = [
      { atNs: 0, payload: mold(1, [directory(5, 'AAPL')], { session: 'NASDAQ' }) },
      { atNs: 1, payload: mold(1, [directory(5, 'ZZZ')], { session: 'BX' }), flow: makeFlow(1) },
      { atNs: 2, payload: mold(2, [message('E', 0, 5)], { session: 'BX' }), flow: makeFlow(1) },
      { atNs: 3, payload: mold(2, [message('E', 0, 5)], { session: 'NASDAQ' }) },
      { atNs: 4, payload: mold(1, [message('E', 0, 5)], { session: 'PSX' }) },
    ];
    const { lines } = await events(pcap('feeds.pcap', packets), options());
    expect(known(lines)).toEqual(['1 of NASDAQ', '2 of NASDAQ']);
  });

  test('are not learned from a stream that is something else', async () => {
    const packets: Packet[] = [
      { atNs: 0, payload: mold(1, ['abc', 'defg', 'hi']) },
      { atNs: 1, payload: mold(4, [directory(5, 'AAPL'), message('E', 0, 5)]) },
      { atNs: 2, payload: mold(6, [message('D', 0, 5), message('D', 0, 5), message('D', 0, 5)]) },
    ];
    const { lines } = await events(pcap('foreign-symbol.pcap', packets), options());
    expect(lines.filter((line) => !line.startsWith('record'))).toEqual(['withheld R 39 at 1 #4 of SESSION']);
  });

  test('are learned from what lies before the window, which is told and counted nowhere', async () => {
    const packets: Packet[] = [
      { atNs: 0, payload: Uint8Array.of(1, 2), flow: makeFlow(1, 9) },
      { atNs: 1, payload: mold(1, [message('S'), directory(5, 'AAPL'), directory(6, 'ZZZ')]) },
      { atNs: 2, payload: mold(4, [directory(7, 'AAPL')], { count: 2 }) },
      { atNs: second, payload: mold(6, [message('E', 0, 5), message('E', 0, 6), message('X', 0, 7)]) },
    ];
    const { lines, feed } = await events(pcap('before.pcap', packets), options('+1s'));
    expect(lines).toEqual(['record 4 at 0 to 26477', 'known E 31 at 0 #6 of SESSION', 'known X 23 at 0 #8 of SESSION']);
    expect(feed.demux.flows()).toMatchObject([{ packets: 1 }]);
    expect(feed.demux.sessions()).toMatchObject([{ first: 6, messages: 3, gaps: [] }]);
    const none = await events(pcap('before.pcap', packets, { protocol: 'none' }), options('+1s'));
    expect(none.lines).toEqual(['record 4 at 0 to 26477']);
  });

  test('are learned before the window of a BinaryFILE without a date too', async () => {
    const messages = [
      message('R', -second, 13, [11, 'AAPL']),
      message('R', -second, 14, [11, 'ZZZ']),
      message('D', 6, 13),
      message('D', 7, 14),
    ];
    const { lines, feed } = await events(inputOf(write('undated.itch', binaryFileOf(messages))), options('09:30:00'));
    expect(lines).toEqual(['record 3 at 6 to none', 'known D 19 at 6 #0 of null', 'record 4 at 7 to none']);
    expect(feed.baseSeconds).toBe(18_000 + 34_200);
  });
});

describe('the window', () => {
  const at = (seconds: number, sequence: number): Packet => ({
    atNs: seconds * second,
    payload: mold(sequence, [itch('D')]),
  });

  test('takes stamps that come out of order', async () => {
    const packets = [at(0, 1), at(10, 2), at(21, 3), at(15, 4), at(9, 5), at(19, 6), at(22, 7)];
    const { lines, feed } = await events(pcap('disorder.pcap', packets), { window: windowOf('+10s', '+20s') });
    expect(lines.filter((line) => line.startsWith('known')).map((line) => line.split('#')[1][0])).toEqual([
      '2',
      '4',
      '6',
    ]);
    expect(feed.records).toBe(3);
  });

  test('ends the run well behind it', async () => {
    const packets = [at(0, 1), ...Array.from({ length: recordsPastWindow + 5 }, (_, index) => at(30, 2 + index))];
    const { feed } = await events(pcap('past.pcap', packets), { window: windowOf('+0ns', '+20s') });
    expect(feed.records).toBe(1);
    expect(feed.input.reader.packetNumber).toBe(1 + recordsPastWindow + 1);
  });

  test('a time of day needs a capture whose clock had a date', async () => {
    const packets = [at(-openSeconds, 1)];
    const opened = events(pcap('epoch.pcap', packets), { window: windowOf('09:30:00') });
    await expect(opened).rejects.toThrow(UsageError);
    expect((await events(pcap('epoch.pcap', packets), { window: windowOf('+0ns') })).feed.records).toBe(1);
  });
});

describe('stamps far off', () => {
  test('go by the time of the record before, and are counted', async () => {
    const packets: Packet[] = [
      { atNs: 100, payload: mold(1, [itch('S')]) },
      { atNs: -openSeconds * second, payload: mold(2, [itch('D')]) },
      { atNs: 300, payload: mold(3, [itch('D')]) },
    ];
    const { feed, lines } = await events(pcap('far.pcap', packets));
    expect(lines.filter((line) => line.startsWith('record'))).toEqual([
      'record 1 at 100 to 26477',
      'record 2 at 100 to 26477',
      'record 3 at 300 to 26477',
    ]);
    expect(feed.farStamps).toBe(1);
  });
});

describe('a BinaryFILE', () => {
  const messages = [message('S', 0), message('R', 5, 13, [11, 'AAPL']), message('D', 6, 13)];
  const path = write('session.itch', binaryFileOf(messages));
  const input = inputOf(path, { date: '2026-01-05' });

  test('its messages have no sequence, no session and no flow', async () => {
    const { lines, feed } = await events(input);
    expect(lines).toEqual([
      'record 1 at 0 to none',
      'known S 12 at 0 #0 of null',
      'record 2 at 5 to none',
      'known R 39 at 5 #0 of null',
      'record 3 at 6 to none',
      'known D 19 at 6 #0 of null',
    ]);
    expect(feed.fileStreams[0]).toMatchObject({ protocol: 'BinaryFILE', session: null, flow: null });
  });

  test.each<[string, Partial<typeof noFilter>]>([
    ['destinations', { destinations: ['10.0.0.1'] }],
    ['sessions', { sessions: ['X'] }],
  ])('cannot be filtered by %s', async (_name, filter) => {
    await expect(MessageFeed.open(input, {}, { filter: { ...noFilter, ...filter } })).rejects.toThrow(UsageError);
  });
});

describe('the end', () => {
  test('is where isDone says, without another record', async () => {
    let messages = 0;
    const { feed } = await events(
      inputOf(pcapFixture),
      {},
      { onMessage: () => messages++, isDone: () => messages >= 3 },
    );
    expect(feed.input.reader.packetNumber).toBe(feed.records);
    expect(messages).toBeGreaterThanOrEqual(3);
    expect(messages).toBeLessThan(20);
  });

  test('does not wait for more of a pipe that has brought enough', async () => {
    const packets: Packet[] = [{ atNs: 0, payload: mold(1, [itch('S')]) }];
    const stdin = new Readable({ read() {} });
    stdin.push(pcapOf(packets));
    const real = Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor;
    Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
    try {
      let messages = 0;
      const { feed } = await events(inputOf('-'), {}, { onMessage: () => messages++, isDone: () => messages >= 1 });
      expect([feed.records, feed.input.name]).toEqual([1, 'standard input']);
    } finally {
      Object.defineProperty(process, 'stdin', real);
    }
  });

  test('back-pressure is awaited, record by record', async () => {
    const order: string[] = [];
    const packets = [1, 2].map((sequence) => ({ atNs: sequence, payload: mold(sequence, [itch('D')]) }));
    await events(
      pcap('pause.pcap', packets),
      {},
      {
        onMessage: (_view, _offset, _length, _ns, sequence) => order.push(`message ${sequence}`),
        pause: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push('resumed');
        },
      },
    );
    expect(order).toEqual(['message 1', 'resumed', 'message 2', 'resumed']);
  });

  test('the file is closed, whatever happens', async () => {
    const feed = await MessageFeed.open(inputOf(pcapFixture), {
      onMessage: () => {
        throw new RangeError('of the handler');
      },
    });
    const close = vi.spyOn(feed.input, 'close');
    await expect(feed.run()).rejects.toThrow(RangeError);
    expect(close).toHaveBeenCalledOnce();
  });
});

describe('the messages of a packet at once', () => {
  const unknown = Uint8Array.of(0x7a, 1);
  const someType = fc.constantFrom('S', 'A', 'D', 'P');
  const one = fc.oneof(
    { weight: 12, arbitrary: someType.map((type) => itch(type)) },
    { weight: 1, arbitrary: fc.constantFrom(unknown, new Uint8Array(0), itch('A').subarray(1)) },
  );
  const packet = fc.record({
    from: fc.constantFrom(0, 1, 2, 3, 4, 6, 9),
    messages: fc.array(one, { minLength: 1, maxLength: 5 }),
    session: fc.constantFrom('ONE', 'TWO'),
  });

  /** What is known of each stream, and what the feed and its gate have counted. */
  async function counted(path: string, options: FeedOptions, atOnce: boolean) {
    const known: Record<string, number> = {};
    let runs = 0;
    const note = (type: number, timestampNs: number, session: string | null) => {
      const key = `${String.fromCharCode(type)} at ${timestampNs} of ${session}`;
      known[key] = (known[key] ?? 0) + 1;
    };
    const onRun: FeedHandlers['onRun'] = (view, start, end, count, timestampNs, stream) => {
      runs++;
      let left = count;
      for (let at = start; at < end; at += 2 + view.getUint16(at), left--) {
        note(view.getUint8(at + 2), timestampNs, stream.session);
      }
      expect(left).toBe(0);
    };
    const others: string[] = [];
    const feed = await MessageFeed.open(
      inputOf(path),
      {
        ...(atOnce ? { onRun } : {}),
        onMessage: (view, offset, length, timestampNs, sequence, stream, verdict) => {
          if (verdict === 'known') note(view.getUint8(offset), timestampNs, stream.session);
          else others.push(`${verdict} ${length} #${sequence} of ${stream.session}`);
        },
      },
      options,
    );
    await feed.run();
    const { messagesRead, messagesPassed, gate } = feed;
    const { unknownMessages, withheldMessages, zeroLengthMessages } = gate;
    const sums = { messagesRead, messagesPassed, unknownMessages, withheldMessages, zeroLengthMessages };
    const verdicts = feed.demux.streams.map((stream) => gate.verdictOf(stream));
    return { runs, found: { known, others, sums, verdicts, sessions: feed.demux.sessions(), unknown: gate.unknown } };
  }

  test('are what they are one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packet, { maxLength: 12 }), fc.boolean(), async (packets, isFiltered) => {
        const payloads = packets.map(({ from, messages, session }) => mold(from, messages, { session }));
        const path = write('runs.pcap', pcapOf(payloads.map((payload, index) => ({ atNs: index, payload }))));
        const options = isFiltered ? { filter: { ...noFilter, sessions: ['TWO'] } } : {};
        const apart = await counted(path, options, false);
        const atOnce = await counted(path, options, true);
        expect(atOnce.found).toEqual(apart.found);
      }),
      { numRuns: 60 },
    );
  });

  test('come so where all are known, and no filter asks about messages', async () => {
    const packets = [mold(1, [itch('S'), itch('A')]), mold(3, [itch('D'), unknown]), mold(5, [itch('P')])];
    const path = write('runs.pcap', pcapOf(packets.map((payload, index) => ({ atNs: index, payload }))));
    expect((await counted(path, {}, true)).runs).toBe(2);
    expect((await counted(path, { filter: { ...noFilter, types: ['A'] } }, true)).runs).toBe(0);
  });
});

describe('the messages of a BinaryFILE at once', () => {
  const stamp = fc.constantFrom(0, 1, 999_999_999, 1_000_000_000, 34_200_000_000_000, 90_000_000_000_123);
  const one = fc.oneof(
    { weight: 10, arbitrary: fc.tuple(fc.constantFrom('S', 'A', 'D', 'P'), stamp).map(([type, ns]) => itch(type, ns)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(Uint8Array.of(0x7a, 1), itch('A', 5).subarray(1), itch('S', 7).subarray(3)),
    },
  );

  async function counted(path: string, options: FeedOptions, atOnce: boolean) {
    const records: string[] = [];
    const known: string[] = [];
    const others: string[] = [];
    let runs = 0;
    const onFileRun: FeedHandlers['onFileRun'] = (view, start, end, count, shiftNs, stream) => {
      runs++;
      let left = count;
      for (let at = start; at < end; at += 2 + view.getUint16(at), left--) {
        const ns = shiftNs + view.getUint16(at + 7) * 2 ** 32 + view.getUint32(at + 9);
        records.push(`${view.getUint16(at)} at ${ns}`);
        known.push(`${view.getUint8(at + 2)} at ${ns} of ${stream.protocol}`);
      }
      expect(left).toBe(0);
    };
    const feed = await MessageFeed.open(
      inputOf(path),
      {
        ...(atOnce ? { onFileRun } : {}),
        onRecord: ({ length }, _flow, timestampNs) => records.push(`${length} at ${timestampNs}`),
        onMessage: (view, offset, length, timestampNs, _sequence, stream, verdict) => {
          if (verdict === 'known') known.push(`${view.getUint8(offset)} at ${timestampNs} of ${stream.protocol}`);
          else others.push(`${verdict} ${length} at ${timestampNs}, packet ${feed.input.reader.packetNumber}`);
        },
      },
      options,
    );
    await feed.run();
    const { messagesRead, messagesPassed, recordsRead, gate } = feed;
    const sums = { messagesRead, messagesPassed, recordsRead, records: feed.records, damage: feed.damage.kept };
    const verdicts = feed.fileStreams.map((stream) => gate.verdictOf(stream));
    return { runs, found: { records, known, others, sums, verdicts, unknown: gate.unknown } };
  }

  test('are what they are one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 30 }), fc.boolean(), async (messages, isWindowed) => {
        const path = write('runs.NASDAQ_ITCH50', binaryFileOf(messages));
        const options = isWindowed ? { window: windowOf('09:30:00') } : { window: windowOf() };
        const apart = await counted(path, options, false);
        const atOnce = await counted(path, options, true);
        expect(atOnce.found).toEqual(apart.found);
        if (isWindowed) expect(atOnce.runs).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('come so behind the first one, where all are known', async () => {
    const path = write(
      'runs.NASDAQ_ITCH50',
      binaryFileOf([itch('S'), itch('A'), itch('D'), Uint8Array.of(0x7a), itch('P')]),
    );
    const { runs, found } = await counted(path, {}, true);
    expect(runs).toBe(2);
    expect(found.known).toHaveLength(4);
  });
});
