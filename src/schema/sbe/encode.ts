/**
 * Writes messages from plain values, as they stand in JSON, to bytes: header, root block, groups, data.
 *
 * Every value is held against its field: what does not fit throws `DecodeError` with the path, and nothing is rounded
 * or cut. Where an object keeps the wire's bytes (`wireBytes`), header, lengths, padding and everything that no field
 * reads come from there, and only values that changed are written.
 */
import { DecodeError } from '../../core/errors.js';
import { headerReader, slotWriter } from './block.js';
import { type BlockEncoder, blockEncoder, type Cursor } from './encode-block.js';
import { rootKey, type SbeInput, wireOf } from './plain-values.js';
import { copyBytes, viewOf } from './scalar.js';
import type { SbeMessage, SbeSchema } from './schema.js';

/** Which header version is written; by default the object's `version`, else the schema's. */
export interface SbeEncodeOptions {
  readonly version?: number;
}

/** Writes one kind of message. */
export interface MessageEncoder {
  /** Bytes that the message takes. */
  sizeOf(values: SbeInput, version: number): number;
  /** Writes it into zeroed bytes at `offset`, which suffice. */
  write(values: SbeInput, version: number, view: DataView, offset: number): void;
}

/** The header version that values ask for. */
export function versionOf(schema: SbeSchema, values: SbeInput, options: SbeEncodeOptions): number {
  const version = options.version ?? values.version ?? schema.version;
  if (typeof version === 'number' && Number.isInteger(version) && version >= 0 && version <= mostVersion)
    return version;
  throw new DecodeError('encode-version', `${JSON.stringify(values.version)} is not a version of ${schema.package}`);
}

/** Builds the encoder of one message. */
export function messageEncoder(schema: SbeSchema, message: SbeMessage): MessageEncoder {
  const little = schema.byteOrder === 'littleEndian';
  const { header } = schema;
  const block: BlockEncoder = blockEncoder(message, schema, () => message.name, rootKey);
  const writeBlockLength = slotWriter(header.blockLength, little);
  const writeTemplateId = slotWriter(header.templateId, little);
  const writeSchemaId = slotWriter(header.schemaId, little);
  const { version: readVersion } = headerReader(schema);
  const writeVersion = slotWriter(header.version, little);

  return {
    sizeOf(values, version) {
      const wire = wireOf(values);
      const tail = wire?.tail.length ?? 0;
      return header.size + block.sizeOf(values, version, block.lengthOf(wire, version)) + tail;
    },
    write(values, version, view, offset) {
      const wire = wireOf(values);
      const blockLength = block.lengthOf(wire, version);
      if (wire?.header != null) {
        const kept = readVersion(viewOf(wire.header), 0);
        if (kept !== version)
          throw new DecodeError(
            'encode-version',
            `${message.name}: version ${version}, of version ${kept} on the wire`,
          );
        copyBytes(wire.header, view, offset);
      }
      writeBlockLength(view, offset, blockLength);
      writeTemplateId(view, offset, message.id);
      writeSchemaId(view, offset, schema.id);
      writeVersion(view, offset, version);
      const cursor: Cursor = { view, at: offset + header.size, version };
      block.write(cursor, values, blockLength);
      if (wire !== undefined) copyBytes(wire.tail, view, cursor.at);
    },
  };
}

/**
 * Refuses objects whose parts contradict each other, and versions that do not have the message; what came from the wire
 * had it.
 */
export function checkMessage(message: SbeMessage, values: SbeInput, version: number): void {
  const { id, name, sinceVersion, untilVersion } = message;
  const { type = `${id}`, templateId = id, name: given = name } = values;
  if (String(type) !== `${id}` || templateId !== id || given !== name) {
    const parts = [type, templateId, given].map((part) => JSON.stringify(part)).join(', ');
    throw new DecodeError('encode-name', `type, templateId and name contradict each other: ${parts}`);
  }
  if (wireOf(values) !== undefined) return;
  if (version < sinceVersion || (untilVersion !== null && version > untilVersion)) {
    throw new DecodeError('encode-version', `${name} is not a message of version ${version}`);
  }
}

const mostVersion = 0xffff;
