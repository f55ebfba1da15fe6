import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Damage, RecordReader } from '../../src/core/seams.js';
import { BinaryFileReader } from '../../src/session/binaryfile.js';
import { MoldUDP64Decoder, readMessageCount, readSequence, readSession } from '../../src/session/moldudp64.js';
import { MoldUDP64Packer, type PackerOptions } from '../../src/session/packer.js';
import { block, concat, EventLog, itch, itchTypes, latin1, lengthOf, makeFlow, pump, timestampOf } from './support.js';

const whole = [Number.POSITIVE_INFINITY];

/** A reader that is asked for one message at a time. */
class OneByOne {
  constructor(private readonly reader: BinaryFileReader) {}
  push = (chunk: Uint8Array) => this.reader.push(chunk);
  end = () => this.reader.end();
  next = () => this.reader.next();
}
for (const name of ['view', 'offset', 'length', 'seconds', 'nanoseconds', 'packetNumber', 'fileOffset', 'done']) {
  Object.defineProperty(OneByOne.prototype, name, {
    get() {
      return this.reader[name];
    },
  });
}

/** A datagram as `first sequence: lengths of its messages @ stamp`, and everything a decoder hears of them. */
function pack(
  file: Uint8Array,
  options: Partial<PackerOptions> = {},
  chunks: readonly number[] = whole,
  through: (reader: BinaryFileReader) => RecordReader = (reader) => reader,
  withIndex = false,
) {
  const damages: Damage[] = [];
  const onDamage = (damage: Damage) => damages.push(damage);
  const notes: unknown[] = [];
  const index = {
    note: (...note: unknown[]) => notes.push(note),
    noteBlock: () => {},
    finish: () => notes.push('end'),
  };
  const base = { midnightSeconds: 100, timestampOf, lengthOf, onDamage };
  const reader = new BinaryFileReader(withIndex ? { ...base, index } : base);
  const packer = new MoldUDP64Packer(through(reader), {
    session: 'TEST',
    mtu: 1500,
    pack: 'timestamp',
    flow: makeFlow(),
    onDamage,
    ...options,
  });
  const log = new EventLog();
  const decoder = new MoldUDP64Decoder(packer.flow, log);
  const packets: string[] = [];
  const lengths: number[] = [];
  const places: number[][] = [];
  pump(packer, file, chunks, () => {
    const { view, offset, length, seconds, nanoseconds, messageCount, sequence } = packer;
    decoder.packet(view, offset, length, 0, packer.packetNumber, packer.fileOffset);
    expect(readSession(view, offset)).toBe(options.session ?? 'TEST');
    expect([readSequence(view, offset), readMessageCount(view, offset) % 0xffff]).toEqual([sequence, messageCount]);
    packets.push(`${sequence}+${messageCount} @ ${seconds}.${nanoseconds}`);
    lengths.push(length);
    places.push([packer.packetNumber, packer.fileOffset]);
  });
  const { messages, filtered, oversized, tooLong } = packer;
  const counts = { messages, filtered, oversized, tooLong };
  return { packets, lengths, places, damages, notes, events: log.events, counts };
}

const file = (...stamps: number[]) => concat(...stamps.map((ns) => block(itch('D', ns))));
/** An MTU for so many blocks of a D message. */
const mtuFor = (count: number) => 28 + 20 + count * 21;
const long = (length: number) => block(new Uint8Array(length).fill(0x7a));

describe('packing by time stamp', () => {
  const vectors: Record<string, [Uint8Array, Partial<PackerOptions>, packets: string[]]> = {
    emptyFile: [concat(), {}, []],
    oneMessage: [file(5), {}, ['1+1 @ 100.5']],
    sharedStamp: [file(5, 5, 5), {}, ['1+3 @ 100.5']],
    otherStamps: [file(5, 5, 6, 7, 7), {}, ['1+2 @ 100.5', '3+1 @ 100.6', '4+2 @ 100.7']],
    sameNanosecondsOtherSecond: [file(5, 1e9 + 5), {}, ['1+1 @ 100.5', '2+1 @ 101.5']],
    backwards: [file(7, 5, 7), {}, ['1+1 @ 100.7', '2+1 @ 100.5', '3+1 @ 100.7']],
    upToTheMtu: [file(5, 5, 5, 5, 5), { mtu: mtuFor(2) }, ['1+2 @ 100.5', '3+2 @ 100.5', '5+1 @ 100.5']],
    oneByteShort: [file(5, 5, 5), { mtu: mtuFor(2) - 1 }, ['1+1 @ 100.5', '2+1 @ 100.5', '3+1 @ 100.5']],
    firstSequence: [file(5, 6), { firstSequence: 2 ** 40 }, [`${2 ** 40}+1 @ 100.5`, `${2 ** 40 + 1}+1 @ 100.6`]],
    endOfSession: [file(5, 6), { endOfSession: true }, ['1+1 @ 100.5', '2+1 @ 100.6', '3+0 @ 100.6']],
    endOfSessionOfNothing: [concat(), { endOfSession: true }, ['1+0 @ 100.0']],
    endOfSessionOfNothingAccepted: [file(5, 1e9 + 6), { endOfSession: true, accept: () => false }, ['1+0 @ 101.6']],
    tooLongForTheMtu: [
      concat(file(5), long(100), file(5, 5)),
      { mtu: mtuFor(2) },
      ['1+1 @ 100.5', '2+1 @ 100.5', '3+2 @ 100.5'],
    ],
    byMtu: [file(5, 6, 7, 8, 9), { pack: 'mtu', mtu: mtuFor(2) }, ['1+2 @ 100.6', '3+2 @ 100.8', '5+1 @ 100.9']],
  };
  test.each(Object.entries(vectors))('%s', (_name, [bytes, options, packets]) => {
    expect(pack(bytes, options).packets).toEqual(packets);
  });
});

test('numbers datagrams from 1 and places them at their first record', () => {
  expect(pack(file(5, 5, 6, 7)).places).toEqual([
    [1, 0],
    [2, 42],
    [3, 63],
  ]);
});

test('the end-of-session packet tells the next number', () => {
  const { events, lengths } = pack(file(5, 5), { endOfSession: true });
  expect([events.at(-1), lengths]).toEqual(['end 3', [62, 20]]);
});

test('accept leaves messages out, without gaps in the numbers', () => {
  const bytes = concat(block(itch('A', 1)), block(itch('D', 1)), block(itch('A', 2)), block(itch('E', 3)));
  const accept = (view: DataView, offset: number, length: number) => latin1(view, offset, length).startsWith('A');
  const { packets, counts } = pack(bytes, { accept });
  expect(packets).toEqual(['1+1 @ 100.1', '2+1 @ 100.2']);
  expect(counts).toEqual({ messages: 2, filtered: 2, oversized: 0, tooLong: 0 });
});

test('messages of any length are copied whole, also where others are left out between', () => {
  const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 129, 130];
  const contents = lengths.map((length, at) => new Uint8Array(length).map((_, index) => 1 + ((at * 37 + index) % 250)));
  const skipped = new Uint8Array(6).fill(0xff);
  const bytes = concat(...contents.slice(1).flatMap((content) => [block(content), block(skipped)]));
  const accept = (view: DataView, offset: number) => view.getUint8(offset) !== 0xff;
  const expected = contents
    .slice(1)
    .map((content, index) => `message ${index + 1} ${Buffer.from(content).toString('latin1')}`);
  expect(pack(bytes, { accept }).events).toEqual(expected);
  expect(pack(bytes, { accept, mtu: 68 }).events).toEqual(expected);
});

test('a message longer than the MTU goes alone and is counted', () => {
  const { lengths, counts } = pack(concat(file(5), long(100), long(65_485), file(5)), { mtu: 100 });
  expect(lengths).toEqual([41, 122, 65_507, 41]);
  expect(counts).toEqual({ messages: 4, filtered: 0, oversized: 2, tooLong: 0 });
});

test('a message that no datagram can hold is left out and reported', () => {
  const { packets, counts, damages } = pack(concat(file(5), long(65_486), file(5)));
  expect(packets).toEqual(['1+2 @ 100.5']);
  expect(counts).toEqual({ messages: 2, filtered: 0, oversized: 0, tooLong: 1 });
  const message =
    'BinaryFILE record 2 at byte 21: a message of 65486 bytes fits no UDP datagram of at most 65507; left out';
  expect(damages).toEqual([{ code: 'message-too-long', message, record: 2, offset: 21 }]);
});

test('a datagram stays valid while more bytes are pushed', () => {
  const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf });
  const packer = new MoldUDP64Packer(reader, { session: 'S', mtu: 1500, pack: 'timestamp', flow: makeFlow() });
  const chunk = file(1, 1, 2);
  packer.push(chunk);
  expect(packer.next()).toBe(true);
  const before = latin1(packer.view, packer.offset, packer.length);
  chunk.fill(0);
  packer.push(file(3));
  expect(latin1(packer.view, packer.offset, packer.length)).toBe(before);
  expect([packer.next(), packer.messageCount, packer.sequence, packer.nanoseconds]).toEqual([true, 1, 3, 2]);
  expect([packer.next(), packer.done]).toEqual([false, false]);
});

test.each([68, 65_535])('an MTU of %d is taken', (mtu) => {
  expect(pack(file(5), { mtu }).packets).toEqual(['1+1 @ 100.5']);
});

describe('bad calls', () => {
  const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf });
  const good: PackerOptions = { session: 'S', mtu: 1500, pack: 'timestamp', flow: makeFlow() };
  test.each([
    [{ mtu: 67 }, /MTU/],
    [{ mtu: 65_536 }, /MTU/],
    [{ mtu: 1500.5 }, /MTU/],
    [{ firstSequence: 0 }, /sequence/],
    [{ firstSequence: 2 ** 53 }, /sequence/],
    [{ session: 'ELEVEN CHAR' }, /session/],
  ])('%j', (options, text) => {
    expect(() => new MoldUDP64Packer(reader, { ...good, ...options })).toThrow(text);
  });
});

/** An ITCH message at another time of the day; of others the bytes as they are. */
function stamped(one: Uint8Array, ns: number): Uint8Array {
  const view = new DataView(one.buffer, one.byteOffset, one.length);
  if (one.length === 0 || lengthOf(view, 0) !== one.length) return one;
  view.setUint32(7, ns >>> 0);
  view.setUint16(5, Math.floor(ns / 2 ** 32));
  return one;
}

describe('any file', () => {
  const message = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constantFrom(...itchTypes), fc.nat(3)).map(([type, ns]) => itch(type, ns, 0x61)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
  );
  const setup = fc.record({
    mtu: fc.integer({ min: 68, max: 400 }),
    pack: fc.constantFrom('timestamp' as const, 'mtu' as const),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });

  test('decodes back to its messages, numbered from 1, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 50 }), setup, cuts, (messages, options, chunks) => {
        const bytes = concat(...messages.map(block));
        const { events, packets, lengths, places } = pack(bytes, options, chunks);
        expect(events).toEqual(
          messages.map((one, index) => `message ${index + 1} ${Buffer.from(one).toString('latin1')}`),
        );
        const longest = Math.max(0, ...messages.map((one) => one.length));
        expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(Math.max(options.mtu - 28, 22 + longest));
        expect(pack(bytes, options)).toMatchObject({ packets, lengths, places });
      }),
    );
  });

  test('taken many at a time, messages are packed as one by one, damage and all', () => {
    const piece = fc.oneof(
      { weight: 12, arbitrary: fc.tuple(message, fc.nat(2e9)).map(([one, ns]) => block(stamped(one, ns))) },
      { weight: 1, arbitrary: fc.constantFrom(new Uint8Array(2), Uint8Array.of(0x7a, 0x7a, 0x7a)) },
      { weight: 1, arbitrary: fc.constant(long(65_486)) },
    );
    const anySetup = fc.record({ mtu: fc.integer({ min: 68, max: 1500 }), pack: fc.constant('mtu' as const) });
    const oneByOne = (reader: BinaryFileReader) => new OneByOne(reader) as unknown as RecordReader;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        anySetup,
        cuts,
        fc.boolean(),
        (pieces, options, chunks, index) => {
          const bytes = concat(...pieces);
          const expected = pack(bytes, options, whole, oneByOne, index);
          expect(pack(bytes, options, chunks, undefined, index)).toEqual(expected);
        },
      ),
    );
  });

  test('packing by time stamp neither delays nor advances a message', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 40 }), (stamps) => {
        const packets = pack(file(...stamps), { mtu: mtuFor(3) }).packets;
        const sent = packets.flatMap((packet) => {
          const [, count = '', ns = ''] = /\+(\d+) @ 100\.(\d+)/.exec(packet) ?? [];
          return Array(Number(count)).fill(Number(ns));
        });
        expect(sent).toEqual(stamps);
      }),
    );
  });
});
