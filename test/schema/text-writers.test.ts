/** Lines as bytes are those of the string writers, of every message and every option, compiled and not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { createCodec } from '../../src/schema/codec.js';
import { jsonSource, rowSource } from '../../src/schema/text-source.js';
import { small } from './small.js';

const engines = ['compiled', 'interpreted'] as const;

describe.each([
  ['every kind of field', createCodec(small)],
  ['ITCH 5.0', itch50],
])('%s', (_name, codec) => {
  const options = fc.record({
    int64: fc.constantFrom('string' as const, 'number' as const),
    decimal: fc.boolean(),
    fields: fc.option(fc.shuffledSubarray([...codec.columns]), { nil: undefined }),
  });

  it('bytes are those of strings', () => {
    fc.assert(
      fc.property(options, fc.integer(), (given, seed) => {
        const random = new Random(seed);
        const [json, csv] = [codec.jsonWriter(given), codec.csvWriter(given)];
        for (const engine of engines) {
          const jsonBytes = codec.jsonBytes(given, engine);
          const rowBytes = codec.rowBytes(given, engine);
          expect(rowBytes.columns).toEqual(csv.columns);
          for (const message of codec.messages) {
            const bytes = codec.generate(random, message);
            // Half of them with any bytes at all.
            if (random.below(2) === 0) for (let at = 1; at < bytes.length; at++) bytes[at] = random.below(256);
            const view = new DataView(bytes.buffer);
            const text = new TextBuffer(8);
            text.text('|');
            jsonBytes(text, view, 0);
            text.text('|');
            rowBytes.row(text, view, 0);
            text.text('|');
            expect(text.toString()).toBe(`|${json(view, 0)}|${csv.row(view, 0)}|`);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('every byte as a character and in text', () => {
    for (const message of codec.messages.filter((_, index) => index % 8 === 0)) {
      for (let byte = 0; byte < 256; byte++) {
        const bytes = new Uint8Array(message.length).fill(byte, 1);
        bytes[0] = message.typeCode;
        // Alone, in front, and between spaces.
        for (const spaces of [[], [2], [1, 3, 4]]) {
          for (const index of spaces) for (let at = index; at < bytes.length; at += 5) bytes[at] = 0x20;
          const view = new DataView(bytes.buffer);
          const text = new TextBuffer();
          expected(codec, text, view);
        }
      }
    }
  });

  it('an unknown type is nothing', () => {
    const text = new TextBuffer();
    const view = new DataView(new ArrayBuffer(64));
    for (const engine of engines) {
      codec.jsonBytes({}, engine)(text, view, 0);
      codec.rowBytes({}, engine).row(text, view, 0);
    }
    expect(text.length).toBe(0);
  });
});

const writers = new Map<unknown, ReturnType<typeof writersOf>>();

function writersOf(codec: typeof itch50) {
  return {
    json: codec.jsonWriter(),
    csv: codec.csvWriter(),
    jsonBytes: codec.jsonBytes({}, 'compiled'),
    rowBytes: codec.rowBytes({}, 'compiled'),
  };
}

function expected(given: unknown, text: TextBuffer, view: DataView): void {
  const known = writers.get(given) ?? writersOf(given as typeof itch50);
  writers.set(given, known);
  known.jsonBytes(text, view, 0);
  known.rowBytes.row(text, view, 0);
  const one = text.toString();
  const other = known.json(view, 0) + known.csv.row(view, 0);
  if (one !== other) expect(one).toBe(other);
}

describe('emitted source', () => {
  it('writers of JSON and of rows', () => {
    const rows = { decimal: true, fields: ['price', 'type', 'three'] };
    for (const message of small.messages) {
      expect(jsonSource(small, message, {})).toMatchSnapshot();
      expect(rowSource(small, message, rows)).toMatchSnapshot();
    }
  });
});
