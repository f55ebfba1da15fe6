/**
 * The interpreter: flyweights and decoders from the table without generated code. It serves where code generation is
 * disallowed, and as a second oracle for the compiled ones.
 */
import type { AccessorClasses, AnyHandlers, Decoder, UnknownHandler } from './compile.js';
import { type Field, wordLengths } from './field.js';
import { readField, readNumber } from './read.js';
import type { Message, Protocol } from './table.js';
import type { FlyweightBase } from './types.js';

const nothing = new DataView(new ArrayBuffer(0));

/** Flyweight classes whose getters walk the table. */
export function interpretAccessors(table: Protocol): AccessorClasses {
  return Object.fromEntries(table.messages.map((message) => [message.name, accessorClass(message)]));
}

/** A decoder that looks the type up in a table of 256 entries. */
export function interpretDispatch(
  table: Protocol,
  classes: AccessorClasses,
  handlers: AnyHandlers,
  unknown: UnknownHandler,
): Decoder {
  const lengths = new Uint16Array(256);
  const flyweights = new Array<FlyweightBase | undefined>(256).fill(undefined);
  for (const { name, typeCode, length } of table.messages) {
    lengths[typeCode] = length;
    const flyweightClass = classes[name];
    if (handlers[name] !== undefined && flyweightClass !== undefined) flyweights[typeCode] = new flyweightClass();
  }
  function decode(view: DataView, offset: number, length: number): boolean {
    const typeCode = length === 0 ? 0 : view.getUint8(offset);
    if (length === 0 || lengths[typeCode] !== length) {
      unknown(view, offset, length);
      return false;
    }
    const flyweight = flyweights[typeCode];
    if (flyweight !== undefined) handlers[flyweight.name]?.(flyweight.wrap(view, offset) as never);
    return true;
  }
  function decodeBlocks(view: DataView, offset: number, end: number): number {
    let at = offset;
    while (end - at >= 2) {
      const length = view.getUint16(at);
      if (length > end - at - 2) break;
      decode(view, at + 2, length);
      at += 2 + length;
    }
    return at;
  }
  return { decode, decodeBlocks };
}

function accessorClass({ name, type, fields }: Message): new () => FlyweightBase {
  class Interpreted implements FlyweightBase {
    view: DataView = nothing;
    offset = 0;
    readonly type = type;
    readonly name = name;

    get messageTypeCode(): number {
      return this.view.getUint8(this.offset);
    }

    wrap(view: DataView, offset: number): this {
      this.view = view;
      this.offset = offset;
      return this;
    }
  }
  for (const field of fields) defineAccessors(Interpreted.prototype, field);
  return Interpreted;
}

function defineAccessors(prototype: FlyweightBase, field: Field): void {
  const { name, kind, offset, length } = field;
  function define(accessor: string, get: (this: FlyweightBase) => number | string): void {
    Object.defineProperty(prototype, accessor, { get });
  }
  function defineNumber(accessor: string, at: number, bytes: number): void {
    define(accessor, function () {
      return readNumber(this.view, this.offset + at, bytes);
    });
  }
  define(name, function () {
    return readField(field, this.view, this.offset);
  });
  if (kind === 'char') defineNumber(`${name}Code`, offset, 1);
  if (kind === 'u48' || kind === 'u64') {
    defineNumber(`${name}High`, offset, length - 4);
    defineNumber(`${name}Low`, offset + length - 4, 4);
  }
  if (kind === 'alpha') {
    for (const [index, bytes] of wordLengths(length).entries()) {
      defineNumber(`${name}Word${index}`, offset + index * 4, bytes);
    }
  }
}
