/**
 * The contract of a parser in JavaScript or TypeScript, and how it is called.
 *
 * A parser is an object with `onMessage(view, offset, length, context)`, called with one application message, framing
 * removed. It returns what it decoded (an object, a list of them, nothing) or hands it to the `emit` that it was made
 * with. A module exports such an
 * object, a class (made with `new`, given `emit`), a function that makes one (given `emit`), or the function
 * `onMessage` itself.
 */
import type { MessagePlace } from '../compare/message.js';
import { UsageError } from '../core/errors.js';

/** What a parser is told beside the bytes. */
export interface ParserContext extends MessagePlace {
  readonly protocol: string;
}

/** Takes one decoded message. */
export type Emit = (values: object) => void;

type Parse = (view: DataView, offset: number, length: number, context: ParserContext) => unknown;

/** A parser under test, called with borrowed bytes: they are valid until the call returns. */
export interface MessageParser {
  onMessage: Parse;
  /** Called once behind the last; may still return or emit. */
  onEnd?: () => unknown;
}

/** Whatever a module may export, or a caller hand over, as a parser. */
export type ParserLike = MessageParser | (new (emit: Emit) => MessageParser) | ((emit: Emit) => MessageParser) | Parse;

/** One piece to be parsed. */
export interface ParserPiece {
  readonly bytes: Uint8Array;
  readonly context: ParserContext;
}

/** What a parser made of a piece: plain objects, and why it failed where it did. */
export interface ParserResult {
  readonly values: Readonly<Record<string, unknown>>[];
  readonly error: string | null;
}

/** A parser that is at hand, called piece by piece. */
export class ParserCaller {
  private readonly parser: MessageParser;
  private emitted: Readonly<Record<string, unknown>>[] = [];

  /** Throws UsageError where `given` is no parser. */
  constructor(given: unknown) {
    this.parser = parserOf(given, (values) => this.take(values));
  }

  async parse({ bytes, context }: ParserPiece): Promise<ParserResult> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { parser } = this;
    return this.outcome(() => parser.onMessage(view, 0, bytes.length, context));
  }

  /** What it still has to say behind the last piece. */
  end(): Promise<ParserResult> {
    return this.outcome(() => this.parser.onEnd?.());
  }

  private async outcome(call: () => unknown): Promise<ParserResult> {
    this.emitted = [];
    let error: string | null = null;
    try {
      const returned = call();
      // Waiting for what is there already would cost a turn for every message.
      this.take(isPromise(returned) ? await returned : returned);
    } catch (thrown) {
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    return { values: this.emitted, error };
  }

  private take(given: unknown): void {
    for (const one of Array.isArray(given) ? given : [given]) {
      if (typeof one !== 'object' || one === null) continue;
      this.emitted.push(plainOf(one, 0) as Readonly<Record<string, unknown>>);
    }
  }
}

/** The parser of a module: its default export, `createParser`, `Parser`, or the module itself. */
export function exportedParser(module: Readonly<Record<string, unknown>>): unknown {
  return module.default ?? module.createParser ?? module.Parser ?? module;
}

function parserOf(given: unknown, emit: Emit): MessageParser {
  const made = typeof given === 'function' ? madeBy(given as (...args: unknown[]) => unknown, emit) : given;
  if (typeof made === 'object' && made !== null) {
    if (typeof (made as MessageParser).onMessage === 'function') return made as MessageParser;
  }
  const contract = 'an object with onMessage(view, offset, length, context), a class or function that makes one';
  throw new UsageError('parser', `this is no parser: export ${contract}, or onMessage itself (tickreel help parsers)`);
}

function madeBy(given: (...args: unknown[]) => unknown, emit: Emit): unknown {
  const isClass = /^class\b/.test(Function.prototype.toString.call(given)) || hasMethods(given.prototype);
  if (isClass) return new (given as unknown as new (emit: Emit) => unknown)(emit);
  // A function of three arguments is onMessage itself.
  return given.length >= 3 ? { onMessage: given } : given(emit);
}

function hasMethods(prototype: unknown): boolean {
  return typeof (prototype as MessageParser | undefined)?.onMessage === 'function';
}

const mostDepth = 8;

/** A copy as plain data, for parsers may use one object for all messages; getters of a class count as fields. */
function plainOf(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > mostDepth) return null;
  if (Array.isArray(value)) return value.map((one) => plainOf(one, depth + 1));
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  const { toJSON } = value as { toJSON?: () => unknown };
  if (typeof toJSON === 'function') return plainOf(toJSON.call(value), depth + 1);
  const copy: Record<string, unknown> = {};
  for (const key of [...Object.keys(value), ...gettersOf(value)]) {
    const one = plainOf((value as Record<string, unknown>)[key], depth + 1);
    if (one !== undefined) copy[key] = one;
  }
  return copy;
}

const getters = new WeakMap<object, readonly string[]>();

function gettersOf(value: object): readonly string[] {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return [];
  let names = getters.get(prototype);
  if (names === undefined) {
    names = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { get }]) =>
      get ? [name] : [],
    );
    getters.set(prototype, names);
  }
  return names;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
