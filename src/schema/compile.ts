/**
 * Turns a protocol's table into flyweight classes and decoders, compiled once with `new Function`; where that is
 * disallowed (`--disallow-code-generation-from-strings`) the interpreter stands in, slower and equal.
 */
import { accessorSource } from './accessor-source.js';
import { dispatchSource } from './dispatch-source.js';
import { interpretAccessors, interpretDispatch } from './interpret.js';
import { readText } from './read.js';
import type { Protocol } from './table.js';
import type { FlyweightBase, Handlers } from './types.js';

/** Whether flyweights and decoders are compiled or interpreted; `auto` compiles where code generation is allowed. */
export type Engine = 'auto' | 'compiled' | 'interpreted';

/** Flyweight classes by message name. */
export type AccessorClasses = Readonly<Record<string, new () => FlyweightBase>>;

/** Hands messages to typed handlers. */
export interface Decoder {
  /**
   * Decodes one message of exactly `length` bytes. False, and `onUnknown` called, where its type is unknown or its
   * length is not the type's own; true for every other, whether it has a handler or not.
   */
  decode(view: DataView, offset: number, length: number): boolean;
  /**
   * Decodes messages that each follow their 2-byte big-endian length, as MoldUDP64 and BinaryFILE frame them, up to
   * `end`. Returns the offset of the first byte not consumed: `end`, or that of a block which `end` cuts short.
   */
  decodeBlocks(view: DataView, offset: number, end: number): number;
}

/** Handlers as the engines see them, types erased. */
export type AnyHandlers = Readonly<Record<string, ((message: never) => void) | undefined>>;

/** What is called for a message of unknown layout. */
export type UnknownHandler = (view: DataView, offset: number, length: number) => void;

/** True where `new Function` works in this process. */
export function canGenerateCode(): boolean {
  try {
    new Function('');
    return true;
  } catch {
    return false;
  }
}

/** Builds the flyweight classes of a protocol. */
export function buildAccessors(table: Protocol, engine: Engine = 'auto'): AccessorClasses {
  if (!isCompiled(engine)) return interpretAccessors(table);
  return new Function('readText', accessorSource(table))(readText) as AccessorClasses;
}

/** Builds a decoder that calls `handlers`, with `handlers` as `this`. */
export function buildDecoder<P extends Protocol>(
  table: P,
  classes: AccessorClasses,
  handlers: Handlers<P>,
  engine: Engine = 'auto',
): Decoder {
  const anyHandlers = handlers as AnyHandlers;
  const onUnknown = handlers.onUnknown;
  const unknown: UnknownHandler = onUnknown === undefined ? ignore : onUnknown.bind(handlers);
  if (!isCompiled(engine)) return interpretDispatch(table, classes, anyHandlers, unknown);
  const handled = new Set(table.messages.map(({ name }) => name).filter((name) => anyHandlers[name] !== undefined));
  const source = dispatchSource(table, handled);
  return new Function('classes', 'handlers', 'unknown', source)(classes, anyHandlers, unknown) as Decoder;
}

/** Whether an engine generates code in this process. */
export function isCompiled(engine: Engine): boolean {
  return engine === 'compiled' || (engine === 'auto' && canGenerateCode());
}

function ignore(): void {}
