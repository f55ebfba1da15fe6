import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commonKeys, commonTexts } from '../../src/analysis/line-head.js';
import { messageWriter, outputFormats, type WriterFlags } from '../../src/analysis/message-writer.js';
import { UsageError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import type { RecordReader, Stream } from '../../src/core/seams.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { embed, itch } from '../session/support.js';

const stream: Stream = { index: 0, protocol: 'MoldUDP64', session: '000008112A', flow: null };
const fileStream: Stream = { index: 0, protocol: 'BinaryFILE', session: null, flow: null };
const reader = { packetNumber: 7, seconds: 1_767_623_400, nanoseconds: 31_110 } as RecordReader;

/** An add order whose fields all differ, its reference number above 2^53. */
const addOrder = itch('A', 34_200_000_012_345);
const view = new DataView(addOrder.buffer);
view.setUint16(1, 13);
view.setUint16(3, 2);
view.setBigUint64(11, 2n ** 64n - 3n);
addOrder[19] = 0x42;
view.setUint32(20, 100);
addOrder.set(Buffer.from('AAPL    '), 24);
view.setUint32(32, 3_141_600);

const systemEvent = itch('S', 5);
systemEvent[11] = 0x4f;

function lineOf(
  bytes: Uint8Array,
  flags: Partial<WriterFlags>,
  options: { sequence?: number; of?: Stream } = {},
): string {
  const { view: at, offset } = embed(bytes);
  const writer = messageWriter({ format: 'ndjson', fields: [], int64: 'string', ...flags });
  const text = new TextBuffer();
  const { sequence = 42, of = stream } = options;
  const isWritten = writer.write(text, reader, at, offset, bytes.length, sequence, of);
  expect(isWritten).toBe(text.length > 0);
  return text.toString();
}

const headerOf = (flags: Partial<WriterFlags>) =>
  messageWriter({ format: 'ndjson', fields: [], int64: 'string', ...flags }).header;

describe('ndjson', () => {
  test('common keys, then every field under its name', () => {
    expect(lineOf(addOrder, {})).toBe(
      '{"packet":7,"timestampNs":"1767623400000031110","sequence":42,"protocol":"itch50","session":"000008112A",' +
        '"type":"A","name":"AddOrder","stockLocate":13,"trackingNumber":2,"timestamp":34200000012345,' +
        '"orderReferenceNumber":"18446744073709551613","buySellIndicator":"B","shares":100,"stock":"AAPL",' +
        '"price":3141600}\n',
    );
    expect(headerOf({})).toBe('');
  });

  test('without sequence or session', () => {
    const line = lineOf(systemEvent, { fields: ['sequence', 'session'] }, { sequence: 0, of: fileStream });
    expect(line).toBe('{"sequence":null,"session":null}\n');
  });

  test('64-bit integers as exact numbers, prices as decimals', () => {
    const fields = ['orderReferenceNumber', 'price', 'shares'];
    expect(lineOf(addOrder, { fields, int64: 'number' })).toBe(
      '{"orderReferenceNumber":18446744073709551613,"shares":100,"price":3141600}\n',
    );
    expect(lineOf(addOrder, { fields, decimal: true })).toBe(
      '{"orderReferenceNumber":"18446744073709551613","shares":100,"price":"314.1600"}\n',
    );
  });

  test('only the chosen keys; a message that has none of the chosen fields has no line', () => {
    expect(lineOf(addOrder, { fields: ['price', 'packet'] })).toBe('{"packet":7,"price":3141600}\n');
    expect(lineOf(systemEvent, { fields: ['price', 'packet'] })).toBe('');
    expect(lineOf(systemEvent, { fields: ['packet'] })).toBe('{"packet":7}\n');
    expect(lineOf(systemEvent, { fields: ['type', 'price'] })).toBe('{"type":"S"}\n');
    expect(lineOf(systemEvent, { fields: ['price'] })).toBe('');
  });

  test('what is no plain text is escaped', () => {
    const odd = addOrder.slice();
    odd.set([0x22, 0x5c, 0x0a, 0x1b, 0x5b, 0x41, 0x00, 0x20], 24);
    const line = lineOf(odd, { fields: ['stock'] });
    expect(line).toBe('{"stock":"\\"\\\\\\n\\u001b[A\\u0000"}\n');
    expect(JSON.parse(line)).toEqual({ stock: '"\\\n\x1b[A\0' });
    const its = { ...stream, session: 'a"b' };
    expect(lineOf(odd, { fields: ['session'] }, { of: its })).toBe('{"session":"a\\"b"}\n');
  });
});

describe('csv', () => {
  test('one header for all types; cells that a message does not have are empty', () => {
    const header = headerOf({ format: 'csv' });
    expect(header.startsWith('packet,timestampNs,sequence,protocol,session,type,name,stockLocate,')).toBe(true);
    const columns = header.trim().split(',');
    for (const bytes of [addOrder, systemEvent]) {
      const cells = lineOf(bytes, { format: 'csv' }).trimEnd().split(',');
      expect(cells.length).toBe(columns.length);
      const json = JSON.parse(lineOf(bytes, {})) as Record<string, unknown>;
      expect(columns.map((column) => `${json[column] ?? ''}`)).toEqual(cells);
    }
  });

  test('chosen columns, common ones first', () => {
    const flags = { format: 'csv', fields: ['price', 'stock', 'packet'], decimal: true } as const;
    expect(headerOf(flags)).toBe('packet,price,stock\n');
    expect(lineOf(addOrder, flags)).toBe('7,314.1600,AAPL\n');
    expect(lineOf(systemEvent, flags)).toBe('');
    expect(headerOf({ format: 'csv', fields: ['timestampNs'] })).toBe('timestampNs\n');
    expect(lineOf(systemEvent, { format: 'csv', fields: ['timestampNs'] })).toBe('1767623400000031110\n');
  });

  test('a blank field is a field', () => {
    const blank = addOrder.slice().fill(0x20, 24, 32);
    expect(lineOf(blank, { format: 'csv', fields: ['packet', 'stock'] })).toBe('7,\n');
  });

  test('commas, quotes and line ends are quoted', () => {
    const odd = addOrder.slice();
    odd.set(Buffer.from('A,"B\r\nC '), 24);
    const its = { ...stream, session: 'x,"y' };
    expect(lineOf(odd, { format: 'csv', fields: ['session', 'stock'] }, { of: its })).toBe('"x,""y","A,""B\r\nC"\n');
  });

  test('no sequence, no session: empty cells', () => {
    const fields = ['sequence', 'session', 'type'];
    expect(lineOf(systemEvent, { format: 'csv', fields }, { sequence: 0, of: fileStream })).toBe(',,S\n');
  });
});

describe('table', () => {
  test('aligned common keys, then the message in words', () => {
    expect(headerOf({ format: 'table' })).toBe(
      '  packet          timestampNs   sequence protocol session    message\n',
    );
    expect(lineOf(addOrder, { format: 'table' })).toBe(
      '       7  1767623400000031110         42   itch50 000008112A A AddOrder stockLocate=13 trackingNumber=2 ' +
        'timestamp=34200000012345 orderReferenceNumber=18446744073709551613 buySellIndicator=B shares=100 ' +
        'stock=AAPL price=3141600\n',
    );
    expect(lineOf(systemEvent, { format: 'table' }, { sequence: 0, of: fileStream })).toContain(
      ' 1767623400000031110          -   itch50 -          S SystemEvent',
    );
  });

  test('chosen keys', () => {
    const flags = { format: 'table', fields: ['price', 'sequence'], decimal: true } as const;
    expect(headerOf(flags)).toBe('  sequence message\n');
    expect(lineOf(addOrder, flags)).toBe('        42 price=314.1600\n');
    expect(lineOf(systemEvent, flags)).toBe('');
    expect(headerOf({ format: 'table', fields: ['packet'] })).toBe('  packet\n');
    expect(lineOf(systemEvent, { format: 'table', fields: ['packet'] })).toBe('       7\n');
  });

  test('bytes of the wire never reach a terminal as control characters', () => {
    for (let first = 0; first < 256; first += 8) {
      const odd = addOrder.slice();
      for (let index = 0; index < 8; index++) odd[24 + index] = first + index;
      odd[19] = first;
      const line = lineOf(odd, { format: 'table' });
      expect(line.slice(0, -1), `bytes from ${first}`).toMatch(/^[\x20-\x7e]*$/);
    }
    const sequence = addOrder.slice();
    sequence.set(Buffer.from('\x1b]0;x\x07\x9b', 'latin1'), 24);
    expect(lineOf(sequence, { format: 'table', fields: ['stock'] })).toBe('stock=\\x1b]0;x\\x07\\x9b\n');
  });
});

describe('fields', () => {
  test.each(outputFormats)('%s: one that exists nowhere is refused by name', (format) => {
    expect(() => messageWriter({ format, fields: ['stock', 'colour'], int64: 'string' })).toThrow(UsageError);
    expect(() => messageWriter({ format, fields: ['colour'], int64: 'string' })).toThrow(
      /--fields: .*"colour"; the reference command lists them/,
    );
  });
});

describe('whatever the message, its stamps and its stream', () => {
  const names = ['packet', 'sequence', 'timestampNs', 'session', 'protocol', 'type', 'price', 'stock', 'matchNumber'];
  const codec = itch50;

  test('a line is what the string writers make of it', () => {
    const random = new Random(20_260_729);
    let compared = 0;
    fc.assert(
      fc.property(
        fc.record({
          session: fc.constantFrom(null, '', 'S1', 'a"b,\n\u007f', '\u00e9\ud83d\ude00'),
          sequence: fc.constantFrom(0, 1, 4_294_967_296, Number.MAX_SAFE_INTEGER),
          packetNumber: fc.integer({ min: 1, max: 2 ** 40 }),
          seconds: fc.constantFrom(-5, -1, 0, 7, 1_767_623_400, 8_000_000_000),
          nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
          int64: fc.constantFrom('string' as const, 'number' as const),
          decimal: fc.boolean(),
          fields: fc.option(fc.subarray(names, { minLength: 1 }), { nil: [] as string[] }),
        }),
        ({ session, sequence, packetNumber, seconds, nanoseconds, ...flags }) => {
          const bytes = codec.generate(random);
          const { view: at, offset } = embed(bytes);
          const its = { ...stream, session };
          const record = { packetNumber, seconds, nanoseconds } as RecordReader;
          const texts = commonTexts(null, () => '');
          const keys = commonKeys.slice(1, 6).filter((key) => flags.fields.length === 0 || flags.fields.includes(key));
          const own = flags.fields.filter((name) => !(commonKeys as readonly string[]).includes(name));
          const options = { ...flags, fields: flags.fields.length === 0 ? undefined : own };
          for (const format of ['ndjson', 'csv'] as const) {
            const text = new TextBuffer(16);
            const writer = messageWriter({ ...flags, format });
            if (!writer.write(text, record, at, offset, bytes.length, sequence, its)) continue;
            compared++;
            if (format === 'ndjson') {
              const head = keys.map((key) => {
                const value = texts[key](record, sequence, its);
                if (value === '' && (key !== 'session' || session === null)) return `"${key}":null`;
                return `"${key}":${key === 'packet' || key === 'sequence' ? value : JSON.stringify(value)}`;
              });
              const body = codec.jsonWriter(options)(at, offset);
              expect(text.toString()).toBe(`{${[...head, ...(body === '' ? [] : [body])].join(',')}}\n`);
            } else {
              const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
              const head = keys.map((key) => quoted(texts[key](record, sequence, its)));
              const rows = codec.csvWriter(options);
              const row = options.fields?.length === 0 ? [] : [rows.row(at, offset)];
              expect(text.toString()).toBe(`${[...head, ...row].join(',')}\n`);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(300);
  });
});
