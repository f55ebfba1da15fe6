/**
 * Turns a schema into flyweight classes and decoders, compiled once with `new Function`; where that is disallowed
 * (`--disallow-code-generation-from-strings`) the interpreter stands in, slower and equal.
 */
import { type AnyHandlers, canGenerateCode, type Engine } from '../compile.js';
import { classSource } from './accessor-source.js';
import { dispatchSource } from './dispatch-source.js';
import {
  type SbeDecoder,
  type SbeFaultHandler,
  type SbeFlyweightBase,
  type SbeUnknownHandler,
  wrapRefusal,
} from './flyweight.js';
import { interpretAccessors, interpretDispatch } from './interpret.js';
import { readBytes, readCharacters, readString } from './read.js';
import type { SbeMessage, SbeSchema } from './schema.js';
import type { SbeHandlers } from './types.js';
import { createWalker, type SbeWalker } from './walk.js';

/** Flyweight classes by message name. */
export type SbeAccessorClasses = Readonly<Record<string, new () => SbeFlyweightBase>>;

/** What a decoder is made of beside its classes. */
export interface SbeParts {
  readonly walker: SbeWalker;
  readonly handlers: AnyHandlers;
  /** Tells what a message is that cannot be handed over; false always. */
  readonly refuse: (view: DataView, offset: number, length: number) => boolean;
}

/** Builds the flyweight classes of a schema; each is compiled when it is first asked for. */
export function buildSbeAccessors(schema: SbeSchema, engine: Engine = 'auto'): SbeAccessorClasses {
  if (!isCompiled(engine)) return interpretAccessors(schema);
  const classes = {};
  const walker = lazily(() => createWalker(schema));
  const refuse = (name: string, view: DataView, offset: number, length: number) =>
    wrapRefusal(walker(), name, view, offset, length);
  for (const message of schema.messages) {
    const build = lazily(() => compileClass(schema, message, refuse));
    Object.defineProperty(classes, message.name, { get: build, enumerable: true });
  }
  return classes;
}

/** Builds a decoder that calls `handlers`, with `handlers` as `this`. */
export function buildSbeDecoder<S extends SbeSchema>(
  schema: S,
  classes: SbeAccessorClasses,
  handlers: SbeHandlers<S>,
  engine: Engine = 'auto',
): SbeDecoder {
  const parts = partsOf(schema, handlers as AnyHandlers, handlers.onUnknown, handlers.onFault);
  if (!isCompiled(engine)) return interpretDispatch(schema, classes, parts);
  const handled = new Set(schema.messages.map(({ name }) => name).filter((name) => parts.handlers[name] !== undefined));
  const source = dispatchSource(schema, handled);
  const { walker, refuse } = parts;
  const build = new Function('classes', 'handlers', 'extentOf', 'refuse', source);
  return build(classes, parts.handlers, walker.extentOf, refuse) as SbeDecoder;
}

const nothing = new DataView(new ArrayBuffer(0));

function compileClass(
  schema: SbeSchema,
  message: SbeMessage,
  refuse: (name: string, view: DataView, offset: number, length: number) => never,
): new () => SbeFlyweightBase {
  const names = ['nothing', 'readCharacters', 'readString', 'readBytes', 'refuse'];
  const build = new Function(...names, classSource(schema, message));
  return build(nothing, readCharacters, readString, readBytes, refuse) as new () => SbeFlyweightBase;
}

function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function partsOf(
  schema: SbeSchema,
  handlers: AnyHandlers,
  onUnknown: SbeUnknownHandler | undefined,
  onFault: SbeFaultHandler | undefined,
): SbeParts {
  const walker = createWalker(schema);
  function refuse(view: DataView, offset: number, length: number): boolean {
    if (walker.messageAt(view, offset, length) === undefined) onUnknown?.call(handlers, view, offset, length);
    else if (onFault !== undefined) {
      const fault = walker.fault(view, offset, length);
      if (fault !== null) onFault.call(handlers, fault);
    }
    return false;
  }
  return { walker, handlers, refuse };
}

function isCompiled(engine: Engine): boolean {
  return engine === 'compiled' || (engine === 'auto' && canGenerateCode());
}
