/**
 * Random messages from a schema, for properties and fuzzing: boundaries, nulls, values of enums and others, groups of
 * no, one, few and many entries.
 *
 * They are written without the encoder, so that both can be held against each other; every value is one that it takes.
 */
import type { RandomSource } from '../generate.js';
import { slotWriter } from './block.js';
import { blockLengthIn } from './encode-block.js';
import { below, generateValue, oneIn } from './generate-value.js';
import { viewOf } from './scalar.js';
import type { AnyGroup, SbeData, SbeMessage, SbeSchema } from './schema.js';

/** What is generated. */
export interface SbeGenerateOptions {
  /** The header's version; by default the schema's, or the last that has the message. */
  readonly version?: number;
  /** About how large a message may become; 1400 by default. Blocks and dimensions count even where that is less. */
  readonly maxBytes?: number;
  /**
   * With random padding, blocks shorter and longer than the schema's, and bytes behind the message's end: what another
   * version of the schema may send.
   */
  readonly isForeign?: boolean;
}

/** A random message of the given layout, header included. */
export function generateMessage(
  schema: SbeSchema,
  message: SbeMessage,
  random: RandomSource,
  options: SbeGenerateOptions = {},
): Uint8Array {
  const version = options.version ?? Math.min(schema.version, message.untilVersion ?? schema.version);
  const { maxBytes = 1400, isForeign = false } = options;
  const making: Making = { schema, random, version, isForeign, chunks: [], left: 0 };
  const { header } = schema;
  const head = new Uint8Array(header.size);
  making.chunks.push(head);
  const little = schema.byteOrder === 'littleEndian';
  const blockLength = foreignLength(making, blockLengthIn(message, version));
  const view = viewOf(head);
  slotWriter(header.blockLength, little)(view, 0, blockLength);
  slotWriter(header.templateId, little)(view, 0, message.id);
  slotWriter(header.schemaId, little)(view, 0, schema.id);
  slotWriter(header.version, little)(view, 0, version);
  making.left = maxBytes - header.size - blockLength - innerSize(message, version);
  generateBlock(making, message, blockLength);
  if (isForeign && oneIn(random, 4)) making.chunks.push(randomBytes(making, below(random, 20)));
  return joined(making.chunks);
}

/** One of the messages that a version has; any of them where it has none. */
export function drawMessage(schema: SbeSchema, random: RandomSource, { version }: SbeGenerateOptions = {}): SbeMessage {
  const asked = version ?? schema.version;
  const known = schema.messages.filter(
    ({ sinceVersion, untilVersion }) => sinceVersion <= asked && (untilVersion ?? asked) >= asked,
  );
  const from = known.length === 0 || version === undefined ? schema.messages : known;
  return from[below(random, from.length)] as SbeMessage;
}

type Block = Pick<AnyGroup, 'fields' | 'groups' | 'data'>;

/** A message being made. */
interface Making {
  readonly schema: SbeSchema;
  readonly random: RandomSource;
  readonly version: number;
  readonly isForeign: boolean;
  readonly chunks: Uint8Array[];
  /** Bytes that entries and data may still take, beside all that has its place; below 0 where there are none. */
  left: number;
}

function generateBlock(making: Making, block: Block, blockLength: number): void {
  const { random, version, schema, isForeign } = making;
  const bytes = isForeign ? randomBytes(making, blockLength) : new Uint8Array(blockLength);
  const view = viewOf(bytes);
  for (const field of block.fields) {
    const { offset, size, sinceVersion } = field;
    if (size === 0 || sinceVersion > version || offset + size > blockLength) continue;
    generateValue(field, view, offset, { random, version, little: schema.byteOrder === 'littleEndian' });
  }
  making.chunks.push(bytes);
  for (const group of block.groups) if (group.sinceVersion <= version) generateGroup(making, group);
  for (const data of block.data) if (data.sinceVersion <= version) generateData(making, data);
}

function generateGroup(making: Making, group: AnyGroup): void {
  const { random, schema, version } = making;
  const { dimension } = group;
  const little = schema.byteOrder === 'littleEndian';
  const stride = foreignLength(making, blockLengthIn(group, version));
  const bytes = making.isForeign ? randomBytes(making, dimension.size) : new Uint8Array(dimension.size);
  making.chunks.push(bytes);
  // Entries that hold groups or data take more than their own fields.
  const least = stride + innerSize(group, version);
  const most = Math.max(0, Math.min(dimension.maxEntries, Math.floor(making.left / Math.max(least, 1)), mostEntries));
  const count = Math.min(most, [0, 1, 2 + below(random, 4), below(random, most + 1)][below(random, 4)] as number);
  making.left -= count * least;
  slotWriter(dimension.blockLength, little)(viewOf(bytes), 0, stride);
  slotWriter(dimension.numInGroup, little)(viewOf(bytes), 0, count);
  for (let index = 0; index < count; index++) generateBlock(making, group, stride);
}

/** Entries without bytes cost nothing and are bounded by this. */
const mostEntries = 300;

/** What groups and data take where they are empty. */
function innerSize(group: Block, version: number): number {
  let size = 0;
  for (const inner of group.groups) if (inner.sinceVersion <= version) size += inner.dimension.size;
  for (const data of group.data) if (data.sinceVersion <= version) size += data.headerSize;
  return size;
}

function generateData(making: Making, data: SbeData): void {
  const { random, schema } = making;
  const most = Math.max(0, Math.min(data.maxLength, making.left));
  const length = Math.min(most, [0, 1, below(random, 20), below(random, most + 1)][below(random, 4)] as number);
  const bytes = making.isForeign ? randomBytes(making, data.headerSize) : new Uint8Array(data.headerSize);
  slotWriter(data.length, schema.byteOrder === 'littleEndian')(viewOf(bytes), 0, length);
  making.chunks.push(bytes);
  making.left -= length;
  const content = randomBytes(making, length);
  // Text has to be text in any encoding.
  if (data.characterEncoding !== '') for (const index of content.keys()) content[index] = 0x20 + below(random, 95);
  making.chunks.push(content);
}

/** A block's length as another version may have it. */
function foreignLength({ isForeign, random }: Making, length: number): number {
  if (!isForeign || oneIn(random, 2)) return length;
  return oneIn(random, 2) ? below(random, length + 1) : length + below(random, 12);
}

function randomBytes({ random }: Making, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
