import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Damage } from '../../src/core/seams.js';
import { type BinaryFileOptions, BinaryFileReader, RESYNC_WINDOW } from '../../src/session/binaryfile.js';
import { block, concat, itch, itchTypes, latin1, lengthOf, pump, text, timestampOf, u16 } from './support.js';

const midnight = 1_580_360_400;
const whole = [Number.POSITIVE_INFINITY];

/** What a reader makes of a file: a line for each message, `type×length`, and what it reported. */
function read(file: Uint8Array, options: Partial<BinaryFileOptions> = {}, chunks: readonly number[] = whole) {
  const damages: Damage[] = [];
  const onDamage = (damage: Damage) => damages.push(damage);
  const reader = new BinaryFileReader({ midnightSeconds: midnight, timestampOf, lengthOf, onDamage, ...options });
  const messages: string[] = [];
  const stamps: string[] = [];
  const places: number[][] = [];
  const bytes: string[] = [];
  pump(reader, file, chunks, ({ view, offset, length, seconds, nanoseconds, packetNumber, fileOffset }) => {
    const content = latin1(view, offset, length);
    messages.push(`${content[0]}×${length}`);
    bytes.push(content);
    stamps.push(`${seconds - midnight}.${String(nanoseconds).padStart(9, '0')}`);
    places.push([packetNumber, fileOffset]);
  });
  const { endOfSession, framedByType } = reader;
  const codes = damages.map(({ code, record, offset }) => `${code} record ${record} byte ${offset}`);
  return { messages, stamps, places, bytes, endOfSession, framedByType, codes, damages };
}

const S = itch('S');
const A = itch('A');
const D = itch('D');
const zero = u16(0);

describe('framing', () => {
  type Expected = { messages: string[]; codes?: string[]; endOfSession?: boolean; framedByType?: number };
  const vectors: Record<string, [Uint8Array, Expected, Partial<BinaryFileOptions>?]> = {
    empty: [concat(), { messages: [] }],
    oneMessage: [block(S), { messages: ['S×12'] }],
    messages: [concat(block(S), block(A), block(D)), { messages: ['S×12', 'A×36', 'D×19'] }],
    unknownTypes: [concat(block('foo'), block('q')), { messages: ['f×3', 'q×1'] }],
    knownTypeOfOtherLength: [concat(block('SSS'), block(A)), { messages: ['S×3', 'A×36'] }],
    endOfSession: [concat(block(S), zero), { messages: ['S×12'], endOfSession: true }],
    endOfSessionOnly: [zero, { messages: [], endOfSession: true }],
    longestMessage: [block(new Uint8Array(65_535).fill(1)), { messages: ['\x01×65535'] }],
    truncatedLength: [
      concat(block(S), Uint8Array.of(0)),
      { messages: ['S×12'], codes: ['truncated record 2 byte 14'] },
    ],
    truncatedBehindLength: [concat(block(S), u16(26)), { messages: ['S×12'], codes: ['truncated record 2 byte 14'] }],
    truncatedMessage: [
      concat(block(S), block(A).subarray(0, 37)),
      { messages: ['S×12'], codes: ['truncated record 2 byte 14'] },
    ],
    truncatedFirst: [block(S).subarray(0, 5), { messages: [], codes: ['truncated record 1 byte 0'] }],
  };
  test.each(Object.entries(vectors))('%s', (_name, [file, expected, options]) => {
    const { messages, codes, endOfSession, framedByType } = read(file, options);
    const none = { codes: [], endOfSession: false, framedByType: 0 };
    expect({ messages, codes, endOfSession, framedByType }).toEqual({ ...none, ...expected });
  });
});

describe('lengths of 0 and no lengths', () => {
  const six = Array.from({ length: 6 }, () => block(D));
  const nine = Array.from({ length: 9 }, () => D);
  const zeroed = concat(...nine.flatMap((message) => [zero, message]));
  const junk = (length: number) => new Uint8Array(length).fill(0x7a);
  const sixD = Array(6).fill('D×19');
  const nineD = Array(9).fill('D×19');

  type Expected = [messages: string[], codes: string[], framedByType?: number];
  const vectors: Record<string, [Uint8Array, refused: Expected, byType: Expected]> = {
    everyLengthZero: [zeroed, [[], ['zero-length record 1 byte 0']], [nineD, ['zero-length record 1 byte 0'], 9]],
    zeroLengthInTheMiddle: [
      concat(block(S), zero, A, ...six),
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
      [['S×12', 'A×36', ...sixD], ['zero-length record 2 byte 14'], 1],
    ],
    emptyRecordInTheMiddle: [
      concat(block(S), zero, ...six),
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
    ],
    junkBehindZeroLength: [
      concat(block(S), zero, junk(100), ...six),
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
    ],
    fewRecordsBehindJunkUpToTheEnd: [
      concat(block(S), zero, junk(100), block(D)),
      [['S×12', 'D×19'], ['zero-length record 2 byte 14']],
      [['S×12', 'D×19'], ['zero-length record 2 byte 14']],
    ],
    zeroLengthsBehindJunk: [
      concat(block(S), zero, junk(100), zeroed),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12', ...nineD], ['zero-length record 2 byte 14', 'zero-length record 2 byte 116'], 9],
    ],
    wrongLengthsBehindJunk: [
      concat(block(S), zero, junk(100), ...nine.flatMap((message) => [u16(18), message])),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12'], ['zero-length record 2 byte 14']],
    ],
    justEnoughRecordsBehindJunk: [
      concat(block(S), zero, junk(100), ...six.slice(1), junk(100)),
      [
        ['S×12', ...sixD.slice(1)],
        ['zero-length record 2 byte 14', 'truncated record 7 byte 221'],
      ],
      [
        ['S×12', ...sixD.slice(1)],
        ['zero-length record 2 byte 14', 'truncated record 7 byte 221'],
      ],
    ],
    tooFewRecordsBehindJunk: [
      concat(block(S), zero, junk(100), ...six.slice(2), junk(100)),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12'], ['zero-length record 2 byte 14']],
    ],
    farthestJunk: [
      concat(block(S), zero, junk(RESYNC_WINDOW - 2), ...six),
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
      [['S×12', ...sixD], ['zero-length record 2 byte 14']],
    ],
    tooMuchJunk: [
      concat(block(S), zero, junk(RESYNC_WINDOW - 1), ...six),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12'], ['zero-length record 2 byte 14']],
    ],
    zerosAtTheEnd: [
      concat(block(S), zero, zero),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12'], ['zero-length record 2 byte 14']],
    ],
    zeroLengthTruncated: [
      concat(block(S), zero, A.subarray(0, 35)),
      [['S×12'], ['zero-length record 2 byte 14']],
      [['S×12'], ['truncated record 2 byte 14']],
    ],
    noLengths: [
      concat(...nine),
      [[], ['no-length-prefix record 1 byte 0']],
      [nineD, ['no-length-prefix record 1 byte 0'], 9],
    ],
    noLengthsFew: [
      concat(D, A, D),
      [[], ['no-length-prefix record 1 byte 0']],
      [['D×19', 'A×36', 'D×19'], ['no-length-prefix record 1 byte 0'], 3],
    ],
    noLengthsTruncated: [
      concat(...nine, A.subarray(0, 20)),
      [[], ['no-length-prefix record 1 byte 0']],
      [nineD, ['no-length-prefix record 1 byte 0', 'truncated record 10 byte 171'], 9],
    ],
    noLengthsWithJunk: [
      concat(...Array(300).fill(D), junk(50), ...nine),
      [[], ['no-length-prefix record 1 byte 0']],
      [Array(309).fill('D×19'), ['no-length-prefix record 1 byte 0', 'unknown-type record 301 byte 5700'], 309],
    ],
    noLengthsJunkToTheEnd: [
      concat(...Array(300).fill(D), junk(50)),
      [[], ['no-length-prefix record 1 byte 0']],
      [Array(300).fill('D×19'), ['no-length-prefix record 1 byte 0', 'unknown-type record 301 byte 5700'], 300],
    ],
  };
  const cases = Object.entries(vectors);
  test.each(cases)('%s is refused', (_name, [file, [messages, codes]]) => {
    const result = read(file);
    expect([result.messages, result.codes, result.framedByType, result.endOfSession]).toEqual([
      messages,
      codes,
      0,
      false,
    ]);
  });
  test.each(cases)('%s is framed by type', (_name, [file, , [messages, codes, framedByType = 0]]) => {
    const result = read(file, { frameByType: true });
    expect([result.messages, result.codes, result.framedByType]).toEqual([messages, codes, framedByType]);
  });

  test('the refusal says what is left and what to do', () => {
    const at = 'BinaryFILE record 1 at byte 0';
    const what = 'a length of 0 inside the file, which is no end of session';
    const advice = "--frame-by-type frames messages by their type's own length";
    const message = (result: { damages: Damage[] }) => result.damages.map((damage) => damage.message);
    expect(message(read(zeroed))).toEqual([`${at}: ${what}; what follows byte 0 is not read; ${advice}`]);
    expect(message(read(zeroed, { sizeBytes: zeroed.length }))).toEqual([
      `${at}: ${what}; the remaining 189 bytes are not read; ${advice}`,
    ]);
    expect(message(read(concat(block(S), zero, junk(100), ...six)))).toEqual([
      `BinaryFILE record 2 at byte 14: ${what}; 102 bytes skipped to the next plausible record`,
    ]);
  });

  test('an unknown type is named', () => {
    const messages = [0x7a, 0x20, 0x21, 0x7e, 0x7f, 0x05].map((type) => {
      const { damages } = read(concat(block(S), zero, Uint8Array.of(type)), { frameByType: true });
      return damages.map(({ message }) => /unknown type (\S+),/.exec(message)?.[1]);
    });
    expect(messages).toEqual([["'z'"], ['0x20'], ["'!'"], ["'~'"], ['0x7f'], ['0x05']]);
  });

  test('nothing is kept of what comes after the stop', () => {
    const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf });
    reader.push(concat(zero, junk(RESYNC_WINDOW + 200)));
    expect([reader.next(), reader.done]).toEqual([false, true]);
    reader.push(concat(...six));
    expect([reader.next(), reader.done, reader.packetNumber]).toEqual([false, true, 0]);
  });
});

describe('time stamps', () => {
  test('count from midnight, past 24 hours too', () => {
    const day = 86_400e9;
    const stamps = [0, 1, 999_999_999, 1e9, 34_200_123_456_789, day - 1, day, day + 5e9 + 7, 2 ** 48 - 1];
    expect(read(concat(...stamps.map((ns) => block(itch('A', ns))))).stamps).toEqual([
      '0.000000000',
      '0.000000001',
      '0.999999999',
      '1.000000000',
      '34200.123456789',
      '86399.999999999',
      '86400.000000000',
      '86405.000000007',
      '281474.976710655',
    ]);
  });

  test('of unknown layouts are those of the message before', () => {
    const file = concat(block('foo'), block(itch('A', 5)), block('A-short'), block(itch('D', 7)), block('?'));
    expect(read(file).stamps).toEqual(['0.000000000', '0.000000005', '0.000000005', '0.000000007', '0.000000007']);
  });

  test('stay exact for a protocol with 64-bit ones', () => {
    const ns = [2 ** 53 - 1, 9_007_199e9 - 1, 8_388_609e9 - 1, 8_388_607e9 - 1];
    for (const value of ns) {
      const [stamp] = read(block(S), { timestampOf: () => value }).stamps;
      expect(stamp?.replace('.', '')).toBe(String(value));
    }
  });
});

test('a message is read as soon as it is whole', () => {
  const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf });
  const file = concat(block(S), zero);
  const ready = [...file].map((byte) => {
    reader.push(Uint8Array.of(byte));
    return reader.next();
  });
  expect(ready.indexOf(true)).toBe(13);
  expect(ready.lastIndexOf(true)).toBe(13);
  reader.end();
  expect([reader.next(), reader.done, reader.endOfSession]).toEqual([false, true, true]);
});

test('places: record numbers from 1, offsets of the lengths', () => {
  expect(read(concat(block(S), block(A), block(D))).places).toEqual([
    [1, 0],
    [2, 14],
    [3, 52],
  ]);
});

describe('any chunking', () => {
  const message = fc.oneof(
    fc.tuple(fc.constantFrom(...itchTypes), fc.nat(2 ** 40)).map(([type, ns]) => itch(type, ns, 0x61)),
    fc.uint8Array({ minLength: 1, maxLength: 80 }),
  );
  const piece = fc.oneof(
    { weight: 12, arbitrary: message.map((bytes) => block(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(zero, text('zzzzz')) },
    { weight: 1, arbitrary: fc.constantFrom(...itchTypes).map((type) => concat(zero, itch(type))) },
    { weight: 1, arbitrary: fc.constantFrom(...itchTypes).map((type) => itch(type)) },
  );
  const framed = fc.array(piece, { maxLength: 40 });
  const bare = fc.array(
    fc.constantFrom(...itchTypes).map((type) => itch(type, 3, 0x62)),
    { maxLength: 300 },
  );
  const file = fc
    .tuple(fc.oneof({ weight: 3, arbitrary: framed }, { weight: 1, arbitrary: bare }), fc.nat(30))
    .map(([pieces, cut]) => {
      const bytes = concat(...pieces);
      return cut > 20 ? bytes.subarray(0, bytes.length - (cut - 20)) : bytes;
    });

  test('gives the same messages, stamps and damage', () => {
    fc.assert(
      fc.property(
        file,
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (bytes, byType, cuts) => {
          const options = { frameByType: byType };
          const expected = read(bytes, options);
          expect(read(bytes, options, cuts)).toEqual(expected);
          expect(read(bytes, options, [1])).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
