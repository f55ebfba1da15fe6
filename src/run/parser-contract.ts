/**
 * The contract of a parser in JavaScript or TypeScript, and how it is called.
 *
 * A parser is an object with `onMessage(view, offset, length, context)`, called with one application message, framing
 * removed; or, where it does the framing itself, with `onPacket` (or `onDatagram`) of the same shape, called with the
 * payload of each UDP datagram. It returns what it decoded (an object, a list of them, nothing) or hands it to the
 * `emit` that it was made with. A module exports such an object, a class (made with `new`, given `emit`), a function
 * that makes one (given `emit`), or the function `onMessage` itself.
 *
 * What it reports beside messages goes the same way: `{ report: 'gap', sequence, count }`, `{ report: 'reject' }`. With
 * `reports` (true, or a list of kinds), on the parser or exported beside it, it says that it is to be held to them.
 */
import type { MessagePlace } from '../compare/message.js';
import { type ReportKind, reportSpecOf } from '../compare/reports.js';
import { UsageError } from '../core/errors.js';

/** What a parser is told beside the bytes. */
export interface ParserContext extends MessagePlace {
  readonly protocol: string;
}

/** What a parser of datagrams is told beside the bytes. */
export interface PacketContext extends Pick<MessagePlace, 'file' | 'packet' | 'offset' | 'timestampNs'> {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** Takes one decoded message. */
export type Emit = (values: object) => void;

type Parse = (view: DataView, offset: number, length: number, context: ParserContext) => unknown;
type ParsePacket = (view: DataView, offset: number, length: number, context: PacketContext) => unknown;

/** What parsers may have beside the function that is called. */
interface ParserBase {
  /** Called once behind the last; may still return or emit. */
  onEnd?: () => unknown;
  /** Which reports it is to be held to in mutations; none where absent. */
  reports?: boolean | readonly ReportKind[];
}

/** A parser under test, called with borrowed bytes: they are valid until the call returns. */
export interface MessageParser extends ParserBase {
  onMessage: Parse;
}

/** The same, of datagrams; one that has both functions is called with datagrams alone. */
export interface PacketParser extends ParserBase {
  onPacket: ParsePacket;
}

/** Whatever a module may export, or a caller hand over, as a parser. */
export type ParserLike =
  | MessageParser
  | PacketParser
  | (new (
      emit: Emit,
    ) => MessageParser | PacketParser)
  | ((emit: Emit) => MessageParser | PacketParser)
  | Parse;

/** One piece to be parsed. */
export interface ParserPiece {
  readonly bytes: Uint8Array;
  readonly context: ParserContext | PacketContext;
}

/** What a parser made of a piece: plain objects, and why it failed where it did. */
export interface ParserResult {
  readonly values: Readonly<Record<string, unknown>>[];
  readonly error: string | null;
}

/** A parser that is at hand, called piece by piece. */
export class ParserCaller {
  /** What it is called with. */
  readonly takes: 'messages' | 'packets';
  readonly reports: readonly ReportKind[];
  private readonly callOnce: Parse;
  private readonly parser: ParserBase;
  private emitted: Readonly<Record<string, unknown>>[] = [];

  /** `reports`: what the module says of them. Throws UsageError where `given` is no parser. */
  constructor(given: unknown, reports?: unknown) {
    const { parser, call, takes } = parserOf(given, (values) => this.take(values));
    this.parser = parser;
    this.callOnce = call;
    this.takes = takes;
    this.reports = reportSpecOf(parser.reports ?? reports, 'reports').kinds;
  }

  async parse({ bytes, context }: ParserPiece): Promise<ParserResult> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.outcome(() => this.callOnce(view, 0, bytes.length, context as ParserContext));
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

/** The functions by which a parser is called, the one that is taken where it has several first. */
const calls = [
  ['onPacket', 'packets'],
  ['onDatagram', 'packets'],
  ['onMessage', 'messages'],
] as const;

function parserOf(given: unknown, emit: Emit): { parser: ParserBase; call: Parse; takes: 'messages' | 'packets' } {
  const made = typeof given === 'function' ? madeBy(given as (...args: unknown[]) => unknown, emit) : given;
  const found = calls.find(([name]) => isCallable(made, name));
  if (found !== undefined) {
    const [name, takes] = found;
    const parser = made as ParserBase & Record<string, Parse>;
    return { parser, call: (...args) => (parser[name] as Parse)(...args), takes };
  }
  const contract =
    'an object with onMessage(view, offset, length, context) or onPacket, a class or function that makes one';
  throw new UsageError('parser', `this is no parser: export ${contract}, or onMessage itself (tickreel help parsers)`);
}

function madeBy(given: (...args: unknown[]) => unknown, emit: Emit): unknown {
  const isClass =
    /^class\b/.test(Function.prototype.toString.call(given)) ||
    calls.some(([name]) => isCallable(given.prototype, name));
  if (isClass) return new (given as unknown as new (emit: Emit) => unknown)(emit);
  // A function of three arguments is onMessage itself.
  return given.length >= 3 ? { onMessage: given } : given(emit);
}

function isCallable(holder: unknown, name: string): boolean {
  if (typeof holder !== 'object' || holder === null) return false;
  return typeof (holder as Record<string, unknown>)[name] === 'function';
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
