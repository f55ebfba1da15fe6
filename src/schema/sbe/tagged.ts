/**
 * Finds the fields of a message by their FIX tag, wherever they stand: in the root or in any entry of any group.
 *
 * What reads securities, times and the like from any schema goes by tags, for names differ from template to template.
 * The message must have been found to fit (`extentOf`). Nothing is allocated for a message whose tag was asked before.
 */
import type { AnyGroup, SbeField, SbeMessage, SbeSchema, SbeSlot } from './schema.js';
import { primitiveSizes } from './schema.js';
import { isPresent } from './slot.js';

/** FIX tags that messages of market data share. */
export const tags = { symbol: 55, securityId: 48, transactTime: 60 } as const;

/** The root's field of a tag; null where it has none, or a constant. */
export function rootField(message: SbeMessage, tag: number): SbeField | null {
  return message.fields.find(({ id, size }) => id === tag && size > 0) ?? null;
}

/** Whether the field is a single int32 on the wire, as SecurityIDs are. */
export function isInt32({ type, size }: SbeField): boolean {
  return size > 0 && type.kind === 'encoding' && type.primitive === 'int32' && type.length === 1;
}

/** The key of a symbol beside the SecurityID that it is of, in JSON and among selected fields. */
export const symbolKey = 'symbol';

/** The SecurityID of a block whose symbol does not stand beside it; undefined where there is none. */
export function symbolField({ fields }: Pick<AnyGroup, 'fields'>): SbeField | undefined {
  if (fields.some(({ id }) => id === tags.symbol)) return undefined;
  return fields.find((field) => field.id === tags.securityId && isInt32(field));
}

/** The unsigned number in a slot of a header. */
export function readSlot({ offset, primitive }: SbeSlot, view: DataView, at: number, isLittle: boolean): number {
  const place = at + offset;
  switch (primitiveSizes[primitive]) {
    case 1:
      return view.getUint8(place);
    case 2:
      return view.getUint16(place, isLittle);
    case 4:
      return view.getUint32(place, isLittle);
    default: {
      const [high, low] = isLittle ? [place + 4, place] : [place, place + 4];
      return view.getUint32(high, isLittle) * 0x100000000 + view.getUint32(low, isLittle);
    }
  }
}

/** Visits the places of one tag in messages of one schema: the fields of it that are an int32. */
export class TagVisitor {
  private readonly schema: SbeSchema;
  private readonly tag: number;
  private readonly isLittle: boolean;
  /** Whether a message has the tag in its root, or in any of its groups. */
  private readonly holders = new Map<SbeMessage | AnyGroup, boolean>();
  private version = 0;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private visit: (view: DataView, at: number, isLittle: boolean) => boolean = () => false;
  private hasEnded = false;

  constructor(schema: SbeSchema, tag: number) {
    this.schema = schema;
    this.tag = tag;
    this.isLittle = schema.byteOrder === 'littleEndian';
  }

  /** Calls `visit` with the offset of each field of the tag until it returns true; returns whether it did. */
  any(
    message: SbeMessage,
    view: DataView,
    offset: number,
    visit: (view: DataView, at: number, isLittle: boolean) => boolean,
  ): boolean {
    if (!this.holds(message)) return false;
    const { header } = this.schema;
    this.view = view;
    this.visit = visit;
    this.version = readSlot(header.version, view, offset, this.isLittle);
    this.hasEnded = false;
    const blockLength = readSlot(header.blockLength, view, offset, this.isLittle);
    const root = offset + header.size;
    this.fields(message, root, blockLength);
    if (!this.hasEnded) this.groups(message, root + blockLength);
    return this.hasEnded;
  }

  private fields({ fields }: SbeMessage | AnyGroup, at: number, blockLength: number): void {
    for (const field of fields) {
      if (field.id !== this.tag || !isInt32(field) || !isPresent(field, this.version, blockLength)) continue;
      if (this.visit(this.view, at + field.offset, this.isLittle)) {
        this.hasEnded = true;
        return;
      }
    }
  }

  /** Walks groups and data from `at` on; returns the offset behind them. */
  private groups({ groups, data }: SbeMessage | AnyGroup, at: number): number {
    let place = at;
    for (const group of groups) {
      if (group.sinceVersion > this.version) continue;
      place = this.group(group, place);
      if (this.hasEnded) return place;
    }
    for (const { sinceVersion, length, headerSize } of data) {
      if (sinceVersion <= this.version) place += headerSize + readSlot(length, this.view, place, this.isLittle);
    }
    return place;
  }

  private group(group: AnyGroup, at: number): number {
    const { size, blockLength: blockSlot, numInGroup } = group.dimension;
    const blockLength = readSlot(blockSlot, this.view, at, this.isLittle);
    const count = readSlot(numInGroup, this.view, at, this.isLittle);
    const isFlat = group.groups.length + group.data.length === 0;
    if (isFlat && !this.holds(group)) return at + size + count * blockLength;
    let place = at + size;
    for (let index = 0; index < count && !this.hasEnded; index++) {
      this.fields(group, place, blockLength);
      place = isFlat || this.hasEnded ? place + blockLength : this.groups(group, place + blockLength);
    }
    return place;
  }

  private holds(block: SbeMessage | AnyGroup): boolean {
    let does = this.holders.get(block);
    if (does === undefined) {
      does =
        block.fields.some((field) => field.id === this.tag && isInt32(field)) ||
        block.groups.some((group) => this.holds(group));
      this.holders.set(block, does);
    }
    return does;
  }
}
