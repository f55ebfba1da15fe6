/**
 * Where the fields of a message stand, read once from a schema, and blocks of its nulls to begin with.
 *
 * The session writes what comes often by these offsets and not from objects; what comes rarely goes through the codec.
 */
import { isWide } from '../../schema/sbe/read.js';
import type {
  AnyGroup,
  SbeField,
  SbeMessage,
  SbeNumber,
  SbePrimitive,
  SbeSchema,
  SbeType,
} from '../../schema/sbe/schema.js';

/** Where a field is told that its version does not have. */
export const absent = -1;

/** A message's root or an entry of one of its groups. */
export class Block {
  readonly length: number;
  private readonly nulls: Uint8Array;
  private readonly fields: readonly SbeField[];
  private readonly path: string;

  constructor(path: string, fields: readonly SbeField[], length: number) {
    this.path = path;
    this.fields = fields;
    this.length = length;
    const view = new DataView(new ArrayBuffer(length));
    for (const { type, nullValue, offset, size } of fields) if (size > 0) fillNull(view, offset, type, nullValue);
    this.nulls = new Uint8Array(view.buffer);
  }

  /** Offset of a field; throws where there is none. */
  at(name: string): number {
    const offset = this.find(name);
    if (offset === absent) throw new RangeError(`${this.path} has no ${name}`);
    return offset;
  }

  /** Offset of a field, or `absent` where it is a constant or not of this version. */
  find(name: string): number {
    const field = this.fields.find((candidate) => candidate.name === name);
    return field === undefined || field.size === 0 ? absent : field.offset;
  }

  /** Fills the block with what says nothing: nulls, and zeros where there are none. */
  begin(bytes: Uint8Array, at: number): void {
    bytes.set(this.nulls, at);
  }
}

/** A group of entries of fixed size. */
export class GroupLayout {
  readonly entry: Block;
  /** Bytes before the entries. */
  readonly size: number;
  private readonly numInGroup: number;
  private readonly isWideCount: boolean;

  constructor(path: string, group: AnyGroup) {
    const { dimension } = group;
    this.entry = new Block(path, group.fields, group.blockLength);
    this.size = dimension.size;
    this.numInGroup = dimension.numInGroup.offset;
    this.isWideCount = dimension.numInGroup.primitive !== 'uint8';
  }

  /** Bytes of so many entries with what stands before them. */
  sizeOf(count: number): number {
    return this.size + count * this.entry.length;
  }

  /** Writes what stands before the entries; returns where they begin. */
  begin(view: DataView, at: number, count: number): number {
    for (let index = 0; index < this.size; index++) view.setUint8(at + index, 0);
    view.setUint16(at, this.entry.length, true);
    if (this.isWideCount) view.setUint16(at + this.numInGroup, count, true);
    else view.setUint8(at + this.numInGroup, count);
    return at + this.size;
  }
}

/** A message of a schema. */
export class MessageLayout {
  readonly id: number;
  readonly name: string;
  readonly root: Block;
  /** Offset of the MatchEventIndicator in the root, or `absent`. */
  readonly indicator: number;
  readonly transactTime: number;
  private readonly groups: ReadonlyMap<string, GroupLayout>;

  constructor(message: SbeMessage) {
    this.id = message.id;
    this.name = message.name;
    this.root = new Block(message.name, message.fields, message.blockLength);
    this.indicator = this.root.find('MatchEventIndicator');
    this.transactTime = this.root.find('TransactTime');
    this.groups = new Map(
      message.groups.map((group) => [group.name, new GroupLayout(`${message.name}.${group.name}`, group)]),
    );
  }

  group(name: string): GroupLayout {
    const group = this.groups.get(name);
    if (group === undefined) throw new RangeError(`${this.name} has no ${name}`);
    return group;
  }

  has(group: string): boolean {
    return this.groups.has(group);
  }
}

/** The layouts of one schema, each made when first asked for. */
export class Layouts {
  private readonly made = new Map<string, MessageLayout>();

  constructor(readonly schema: SbeSchema) {}

  /** By the template id; undefined where this version has none. */
  find(id: number): MessageLayout | undefined {
    const message = this.schema.messages.find((candidate) => candidate.id === id);
    return message === undefined ? undefined : this.of(message);
  }

  /** By the template id; throws where this version has none. */
  get(id: number): MessageLayout {
    const layout = this.find(id);
    if (layout === undefined) throw new RangeError(`version ${this.schema.version} has no template ${id}`);
    return layout;
  }

  private of(message: SbeMessage): MessageLayout {
    let layout = this.made.get(message.name);
    if (layout === undefined) {
      layout = new MessageLayout(message);
      this.made.set(message.name, layout);
    }
    return layout;
  }
}

/** Writes a 64-bit integer, signed or not, of a number below 2^53 in size. */
export function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

function fillNull(view: DataView, at: number, type: SbeType, nullValue: SbeNumber | null): void {
  if (type.kind === 'composite') {
    for (const member of type.members) {
      if (member.size === 0) continue;
      const own = member.type.kind === 'encoding' || member.type.kind === 'enum' ? member.type.nullValue : null;
      fillNull(view, at + member.offset, member.type, own);
    }
    return;
  }
  const isText = type.kind === 'encoding' && type.length > 1;
  if (nullValue !== null && !isText) writeNumber(view, at, type.primitive, nullValue);
}

function writeNumber(view: DataView, at: number, primitive: SbePrimitive, value: SbeNumber): void {
  if (isWide(primitive)) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  else if (primitive === 'uint32' || primitive === 'int32') view.setInt32(at, Number(value), true);
  else if (primitive === 'uint16' || primitive === 'int16') view.setInt16(at, Number(value), true);
  else if (primitive === 'float') view.setFloat32(at, Number(value), true);
  else if (primitive === 'double') view.setFloat64(at, Number(value), true);
  else view.setInt8(at, Number(value));
}
