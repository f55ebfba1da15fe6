/**
 * Messages that can be walked and still contradict what their version is known to look like.
 *
 * SBE lets a block be shorter or longer than a reader knows, and a message go on behind it: that is how versions grow.
 * Of a version that the schema does know there is nothing to grow: a block shorter than that version's, or bytes behind
 * the last group and data, mean that a length or a count is wrong, and what was read by it is not what was sent.
 */
import type { AnyGroup, SbeMessage, SbeSchema } from './schema.js';
import { formerIn } from './slot.js';
import { readSlot } from './tagged.js';
import type { SbeFault } from './walk.js';

/** Null where the message, which fits, agrees with its version, or where that version is not known. */
export type FindContradiction = (
  view: DataView,
  offset: number,
  length: number,
  message: SbeMessage,
) => SbeFault | null;

/**
 * Builds the check. `knowsLengths` says whether the schema tells how long blocks were in an earlier version; where it
 * does not, the fields that the version had are the least that a block of it holds.
 */
export function createContradiction(
  schema: SbeSchema,
  knowsLengths: (version: number) => boolean = (version) => version === schema.version,
): FindContradiction {
  const { header } = schema;
  const isLittle = schema.byteOrder === 'littleEndian';
  const lengths = new BlockLengths(knowsLengths);
  let fault: SbeFault | null = null;

  function short(path: string, offset: number, has: number, needs: number, version: number): void {
    const message = `a block of ${has} bytes where version ${version} has ${needs}`;
    fault = { code: 'sbe-block', path, offset, message };
  }

  /** Walks groups and data from `at` on; returns the offset behind them, and leaves what is wrong in `fault`. */
  function walk(block: SbeMessage | AnyGroup, view: DataView, start: number, at: number, version: number): number {
    let place = at;
    for (const group of block.groups) {
      if (group.sinceVersion > version) continue;
      const { dimension } = group;
      const blockLength = readSlot(dimension.blockLength, view, place, isLittle);
      const count = readSlot(dimension.numInGroup, view, place, isLittle);
      const least = lengths.least(group, version);
      if (count > 0 && blockLength < least) {
        short(group.name, place - start, blockLength, least, version);
        return place;
      }
      place += dimension.size;
      if (group.groups.length + group.data.length === 0) place += count * blockLength;
      else
        for (let index = 0; index < count && fault === null; index++) {
          place = walk(group, view, start, place + blockLength, version);
        }
      if (fault !== null) return place;
    }
    for (const { sinceVersion, length, headerSize } of block.data) {
      if (sinceVersion <= version) place += headerSize + readSlot(length, view, place, isLittle);
    }
    return place;
  }

  return (view, offset, length, message) => {
    const version = readSlot(header.version, view, offset, isLittle);
    if (version > schema.version) return null;
    fault = null;
    const blockLength = readSlot(header.blockLength, view, offset, isLittle);
    const least = lengths.least(message, version);
    if (blockLength < least) short('', 0, blockLength, least, version);
    else {
      const end = walk(message, view, offset, offset + header.size + blockLength, version);
      const left = offset + length - end;
      if (fault === null && left > 0) {
        const text = `${left} bytes behind all that version ${version} has, from byte ${end - offset}`;
        fault = { code: 'sbe-rest', path: '', offset: end - offset, message: text };
      }
    }
    const found = fault as SbeFault | null;
    return found && { ...found, path: found.path === '' ? message.name : `${message.name}.${found.path}` };
  };
}

/** The least that blocks hold, by version; worked out once each. */
class BlockLengths {
  private readonly known = new Map<SbeMessage | AnyGroup, (number | undefined)[]>();

  constructor(private readonly knowsLengths: (version: number) => boolean) {}

  least(block: SbeMessage | AnyGroup, version: number): number {
    let byVersion = this.known.get(block);
    if (byVersion === undefined) {
      byVersion = [];
      this.known.set(block, byVersion);
    }
    let least = byVersion[version];
    if (least === undefined) {
      least = this.workOut(block, version);
      byVersion[version] = least;
    }
    return least;
  }

  private workOut(block: SbeMessage | AnyGroup, version: number): number {
    if (this.knowsLengths(version)) return formerIn(block.formerLengths, version) ?? block.blockLength;
    const ends = block.fields
      .filter(({ sinceVersion, size }) => sinceVersion <= version && size > 0)
      .map(({ offset, size }) => offset + size);
    return Math.max(0, ...ends);
  }
}
