/**
 * The interpreter: flyweights, cursors and decoders from the schema without generated code. It serves where code
 * generation is disallowed, and as a second oracle for the compiled ones.
 */
import { accessorName, accessorsOf, type BlockLike, dataAccessorNames, type SbeAccessor } from './accessor-plan.js';
import { absentOf, accessorReader } from './accessor-read.js';
import type { SbeAccessorClasses, SbeParts } from './compile.js';
import { type SbeCursorBase, type SbeDecoder, type SbeFlyweightBase, wrapRefusal } from './flyweight.js';
import { readBytes, readPrimitive, readString } from './read.js';
import type { AnyGroup, SbeData, SbeMessage, SbeSchema } from './schema.js';
import { createWalker } from './walk.js';

/** Flyweight classes whose getters walk the schema. */
export function interpretAccessors(schema: SbeSchema): SbeAccessorClasses {
  const walker = createWalker(schema);
  const { extentOf, messageAt } = walker;
  return Object.fromEntries(schema.messages.map((message) => [message.name, messageClass(message)]));

  function messageClass(message: SbeMessage): new () => SbeFlyweightBase {
    const isLittle = schema.byteOrder === 'littleEndian';
    const { size, blockLength, version } = schema.header;
    class Interpreted extends Block implements SbeFlyweightBase {
      readonly templateId = message.id;
      readonly schemaId = schema.id;
      readonly name = message.name;

      constructor() {
        super(message, isLittle);
      }

      wrap(view: DataView, offset: number, length: number): this {
        this.clear();
        if (messageAt(view, offset, length) !== message || extentOf(view, offset, length) === -1) {
          wrapRefusal(walker, message.name, view, offset, length);
        }
        this.view = view;
        this.offset = offset;
        this.version = readPrimitive(view, offset + version.offset, version.primitive, isLittle);
        this.blockLength = readPrimitive(view, offset + blockLength.offset, blockLength.primitive, isLittle);
        this.settle(offset + size + this.blockLength);
        return this;
      }
    }
    defineAccessors(Interpreted.prototype, message, size, isLittle);
    return Interpreted;
  }
}

/** A decoder that looks messages up by their header. */
export function interpretDispatch(schema: SbeSchema, classes: SbeAccessorClasses, parts: SbeParts): SbeDecoder {
  const { walker, handlers, refuse } = parts;
  const flyweights = new Map<SbeMessage, SbeFlyweightBase>();
  for (const message of schema.messages) {
    const flyweightClass = classes[message.name];
    if (handlers[message.name] !== undefined && flyweightClass !== undefined) {
      flyweights.set(message, new flyweightClass());
    }
  }
  function decode(view: DataView, offset: number, length: number): boolean {
    const message = walker.messageAt(view, offset, length);
    if (message === undefined || walker.extentOf(view, offset, length) === -1) return refuse(view, offset, length);
    const flyweight = flyweights.get(message);
    if (flyweight !== undefined) handlers[message.name]?.(flyweight.wrap(view, offset, length) as never);
    return true;
  }
  function decodePacket(view: DataView, offset: number, end: number): number {
    let at = offset;
    while (end - at >= 2) {
      const size = view.getUint16(at, true);
      if (size < 2 || size > end - at) break;
      decode(view, at + 2, size - 2);
      at += size;
    }
    return at;
  }
  return { decode, decodePacket };
}

const nothing = new DataView(new ArrayBuffer(0));

/** A root or an entry: where it lies, and what follows it. */
class Block {
  view: DataView = nothing;
  offset = 0;
  version = 0;
  blockLength = 0;
  readonly layout: BlockLike;
  readonly isLittle: boolean;
  readonly cursors: readonly Cursor[];
  readonly dataAt: number[];
  readonly dataLength: number[];

  constructor(layout: BlockLike, isLittle: boolean) {
    this.layout = layout;
    this.isLittle = isLittle;
    this.cursors = layout.groups.map((group) => new (cursorClass(group, isLittle))());
    this.dataAt = layout.data.map(() => -1);
    this.dataLength = layout.data.map(() => 0);
  }

  clear(): void {
    this.view = nothing;
    this.offset = 0;
    this.version = 0;
    this.blockLength = 0;
    for (const cursor of this.cursors) cursor.clear();
    this.dataAt.fill(-1);
    this.dataLength.fill(0);
  }

  /** Finds the groups and data that begin at `at`, of a message known to fit; returns where they end. */
  settle(at: number): number {
    let position = at;
    for (const cursor of this.cursors) position = cursor.place(this.view, position, this.version);
    for (const [index, data] of this.layout.data.entries()) {
      const isThere = data.sinceVersion <= this.version;
      this.dataAt[index] = isThere ? position + data.headerSize : -1;
      this.dataLength[index] = isThere ? dataLengthAt(data, this.view, position, this.isLittle) : 0;
      if (isThere) position += data.headerSize + (this.dataLength[index] as number);
    }
    return position;
  }
}

abstract class Cursor extends Block implements SbeCursorBase {
  count = 0;
  index = -1;
  private start = 0;
  private behind = 0;
  private readonly group: AnyGroup;

  constructor(group: AnyGroup, isLittle: boolean) {
    super(group, isLittle);
    this.group = group;
  }

  /** Takes the group's dimension at `at`; returns where the group ends. */
  place(view: DataView, at: number, version: number): number {
    this.clear();
    if (this.group.sinceVersion > version) return at;
    const { size, blockLength, numInGroup } = this.group.dimension;
    this.view = view;
    this.version = version;
    this.count = readPrimitive(view, at + numInGroup.offset, numInGroup.primitive, this.isLittle);
    if (this.count !== 0) {
      this.blockLength = readPrimitive(view, at + blockLength.offset, blockLength.primitive, this.isLittle);
    }
    this.start = at + size;
    this.behind = this.start;
    while (this.next());
    const end = this.behind;
    this.rewind();
    return end;
  }

  rewind(): this {
    this.index = -1;
    this.offset = this.start;
    this.behind = this.start;
    if (this.count !== 0) this.settle(this.start + this.blockLength);
    return this;
  }

  next(): boolean {
    if (this.index + 1 >= this.count) return false;
    this.index++;
    this.offset = this.behind;
    this.behind = this.settle(this.offset + this.blockLength);
    return true;
  }

  override clear(): void {
    super.clear();
    this.count = 0;
    this.index = -1;
    this.start = 0;
    this.behind = 0;
  }
}

function cursorClass(group: AnyGroup, isLittle: boolean): new () => Cursor {
  class InterpretedCursor extends Cursor {
    constructor() {
      super(group, isLittle);
    }
  }
  defineAccessors(InterpretedCursor.prototype, group, 0, isLittle);
  return InterpretedCursor;
}

function defineAccessors(prototype: Block, block: BlockLike, headerSize: number, isLittle: boolean): void {
  for (const accessor of accessorsOf(block)) defineAccessor(prototype, accessor, headerSize, isLittle);
  for (const [index, group] of block.groups.entries()) {
    define(prototype, accessorName(group.name), function () {
      return this.cursors[index]?.rewind();
    });
  }
  for (const [index, data] of block.data.entries()) {
    const names = dataAccessorNames(block, data);
    define(prototype, accessorName(data.name), function () {
      const [at, length] = [this.dataAt[index] as number, this.dataLength[index] as number];
      if (data.characterEncoding !== '') return readString(this.view, at, length, data.characterEncoding);
      return at === -1 ? new Uint8Array(0) : readBytes(this.view, at, length);
    });
    if (names.offset !== null)
      define(prototype, names.offset, function () {
        return this.dataAt[index];
      });
    if (names.length !== null)
      define(prototype, names.length, function () {
        return this.dataLength[index];
      });
  }
}

function defineAccessor(prototype: Block, accessor: SbeAccessor, headerSize: number, isLittle: boolean): void {
  const { name, offset, end, since, read } = accessor;
  const reader = accessorReader(read, isLittle);
  const absent = absentOf(read);
  function get(this: Block) {
    if (since > this.version || end > this.blockLength) return Array.isArray(absent) ? [] : absent;
    return reader(this.view, this.offset + headerSize + offset, this.version);
  }
  if (read.kind !== 'element') {
    define(prototype, name, get);
    return;
  }
  Object.defineProperty(prototype, name, {
    value(this: Block, index: number) {
      const list = get.call(this);
      return Array.isArray(list) ? (list[index] ?? Number.NaN) : Number.NaN;
    },
  });
}

function define(prototype: Block, name: string, get: (this: Block) => unknown): void {
  Object.defineProperty(prototype, name, { get });
}

function dataLengthAt({ length }: SbeData, view: DataView, at: number, isLittle: boolean): number {
  return readPrimitive(view, at + length.offset, length.primitive, isLittle);
}
