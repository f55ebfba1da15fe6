/**
 * Walks messages of Simple Binary Encoding by their headers: how long one is, what it is, and why it does not fit.
 *
 * FIX Simple Binary Encoding 1.0, sections on message structure and schema extension. Lengths on the wire always
 * count, the schema's never: a longer block is skipped to its end, a shorter one leaves its last fields absent. Groups
 * and data newer than the header's version are not on the wire. Nothing is read outside the bytes given, and nothing
 * allocated.
 */
import type { AnyGroup, SbeData, SbeMessage, SbeSchema, SbeSlot } from './schema.js';
import { primitiveSizes } from './schema.js';

/** Why a message does not fit the bytes that its framing grants. */
export interface SbeFault {
  readonly code: 'sbe-header' | 'sbe-block' | 'sbe-group' | 'sbe-data' | 'sbe-rest';
  /** Such as `MDIncrementalRefreshBook46.NoMDEntries`. */
  readonly path: string;
  /** From the message's first byte. */
  readonly offset: number;
  /** What is wrong, in numbers. */
  readonly message: string;
}

/** Reads the structure of messages; `offset` is that of the SBE header, `length` the bytes that the framing grants. */
export interface SbeWalker {
  /** Bytes of the message with its header, groups and data; -1 where it is unknown or does not fit. */
  extentOf(view: DataView, offset: number, length: number): number;
  /** The message's layout by its header; undefined where the header is cut short, of another schema, or unknown. */
  messageAt(view: DataView, offset: number, length: number): SbeMessage | undefined;
  /** Why a message does not fit: null where it does, and where its layout is unknown. */
  fault(view: DataView, offset: number, length: number): SbeFault | null;
}

/**
 * The most entries without a byte of their own that a message may count, all groups together. Others are bounded by
 * the message's length; these would let groups within groups multiply to millions in a few kilobytes.
 */
export const mostEmptyEntries = 65_534;

/** Ids up to this are looked up in an array, above in a map. */
const mostIndexedId = 0xffff;

/** A number in a header: where, and its size in bytes, negative where signed. */
interface Slot {
  readonly offset: number;
  readonly code: number;
}

/** What a block is followed by: the root or an entry. */
interface Inside {
  readonly groups: readonly GroupWalk[];
  readonly data: readonly DataWalk[];
}

interface GroupWalk extends Inside {
  readonly path: string;
  readonly since: number;
  readonly size: number;
  readonly blockLength: Slot;
  readonly numInGroup: Slot;
  readonly maxEntries: number;
  readonly isFixed: boolean;
}

interface DataWalk {
  readonly path: string;
  readonly since: number;
  readonly size: number;
  readonly length: Slot;
  readonly maxLength: number;
}

interface MessageWalk extends Inside {
  readonly message: SbeMessage;
  readonly until: number;
}

/** Builds the walker of a schema. */
export function createWalker(schema: SbeSchema): SbeWalker {
  const isLittle = schema.byteOrder === 'littleEndian';
  const headerSize = schema.header.size;
  const [blockLengthSlot, templateSlot, schemaSlot, versionSlot] = [
    slotOf(schema.header.blockLength),
    slotOf(schema.header.templateId),
    slotOf(schema.header.schemaId),
    slotOf(schema.header.version),
  ];
  const byId = messageLookup(schema.messages);
  const walk = new Walk(isLittle);

  function walkAt(view: DataView, offset: number, length: number): MessageWalk | undefined {
    if (length < headerSize || readSlot(view, offset, schemaSlot, isLittle) !== schema.id) return undefined;
    const found = byId(readSlot(view, offset, templateSlot, isLittle));
    if (found === undefined || readSlot(view, offset, versionSlot, isLittle) > found.until) return undefined;
    return found;
  }

  function extentOf(view: DataView, offset: number, length: number): number {
    const found = walkAt(view, offset, length);
    if (found === undefined) return -1;
    const blockLength = readSlot(view, offset, blockLengthSlot, isLittle);
    if (!(blockLength >= 0 && blockLength <= length - headerSize)) return -1;
    walk.start(view, offset + length, readSlot(view, offset, versionSlot, isLittle));
    const end = walk.inside(found, offset + headerSize + blockLength);
    return end === -1 ? -1 : end - offset;
  }

  return {
    extentOf,
    messageAt: (view, offset, length) => walkAt(view, offset, length)?.message,
    fault(view, offset, length) {
      if (length < headerSize) {
        const message = `${length} bytes are no message header of ${headerSize}`;
        return { code: 'sbe-header', path: schema.package, offset: 0, message };
      }
      const found = walkAt(view, offset, length);
      if (found === undefined || extentOf(view, offset, length) !== -1) return null;
      const path = found.message.name;
      const blockLength = readSlot(view, offset, blockLengthSlot, isLittle);
      if (!(blockLength >= 0 && blockLength <= length - headerSize)) {
        const message = `a block of ${blockLength} bytes where ${length - headerSize} follow the header`;
        return { code: 'sbe-block', path, offset: 0, message };
      }
      return walk.fault(offset);
    },
  };
}

/** One pass over what follows a block; remembers the last place that did not fit. */
class Walk {
  private readonly isLittle: boolean;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private end = 0;
  private version = 0;
  private emptyEntries = 0;
  private failed: GroupWalk | DataWalk | null = null;
  private failedAt = 0;
  private failedCount = 0;
  private failedStride = 0;

  constructor(isLittle: boolean) {
    this.isLittle = isLittle;
  }

  start(view: DataView, end: number, version: number): void {
    this.view = view;
    this.end = end;
    this.version = version;
    this.emptyEntries = 0;
  }

  /** Where the groups and data that begin at `at` end; -1 where they do not fit. */
  inside(block: Inside, at: number): number {
    let position = at;
    const { groups, data } = block;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index] as GroupWalk;
      if (group.since > this.version) continue;
      position = this.group(group, position);
      if (position === -1) return -1;
    }
    for (let index = 0; index < data.length; index++) {
      const one = data[index] as DataWalk;
      if (one.since > this.version) continue;
      position = this.data(one, position);
      if (position === -1) return -1;
    }
    return position;
  }

  private group(group: GroupWalk, at: number): number {
    const { view, end, isLittle } = this;
    if (end - at < group.size) return this.fail(group, at, -1, 0);
    const stride = readSlot(view, at, group.blockLength, isLittle);
    const count = readSlot(view, at, group.numInGroup, isLittle);
    let position = at + group.size;
    if (stride === 0) this.emptyEntries += count;
    const isSound = stride >= 0 && count >= 0 && count <= group.maxEntries && this.emptyEntries <= mostEmptyEntries;
    if (!isSound || count * stride > end - position) return this.fail(group, at, count, stride);
    if (group.isFixed) return position + count * stride;
    for (let index = 0; index < count; index++) {
      if (stride > end - position) return this.fail(group, at, count, stride);
      position = this.inside(group, position + stride);
      if (position === -1) return -1;
    }
    return position;
  }

  private data(data: DataWalk, at: number): number {
    const { view, end, isLittle } = this;
    if (end - at < data.size) return this.fail(data, at, -1, 0);
    const length = readSlot(view, at, data.length, isLittle);
    const isSound = length >= 0 && length <= data.maxLength && length <= end - at - data.size;
    return isSound ? at + data.size + length : this.fail(data, at, length, 0);
  }

  private fail(failed: GroupWalk | DataWalk, at: number, count: number, stride: number): -1 {
    this.failed = failed;
    this.failedAt = at;
    this.failedCount = count;
    this.failedStride = stride;
    return -1;
  }

  /** The last failure in words. */
  fault(offset: number): SbeFault | null {
    const { failed, failedAt, failedCount, failedStride } = this;
    if (failed === null) return null;
    const isGroup = 'numInGroup' in failed;
    const left = this.end - failedAt - failed.size;
    const what = isGroup ? `${failedCount} entries of ${failedStride} bytes` : `${failedCount} bytes of data`;
    const most = isGroup ? `at most ${failed.maxEntries} of them` : `at most ${failed.maxLength}`;
    const message =
      failedCount === -1
        ? `${left + failed.size} bytes where a header of ${failed.size} should stand`
        : `${what} where ${left} bytes are left and ${most} are allowed`;
    return { code: isGroup ? 'sbe-group' : 'sbe-data', path: failed.path, offset: failedAt - offset, message };
  }
}

function messageLookup(messages: readonly SbeMessage[]): (id: number) => MessageWalk | undefined {
  const walks = messages.map((message) => [message.id, messageWalk(message)] as const);
  const mostId = Math.max(0, ...messages.map(({ id }) => id));
  if (mostId > mostIndexedId) {
    const map = new Map(walks);
    return (id) => map.get(id);
  }
  const list = new Array<MessageWalk | undefined>(mostId + 1).fill(undefined);
  for (const [id, walk] of walks) list[id] = walk;
  return (id) => (id <= mostId ? list[id] : undefined);
}

function messageWalk(message: SbeMessage): MessageWalk {
  return { message, until: message.untilVersion ?? Number.POSITIVE_INFINITY, ...insideOf(message.name, message) };
}

function insideOf(path: string, block: { groups: readonly AnyGroup[]; data: readonly SbeData[] }): Inside {
  return {
    groups: block.groups.map((group) => groupWalk(`${path}.${group.name}`, group)),
    data: block.data.map((data) => ({
      path: `${path}.${data.name}`,
      since: data.sinceVersion,
      size: data.headerSize,
      length: slotOf(data.length),
      maxLength: data.maxLength,
    })),
  };
}

function groupWalk(path: string, group: AnyGroup): GroupWalk {
  const { size, blockLength, numInGroup, maxEntries } = group.dimension;
  return {
    path,
    since: group.sinceVersion,
    size,
    blockLength: slotOf(blockLength),
    numInGroup: slotOf(numInGroup),
    maxEntries,
    isFixed: group.groups.length === 0 && group.data.length === 0,
    ...insideOf(path, group),
  };
}

function slotOf({ offset, primitive }: SbeSlot): Slot {
  return { offset, code: primitive.startsWith('int') ? -primitiveSizes[primitive] : primitiveSizes[primitive] };
}

function readSlot(view: DataView, start: number, slot: Slot, isLittle: boolean): number {
  const at = start + slot.offset;
  switch (slot.code) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, isLittle);
    case 4:
      return view.getUint32(at, isLittle);
    case -1:
      return view.getInt8(at);
    case -2:
      return view.getInt16(at, isLittle);
    case -4:
      return view.getInt32(at, isLittle);
    default: {
      const low = view.getUint32(isLittle ? at : at + 4, isLittle);
      const word = isLittle ? at + 4 : at;
      return (slot.code === 8 ? view.getUint32(word, isLittle) : view.getInt32(word, isLittle)) * 0x1_0000_0000 + low;
    }
  }
}
