import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CaptureError } from '../../src/core/errors.js';
import type { Damage, LengthOf, TimestampOf } from '../../src/core/seams.js';
import { type CaptureFile, type OpenCaptureOptions, openCapture } from '../../src/io/open-capture.js';
import { PreloadStore } from '../../src/io/preload.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { concat, frame, pcap, Section, text } from '../capture/build.js';
import { payloadOf } from '../capture/drive.js';
import { capturePath, describeCaptures } from '../support/captures.js';
import { file, folderPath, pipe } from './support.js';
import { zstdFrame } from './zstd-build.js';

/** A protocol of two messages: `a` with 9 bytes, `b` with 3; a time stamp in the last 2 bytes. */
const lengthOf: LengthOf = (view, offset) => ({ 97: 9, 98: 3 })[view.getUint8(offset)] ?? 0;
const timestampOf: TimestampOf = (view, offset) => view.getUint16(offset + lengthOf(view, offset) - 2);

interface Outcome {
  file: CaptureFile;
  records: string[];
  seconds: number[];
  damage: Damage[];
}

async function readAll(path: string, options: Partial<OpenCaptureOptions> = {}): Promise<Outcome> {
  const damage: Damage[] = [];
  const opened = await openCapture(path, { lengthOf, timestampOf, onDamage: (one) => damage.push(one), ...options });
  const records: string[] = [];
  const seconds: number[] = [];
  const { reader } = opened;
  for (;;) {
    while (reader.next()) {
      const { view, offset, length } = reader;
      records.push(Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1'));
      seconds.push(reader.seconds);
    }
    if (reader.done) break;
    await opened.fill();
  }
  await opened.close();
  return { file: opened, records, seconds, damage };
}

const capture = pcap([{ data: frame({ payload: text('one') }) }, { data: frame({ payload: text('two') }) }]);
const section = new Section();
const ng = concat(section.header(), section.interface(), section.enhanced(frame({ payload: text('one') })));
const messages = Array.from({ length: 20 }, (_, index) => (index % 2 ? text('a12345678') : text('b\0\x01')));
const binary = concat(...messages.flatMap((one) => [Uint8Array.of(0, one.length), one]));
const zeroLength = concat(...messages.flatMap((one) => [Uint8Array.of(0, 0), one]));
const noPrefix = concat(...messages);

describe('packets that chunks and blocks of memory cut', () => {
  const long = pcap(
    Array.from({ length: 26_000 }, (_, index) => ({
      data: frame({ payload: text(`${index} `.padEnd(1300 + (index % 90), 'x')) }),
    })),
  );

  test.each([
    ['read', {}],
    ['read ahead', { readAhead: true }],
    ['from memory', { preload: new PreloadStore() }],
  ])('%s', async (_name, options) => {
    const { records, damage } = await readAll(file('long.pcap', long), options);
    expect(damage).toEqual([]);
    expect(records.map((record) => Number.parseInt(record, 10))).toEqual(Array.from(records.keys()));
    expect(records.map(({ length }) => length)).toEqual(Array.from(records, (_, index) => 1300 + (index % 90)));
    expect(records).toHaveLength(26_000);
  });
});

describe('the content decides, not the name', () => {
  test.each([
    ['pcap', 'x.pcapng', capture, 'datagrams', ['one', 'two']],
    ['pcapng', 'x.pcap', ng, 'datagrams', ['one']],
    ['BinaryFILE', 'y.pcap', binary, 'messages', messages.map((one) => Buffer.from(one).toString('latin1'))],
  ])('%s', async (format, name, bytes, kind, expected) => {
    for (const [compression, stored] of [
      ['none', bytes],
      ['gzip', gzipSync(bytes)],
      ['zstd', zstdFrame([{ raw: bytes }])],
    ] as const) {
      const path = file(name, stored);
      for (const [input, stdin] of [
        [path, undefined],
        ['-', pipe(stored, 1)],
      ] as const) {
        const outcome = await readAll(input, stdin === undefined ? {} : { stdin });
        expect(outcome.records).toEqual(expected);
        expect(outcome.damage).toEqual([]);
        const { name: shown, sizeBytes, bytesRead } = outcome.file;
        expect([outcome.file.format, outcome.file.kind, outcome.file.compression]).toEqual([format, kind, compression]);
        expect([shown, sizeBytes, bytesRead]).toEqual(
          stdin === undefined ? [path, stored.length, stored.length] : ['standard input', null, stored.length],
        );
      }
    }
  });
});

test('a pipe is recognised by its first bytes, before more have come', async () => {
  const { Readable } = await import('node:stream');
  const stdin = new Readable({ read() {} });
  stdin.push(Buffer.from(capture.subarray(0, 4)));
  const opened = await openCapture('-', { lengthOf, timestampOf, onDamage: () => {}, stdin });
  expect(opened.reader.next()).toBe(false);
  stdin.push(Buffer.from(capture.subarray(4)));
  await opened.fill();
  expect(opened.reader.next()).toBe(true);
  await opened.close();
});

test('a truncated gzip capture delivers what it holds', async () => {
  const gz = gzipSync(capture);
  const { records, damage } = await readAll(file('cut.pcap.gz', gz.subarray(0, gz.length - 8)));
  expect(records).toEqual(['one', 'two']);
  expect(damage.map((one) => one.code)).toEqual(['gzip-truncated']);
});

describe('the day of a BinaryFILE', () => {
  const newYork = { '1970-01-01': 18_000, '2020-01-30': 1_580_360_400, '2019-07-04': 1_562_212_800 } as const;
  test.each([
    ['day.itch', undefined, '1970-01-01'],
    ['01302020.NASDAQ_ITCH50', undefined, '2020-01-30'],
    ['01302020.NASDAQ_ITCH50', '2019-07-04', '2019-07-04'],
  ] as const)('%s with date %s is of %s', async (name, date, day) => {
    const { seconds, file: opened } = await readAll(file(name, binary), date === undefined ? {} : { date });
    expect(new Set(seconds)).toEqual(new Set([newYork[day]]));
    expect(opened.date).toBe(day);
  });
});

describe('a BinaryFILE without usable lengths', () => {
  test.each([
    ['zero-length', zeroLength, /length prefix is 0/],
    ['no-prefix', noPrefix, /without length prefix/],
  ])('%s is refused, with what to do, and read when framed by type', async (code, bytes, message) => {
    const path = file(`${code}.itch`, bytes);
    const refusal = readAll(path);
    await expect(refusal).rejects.toThrow(CaptureError);
    await expect(refusal).rejects.toMatchObject({
      code: 'binaryfile-framing',
      message: expect.stringMatching(message),
    });
    await expect(refusal).rejects.toThrow('--frame-by-type');
    const { records, damage } = await readAll(path, { frameByType: true });
    expect(records).toEqual(messages.map((one) => Buffer.from(one).toString('latin1')));
    expect(damage).toHaveLength(1);
  });
});

describe('what is no capture is refused', () => {
  const list = 'Understood are pcap, pcapng and BinaryFILE (ITCH 5.0), each plain or as gzip or Zstandard.';
  test.each([
    ['empty', 'empty', new Uint8Array(0), 'is empty'],
    ['empty', 'empty gzip', gzipSync(new Uint8Array(0)), '(inflated) is empty'],
    [
      'unknown-format',
      'text',
      text('just some lines\nof text\n'),
      'begins 6a 75 73 74 20 73 6f 6d 65 20 6c 69 6e 65 73 0a',
    ],
    ['unknown-format', 'list', text('just some lines\nof text\n'), list],
    ['unknown-format', 'one byte', text('A'), 'begins 41.'],
    ['unknown-format', 'gzip in gzip', gzipSync(gzipSync(capture)), '(inflated) is no capture'],
    ['unknown-format', 'snoop', concat(text('snoop\0\0\0'), new Uint8Array(40)), list],
    ['unknown-format', 'xz', Buffer.from('fd377a585a000004', 'hex'), 'is compressed with xz: inflate it with xz -d'],
    [
      'empty',
      'gzip cut',
      gzipSync(capture).subarray(0, 5),
      '(inflated) is empty. Capture or copy it again. The gzip data end early',
    ],
    [
      'empty',
      'zstd cut',
      Buffer.from('28b52ffd2458', 'hex'),
      '(inflated) is empty. Capture or copy it again. The Zstandard data',
    ],
    ['empty', 'zstd dictionary', zstdFrame([{ raw: capture }], { dictionary: 9 }), 'zstd -d -D DICTIONARY'],
    ['unknown-format', 'gzip of text, cut', gzipSync(text('no capture')).subarray(0, 20), 'end early'],
  ])('%s: %s', async (code, name, bytes, message) => {
    const path = file(`${name}.bin`, bytes);
    await expect(readAll(path)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(readAll(path)).rejects.toThrow(CaptureError);
    const stdin = () => pipe(bytes, 1);
    await expect(readAll('-', { stdin: stdin() })).rejects.toMatchObject({ code });
  });

  test('a directory', async () => {
    await expect(readAll(folderPath())).rejects.toMatchObject({ code: 'directory' });
  });
});

describeCaptures('the captures of BinaryFILE', () => {
  const itch = { lengthOf: itch50.lengthOf, timestampOf: itch50.timestampOf };
  test.each([
    ['day-prefix-35k.itch', 35_581, ['truncated']],
    ['aapl-20200130-10k.bin', 10_000, []],
    ['day-prefix-1k.itch', 1000, []],
    ['synthetic-8k.NASDAQ_ITCH50', 8009, []],
    ['end-of-session-marker.dat', 4, []],
  ])('%s holds %i messages', async (name, count, codes) => {
    const outcome = await readAll(capturePath(`itch50/binaryfile/${name}`), itch);
    expect([outcome.file.format, outcome.records.length]).toEqual(['BinaryFILE', count]);
    expect(outcome.damage.map((one) => one.code)).toEqual(codes);
  });

  test.each([
    ['zero-length-prefix.TEST_ITCH_50.gz', 12_012],
    ['no-length-prefix.itch', 224],
  ])('%s is refused, and holds %i messages framed by type', async (name, count) => {
    const path = capturePath(`itch50/binaryfile/${name}`);
    await expect(readAll(path, itch)).rejects.toMatchObject({ code: 'binaryfile-framing' });
    const { records, damage } = await readAll(path, { ...itch, frameByType: true });
    expect(records).toHaveLength(count);
    expect(damage).toHaveLength(1);
  });

  test('the day of the AAPL file is in its name', async () => {
    const outcome = await readAll(capturePath('itch50/binaryfile/aapl-20200130-10k.bin'), itch);
    expect(outcome.file.date).toBe('2020-01-30');
  });
});

describeCaptures('captures in other formats', () => {
  test.each([
    ['formats/pcapplusplus/PcapExamples/solaris.snoop', 'unknown-format'],
    ['INDEX.md', 'unknown-format'],
    ['cme-templates/mdp3-v9.xml', 'unknown-format'],
    ['fix/cme-secdef-20151220.dat.gz', 'unknown-format'],
    ['fix/cme-market-data-200.txt', 'unknown-format'],
    ['fast/cme-2008/fixfast.dat', 'unknown-format'],
    ['fast/micex-2013/increment_a.dat', 'unknown-format'],
  ])('%s is refused: %s', async (path, code) => {
    const itch = { lengthOf: itch50.lengthOf, timestampOf: itch50.timestampOf };
    await expect(readAll(capturePath(path), itch)).rejects.toMatchObject({ code });
  });

  test('a datagram capture reads as through its reader', async () => {
    const path = capturePath('itch50/moldudp64/nasdaq/Multiple.Packets.pcap');
    const opened = await openCapture(path, { lengthOf, timestampOf, onDamage: () => {} });
    if (opened.kind !== 'datagrams') throw new Error('not datagrams');
    expect(opened.reader.next()).toBe(true);
    expect(payloadOf(opened.reader)).toHaveLength(opened.reader.length);
    expect(opened.reader.flow.destination).toBe('233.54.12.111');
    await opened.close();
  });
});
