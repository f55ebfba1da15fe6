/**
 * Turns a schema into flyweight classes and decoders, compiled once with `new Function`; where that is disallowed
 * (`--disallow-code-generation-from-strings`) the interpreter stands in, slower and equal.
 */
import { type AnyHandlers, canGenerateCode, type Engine } from '../compile.js';
import type { SbeDecoder, SbeFaultHandler, SbeFlyweightBase, SbeUnknownHandler } from './flyweight.js';
import { interpretAccessors, interpretDispatch } from './interpret.js';
import type { SbeSchema } from './schema.js';
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
  return interpretAccessors(schema);
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
  return interpretDispatch(schema, classes, parts);
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
