/** What of a message no field of a schema reads: told beside its values, so that nothing is passed over in silence. */
import { dimensionReader, headerReader, lengthReader } from './block.js';
import type { AnyGroup, SbeMessage, SbeSchema } from './schema.js';
import type { SbeWalker } from './walk.js';

/** Bytes that were passed over, those of a group's entries together. */
export interface SbeSkip {
  /** Such as `MDIncrementalRefreshBook46.NoMDEntries`. */
  readonly path: string;
  readonly bytes: number;
  /** Why, such as `the block has 40 bytes, 32 of them in version 9`. */
  readonly reason: string;
}

/** Tells what of a message is not read. */
export type TellSkipped = (view: DataView, offset: number, length: number) => SbeSkip[];

/**
 * Builds the teller of a schema: blocks longer than the schema's; in messages of a later version, bytes between the
 * fields, where that version may have put new ones; what stands behind the last group and data; and all of a message
 * that is unknown or does not fit.
 */
export function compileSkipped(schema: SbeSchema, walker: SbeWalker): TellSkipped {
  const header = headerReader(schema);
  const little = schema.byteOrder === 'littleEndian';

  function whole(view: DataView, offset: number, length: number): SbeSkip[] {
    const fault = walker.fault(view, offset, length);
    if (fault !== null) return [{ path: fault.path, bytes: length - fault.offset, reason: fault.message }];
    const told = `template ${header.templateId(view, offset)} of schema ${header.schemaId(view, offset)}`;
    const reason = `${schema.package} ${schema.version} has no ${told} version ${header.version(view, offset)}`;
    return [{ path: schema.package, bytes: length, reason }];
  }

  return (view, offset, length) => {
    const message = walker.messageAt(view, offset, length);
    const extent = walker.extentOf(view, offset, length);
    if (message === undefined || extent < 0) return whole(view, offset, length);
    const survey = new Survey(schema, view, header.version(view, offset), little);
    survey.at = offset + header.size;
    survey.block(message, message.name, header.blockLength(view, offset));
    if (extent < length) {
      survey.add(message.name, length - extent, `bytes behind the last group and data of version ${schema.version}`);
    }
    return [...survey.skips.values()];
  };
}

class Survey {
  at = 0;
  readonly skips = new Map<string, SbeSkip>();
  private readonly schema: SbeSchema;
  private readonly view: DataView;
  private readonly version: number;
  private readonly little: boolean;

  constructor(schema: SbeSchema, view: DataView, version: number, little: boolean) {
    this.schema = schema;
    this.view = view;
    this.version = version;
    this.little = little;
  }

  add(path: string, bytes: number, reason: string): void {
    if (bytes <= 0) return;
    const key = `${path} ${reason}`;
    this.skips.set(key, { path, bytes: bytes + (this.skips.get(key)?.bytes ?? 0), reason });
  }

  block(block: AnyGroup | SbeMessage, path: string, blockLength: number): void {
    const { version, schema } = this;
    const known = block.blockLength;
    this.add(
      path,
      blockLength - known,
      `the block has ${blockLength} bytes, ${known} of them in version ${schema.version}`,
    );
    if (version > schema.version) {
      const reason = `bytes between the fields of version ${schema.version}, where version ${version} may have its own`;
      this.add(path, gapsOf(block, Math.min(blockLength, known)), reason);
    }
    this.at += blockLength;
    for (const group of block.groups) if (group.sinceVersion <= version) this.group(group, `${path}.${group.name}`);
    for (const data of block.data) {
      if (data.sinceVersion <= version)
        this.at += data.headerSize + lengthReader(data, this.little)(this.view, this.at);
    }
  }

  private group(group: AnyGroup, path: string): void {
    const dimension = dimensionReader(group, this.little);
    const blockLength = dimension.blockLength(this.view, this.at);
    const count = dimension.numInGroup(this.view, this.at);
    this.at += dimension.size;
    for (let index = 0; index < count; index++) this.block(group, path, blockLength);
  }
}

/** Bytes of a block up to `length` that are no field's. */
function gapsOf({ fields }: AnyGroup | SbeMessage, length: number): number {
  const taken = new Uint8Array(length);
  for (const { offset, size } of fields) taken.fill(1, offset, offset + size);
  return taken.reduce((sum, one) => sum + 1 - one, 0);
}
