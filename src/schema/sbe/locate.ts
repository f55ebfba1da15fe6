/**
 * Where a field lies in a message of Simple Binary Encoding, by its path: `MDEntryPx`, `NoMDEntries[2].MDEntryPx`,
 * `NoMDEntries[2].MDEntryPx.mantissa`; a group by its own name, with its dimensions.
 *
 * FIX Simple Binary Encoding 1.0: walked by the wire's own lengths, as readers do. Slow, for reports.
 */
import { dimensionReader, headerReader, lengthReader } from './block.js';
import { rootKey } from './plain-values.js';
import type { AnyGroup, SbeMessage, SbeSchema } from './schema.js';

/** A span of bytes, from the message's first. */
export interface FieldSpan {
  readonly offset: number;
  readonly length: number;
}

type Block = Pick<AnyGroup, 'fields' | 'groups' | 'data'>;

/** The span of a field; null where the message has none of the name, or is not whole. `length` is the message's. */
export function locateField(
  schema: SbeSchema,
  message: SbeMessage,
  view: DataView,
  offset: number,
  length: number,
  path: string,
): FieldSpan | null {
  const header = headerReader(schema);
  const steps = path.split('.').map((text) => {
    const match = /^([^[]+)(?:\[(\d+)\])?$/.exec(text);
    return { name: match?.[1] ?? text, index: match?.[2] === undefined ? null : Number(match[2]) };
  });
  const walk = new Locator(schema.byteOrder === 'littleEndian', view, header.version(view, offset), steps);
  try {
    walk.block(message, offset + header.size, header.blockLength(view, offset), 0, rootKey);
  } catch (error) {
    // Beyond the bytes at hand.
    if (!(error instanceof RangeError)) throw error;
  }
  const { found } = walk;
  return found === null || found.offset + found.length > offset + length
    ? null
    : { offset: found.offset - offset, length: found.length };
}

class Locator {
  found: FieldSpan | null = null;

  constructor(
    private readonly little: boolean,
    private readonly view: DataView,
    private readonly version: number,
    private readonly steps: readonly { name: string; index: number | null }[],
  ) {}

  /** Looks into a block and what follows it; returns where that ends. */
  block(block: Block, at: number, blockLength: number, depth: number, keyOf: (name: string) => string): number {
    const step = this.steps[depth];
    const field = block.fields.find(({ name }) => keyOf(name) === step?.name);
    if (field !== undefined && field.offset + field.size <= blockLength) {
      const rest = this.steps[depth + 1];
      const { type } = field;
      const member = type.kind === 'composite' ? type.members.find(({ name }) => name === rest?.name) : undefined;
      const length = member?.size ?? field.size;
      this.found = { offset: at + field.offset + (member?.offset ?? 0), length };
      return at;
    }
    let position = at + blockLength;
    for (const group of block.groups) {
      if (group.sinceVersion > this.version) continue;
      position = this.group(group, position, keyOf(group.name) === step?.name ? depth : -1);
      if (this.found !== null) return position;
    }
    for (const data of block.data) {
      if (data.sinceVersion > this.version) continue;
      const size = lengthReader(data, this.little)(this.view, position);
      if (keyOf(data.name) === step?.name) {
        this.found = { offset: position + data.headerSize, length: size };
        return position;
      }
      position += data.headerSize + size;
    }
    return position;
  }

  /** `depth` is that of the step that names this group; -1 where none does. */
  private group(group: AnyGroup, at: number, depth: number): number {
    const dimension = dimensionReader(group, this.little);
    const blockLength = dimension.blockLength(this.view, at);
    const count = dimension.numInGroup(this.view, at);
    const wanted = this.steps[depth]?.index ?? null;
    if (depth >= 0 && (wanted === null || wanted >= count || depth + 1 === this.steps.length)) {
      this.found = { offset: at, length: dimension.size };
      return at;
    }
    let position = at + dimension.size;
    for (let index = 0; index < count; index++) {
      const inner = depth >= 0 && index === wanted ? depth + 1 : this.steps.length;
      position = this.block(group, position, blockLength, inner, (name) => name);
      if (this.found !== null) return position;
    }
    return position;
  }
}
