/** Properties of one random schema and its random messages; each throws with the seed and the schema. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { TextBuffer } from '../../../src/core/text-buffer.js';
import { createSbeCodec, type SbeCodec, type SbeCsvWriter, type SbeJsonWriter } from '../../../src/schema/sbe/codec.js';
import type { SbeDecoder } from '../../../src/schema/sbe/flyweight.js';
import type { SbeReferenceDecoder } from '../../../src/schema/sbe/reference-decoder.js';
import type { SbeMessage } from '../../../src/schema/sbe/schema.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { differences } from './check-flyweight.js';
import { randomSchemaXml } from './random-schema.js';

/** What was compared, so that a property that compares nothing is seen. */
interface Counts {
  messages: number;
  fields: number;
  faults: number;
  fits: number;
}

/** How much is tried: schemas, and of each the messages and the mutations of each template. */
export interface Effort {
  readonly schemas: number;
  readonly messages: number;
  readonly mutations: number;
}

/** The tests of both properties. */
export function testProperties({ schemas, messages, mutations }: Effort): void {
  it('encode and decode undo each other; compiled, interpreted and reference decoders agree on every field', () => {
    const counts = onRandomSchemas(schemas, (codec, random, sum) => checkMessages(codec, random, messages, sum));
    expect(counts.messages).toBeGreaterThan(200);
    expect(counts.fields).toBeGreaterThan(1_000);
  });

  it('mutated messages give a fault or values, the same in every engine, and nothing outside is read', () => {
    const counts = onRandomSchemas(schemas, (codec, random, sum) => checkMutations(codec, random, mutations, sum));
    expect(counts.faults).toBeGreaterThan(100);
    expect(counts.fits).toBeGreaterThan(100);
  });
}

function onRandomSchemas(runs: number, check: (codec: SbeCodec, random: Random, counts: Counts) => void): Counts {
  const counts: Counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
      withSchema(seed, (codec, random) => check(codec, random, counts));
    }),
    { numRuns: runs, endOnFailure: true },
  );
  return counts;
}

/** Runs `check` on a schema made from the seed; an error names both. */
function withSchema(seed: number, check: (codec: SbeCodec, random: Random) => void): void {
  const random = new Random(seed);
  const xml = randomSchemaXml(random);
  try {
    check(createSbeCodec(readSbeXml(xml, 'random.xml')), random);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}\n${xml}`);
  }
}

/** Versions worth a look: the schema's, older ones, a later one. */
function versionsOf(codec: SbeCodec, message: SbeMessage): number[] {
  const { version } = codec.schema;
  return [...new Set([version, message.sinceVersion, Math.floor((version + message.sinceVersion) / 2), version + 1])];
}

/** Encoding what was read gives the bytes again, and every engine and writer reads the same. */
export function checkMessages(codec: SbeCodec, random: Random, rounds: number, counts: Counts): void {
  const reference = codec.referenceDecoder();
  const json = codec.jsonWriter();
  const rows = codec.csvWriter();
  const some = codec.columns.filter(() => random.below(2) === 0);
  const symbolOf = (id: number) => (id % 3 === 0 ? undefined : `S"${id}`);
  const asked = [{ symbolOf }, { int64: 'number', enums: 'name' }, { fields: some, symbolOf }] as const;
  const writers = asked.flatMap((options) =>
    (['compiled', 'interpreted'] as const).map(
      (engine) => [codec.jsonWriter(options), codec.jsonBytes(options, engine)] as const,
    ),
  );
  const rowWriters = asked.flatMap((options) =>
    (['compiled', 'interpreted'] as const).map(
      (engine) => [codec.csvWriter(options), codec.rowBytes(options, engine)] as const,
    ),
  );
  for (const message of codec.schema.messages) {
    const flyweights = [
      codec.createFlyweight(message.name, 'compiled'),
      codec.createFlyweight(message.name, 'interpreted'),
    ];
    for (let round = 0; round < rounds; round++) {
      for (const version of versionsOf(codec, message)) {
        const isForeign = round % 2 === 1 || version > codec.schema.version;
        const bytes = codec.generate(random, message, { version, isForeign, maxBytes: 400 });
        const view = new DataView(bytes.buffer);
        const values = codec.toObject(view, 0, bytes.length);
        if (values === null) throw new Error(`not read: ${hex(bytes)}`);
        equal(reference(bytes), values, 'the reference decoder', bytes);
        equal(JSON.parse(`{${json(view, 0, bytes.length)}}`), values, 'JSON', bytes);
        for (const [writeText, writeBytes] of writers) {
          const text = new TextBuffer(8);
          writeBytes(text, view, 0, bytes.length);
          same([text.toString()], [writeText(view, 0, bytes.length)], 'JSON in bytes');
        }
        for (const [writeRow, writeBytes] of rowWriters) {
          const text = new TextBuffer(8);
          writeBytes.row(text, view, 0, bytes.length);
          same([text.toString()], [writeRow.row(view, 0, bytes.length)], 'a row in bytes');
        }
        if (rows.row(view, 0, bytes.length) === '') throw new Error('no row');
        for (const flyweight of flyweights) {
          const found = differences(codec.schema, message, flyweight.wrap(view, 0, bytes.length), values, counts);
          if (found.length > 0) throw new Error(`${found.join('\n')}\n${hex(bytes)}`);
        }
        for (const options of [{}, { int64: 'number' }, { enums: 'name' }] as const) {
          const kept = codec.toObject(view, 0, bytes.length, { ...options, wire: true });
          same(codec.encode(kept ?? {}), bytes, 'with the wire kept');
        }
        if (!isForeign) {
          same(codec.encode(values), bytes, 'from plain values');
          same(codec.encode(codec.toObject(view, 0, bytes.length, { enums: 'name' }) ?? {}), bytes, 'from names');
        }
        counts.messages++;
      }
    }
  }
}

/** Bytes that are wrong somewhere are read the same by all, wherever they stand, and nothing around them is. */
export function checkMutations(codec: SbeCodec, random: Random, rounds: number, counts: Counts): void {
  for (const message of codec.schema.messages) {
    for (let round = 0; round < rounds; round++) {
      const version = random.pick(versionsOf(codec, message));
      const whole = codec.generate(random, message, { version, isForeign: true, maxBytes: 300 });
      checkBytes(codec, mutated(whole, random, codec.schema.header.size), counts);
    }
  }
}

/** What every reader of a codec says of any bytes. */
export function checkBytes(codec: SbeCodec, bytes: Uint8Array<ArrayBuffer>, counts: Counts): void {
  const { reference, json, rows, decoders } = readersOf(codec);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const extent = codec.extentOf(view, 0, bytes.length);
  const values = codec.toObject(view, 0, bytes.length);
  let expected: ReturnType<typeof reference> = null;
  try {
    expected = reference(bytes);
  } catch {
    counts.faults++;
  }
  equal(expected, values, 'the reference decoder', bytes);
  if (values !== null) counts.fits++;
  if (extent >= 0 !== (values !== null) || extent > bytes.length) throw new Error(`extent ${extent}: ${hex(bytes)}`);
  const known = codec.messageAt(view, 0, bytes.length);
  const fault = codec.fault(view, 0, bytes.length);
  if (known !== undefined && (fault === null) !== extent >= 0) throw new Error(`fault and extent: ${hex(bytes)}`);
  for (const decoder of decoders) {
    if (decoder.decode(view, 0, bytes.length) !== extent >= 0) throw new Error(`decoder: ${hex(bytes)}`);
  }
  const texts = [json(view, 0, bytes.length), rows.row(view, 0, bytes.length)];
  const skipped = codec.skipped(view, 0, bytes.length);
  const isTold = values === null ? texts.join('') === '' && skipped.length > 0 : texts[0] !== '';
  if (!isTold && bytes.length > 0) throw new Error(`not told: ${hex(bytes)}`);
  if (values !== null && known !== undefined) {
    same(codec.encode(codec.toObject(view, 0, bytes.length, { wire: true }) ?? {}), bytes, 'wire');
    for (const engine of ['compiled', 'interpreted'] as const) {
      const flyweight = codec.createFlyweight(known.name, engine).wrap(view, 0, bytes.length);
      const found = differences(codec.schema, known, flyweight, values, counts);
      if (found.length > 0) throw new Error(`${found.join('\n')}\n${hex(bytes)}`);
    }
  }
  // The same within other bytes, of one kind and of another: what surrounds it is never read.
  for (const fill of [0, 0xff]) {
    const around = new Uint8Array(bytes.length + 64).fill(fill);
    around.set(bytes, 37);
    const inner = new DataView(around.buffer);
    equal(codec.toObject(inner, 37, bytes.length), values, 'another place', bytes);
    same([json(inner, 37, bytes.length), rows.row(inner, 37, bytes.length)], texts, 'another place');
    if (codec.extentOf(inner, 37, bytes.length) !== extent) throw new Error(`extent elsewhere: ${hex(bytes)}`);
  }
}

interface Readers {
  readonly reference: SbeReferenceDecoder;
  readonly json: SbeJsonWriter;
  readonly rows: SbeCsvWriter;
  readonly decoders: readonly SbeDecoder[];
}

const built = new WeakMap<SbeCodec, Readers>();

function readersOf(codec: SbeCodec): Readers {
  const readers = built.get(codec) ?? {
    reference: codec.referenceDecoder(),
    json: codec.jsonWriter(),
    rows: codec.csvWriter(),
    decoders: (['compiled', 'interpreted'] as const).map((engine) => codec.createDecoder({}, engine)),
  };
  built.set(codec, readers);
  return readers;
}

/** Cut short, or with bytes changed: mostly in the header and where numbers of groups stand, with lengths that lie. */
export function mutated(whole: Uint8Array, random: Random, headerSize: number): Uint8Array<ArrayBuffer> {
  const kept = random.below(3) === 0 ? random.below(whole.length + 1) : whole.length;
  const bytes = whole.slice(0, kept);
  for (let count = random.below(4); count > 0 && bytes.length > 0; count--) {
    const at = random.below(random.below(2) === 0 ? Math.min(headerSize, bytes.length) : bytes.length);
    const before = bytes[at] as number;
    bytes[at] = random.pick([0, 1, 0xff, before + 1, before - 1, random.below(256)]);
  }
  return bytes;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function equal(given: unknown, expected: unknown, what: string, bytes: Uint8Array): void {
  const [one, other] = [text(given), text(expected)];
  if (one !== other) throw new Error(`${what}: ${one}\nfor ${other}\n${hex(bytes)}`);
}

function same(given: Uint8Array | readonly string[], expected: Uint8Array | readonly string[], what: string): void {
  const [one, other] = [given, expected].map((list) => (list instanceof Uint8Array ? hex(list) : list.join()));
  if (one !== other) throw new Error(`${what}: ${one}\nfor ${other}`);
}

/** JSON that tells zeros of either sign apart. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, one) => (Object.is(one, -0) ? '-0' : one));
}
