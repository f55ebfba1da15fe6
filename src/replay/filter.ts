/**
 * Which flows, sessions and messages of ITCH take part: destination, channel, session, type, symbol and locate.
 *
 * A message that names its symbol is judged by that. Many carry only a locate code, so the locates of a wanted symbol
 * are learned from the messages that carry both; what precedes the first of these cannot match. A locate code means
 * something in its own stream only, so each stream, known by a small number, has a table. Nothing is allocated per
 * message.
 */
import { UsageError } from '../core/errors.js';
import type { Flow, LengthOf, Stream } from '../core/seams.js';

/** Empty lists filter nothing; several entries of one list are alternatives, several lists must all match. */
export interface FilterSpec {
  /** `address`, `address:port` or `:port`. */
  destinations: string[];
  sessions: string[];
  /** CME channels by number, as a configuration names them … */
  channels: string[];
  /** … and their lines, `A` or `B`. */
  feeds: string[];
  /** Message types: one character of ITCH, a template's id or name of MDP. */
  types: string[];
  symbols: string[];
  /** ITCH's stock locate codes. */
  locates: number[];
  /** MDP's instruments, by SecurityID. */
  securityIds: number[];
}

export const noFilter: FilterSpec = {
  destinations: [],
  sessions: [],
  channels: [],
  feeds: [],
  types: [],
  symbols: [],
  locates: [],
  securityIds: [],
};

/** Whether a filter asks for anything of single messages. */
export function asksOfMessages({ types, symbols, locates, securityIds }: FilterSpec): boolean {
  return types.length + symbols.length + locates.length + securityIds.length > 0;
}

/** Which channel and line a flow carries. */
export interface ChannelLine {
  /** Such as `310`. */
  readonly channel: string;
  /** `A` or `B`. */
  readonly feed: string;
}

/** What a filter is told of the world beside ITCH. */
export interface FilterSurroundings {
  /** Whether another protocol knows the type: it is no mistake then, though no ITCH message has it. */
  isOtherType(type: string): boolean;
  /** Null where no configuration names the flow. */
  lineOf(flow: Flow): ChannelLine | null;
}

const noSurroundings: FilterSurroundings = { isOtherType: () => false, lineOf: () => null };

/** Where the facts stand that a filter reads: byte offsets from the start of a message. */
export interface MessageLandmarks {
  lengthOf: LengthOf;
  /** Every type's symbol field; -1 where a type has none. Indexed by the type's character code. */
  symbolOffsets: Int16Array;
  /** Offset of the 16-bit locate code, common to every type. */
  locateOffset: number;
}

/** The key of messages that neither teach a locate nor are known by one: they match a symbol only by naming it. */
export const noStream = -1;

const locates = 65536;
const symbolBytes = 8;
/** Longer than any exchange's; those of more than eight characters are no ITCH symbols. */
const longestSymbol = 32;
const largestPort = 65_535;

export class MessageFilter {
  /** Whether any message has to be looked at. */
  readonly readsMessages: boolean;
  /** Whether symbols are asked for, so that messages which do not take part are worth a `learn`. */
  readonly learns: boolean;
  private readonly spec: FilterSpec;
  private readonly landmarks: MessageLandmarks;
  private readonly surroundings: FilterSurroundings;
  private readonly typeWanted = new Uint8Array(256);
  private readonly locateWanted = new Uint8Array(locates);
  /** Locates that a wanted symbol was seen with, a bit each, by stream. */
  private readonly learned: (Uint8Array | undefined)[] = [];
  private readonly symbolWords: Uint32Array;
  private readonly flowVerdicts: boolean[] = [];

  constructor(spec: FilterSpec, landmarks: MessageLandmarks, surroundings: FilterSurroundings = noSurroundings) {
    this.spec = spec;
    this.landmarks = landmarks;
    this.surroundings = surroundings;
    for (const destination of spec.destinations) checkDestination(destination);
    for (const type of spec.types) {
      if (isTypeOf(type, landmarks)) this.typeWanted[type.charCodeAt(0)] = 1;
      else if (!surroundings.isOtherType(type)) {
        throw new UsageError('type', `--type '${type}' is no message type; the reference command lists them`);
      }
    }
    for (const locate of spec.locates) this.locateWanted[checkedLocate(locate)] = 1;
    this.symbolWords = packSymbols(spec.symbols);
    this.learns = spec.symbols.length > 0;
    this.readsMessages = asksOfMessages(spec);
  }

  acceptsFlow(flow: Flow): boolean {
    const { destinations, channels, feeds } = this.spec;
    if (destinations.length + channels.length + feeds.length === 0) return true;
    let verdict = this.flowVerdicts[flow.index];
    if (verdict === undefined) {
      const reaches = destinations.length === 0 || destinations.some((wanted) => matchesDestination(wanted, flow));
      verdict = reaches && this.isOfChannel(flow);
      this.flowVerdicts[flow.index] = verdict;
    }
    return verdict;
  }

  private isOfChannel(flow: Flow): boolean {
    const { channels, feeds } = this.spec;
    if (channels.length + feeds.length === 0) return true;
    const line = this.surroundings.lineOf(flow);
    if (line === null) return false;
    return (
      (channels.length === 0 || channels.includes(line.channel)) && (feeds.length === 0 || feeds.includes(line.feed))
    );
  }

  acceptsStream(stream: Stream): boolean {
    return this.spec.sessions.length === 0 || this.spec.sessions.includes(stream.session ?? '');
  }

  /**
   * Whether the message is wanted; an unknown layout is wanted only where nothing of a message is asked for. Keys are
   * small integers from 0, one for each stream.
   */
  acceptsMessage(view: DataView, offset: number, length: number, streamKey = 0): boolean {
    if (!this.readsMessages) return true;
    if (length === 0 || this.landmarks.lengthOf(view, offset) !== length) return false;
    const type = view.getUint8(offset);
    const locate = view.getUint16(offset + this.landmarks.locateOffset);
    // First of all, for locates are learned from messages of unwanted types too.
    const hasSymbol = !this.learns || this.acceptsSymbol(view, offset, type, locate, streamKey);
    if (!hasSymbol || this.spec.securityIds.length > 0 || (this.spec.types.length > 0 && this.typeWanted[type] === 0))
      return false;
    return this.spec.locates.length === 0 || this.locateWanted[locate] === 1;
  }

  /** Learns from a message that does not take part itself, such as one before the window. */
  learn(view: DataView, offset: number, length: number, streamKey = 0): void {
    if (!this.learns || length === 0 || this.landmarks.lengthOf(view, offset) !== length) return;
    this.acceptsSymbol(
      view,
      offset,
      view.getUint8(offset),
      view.getUint16(offset + this.landmarks.locateOffset),
      streamKey,
    );
  }

  /** Forgets the locates that were learned. */
  forget(): void {
    for (const bits of this.learned) bits?.fill(0);
  }

  private acceptsSymbol(view: DataView, offset: number, type: number, locate: number, streamKey: number): boolean {
    const symbolOffset = this.landmarks.symbolOffsets[type];
    if (symbolOffset < 0) return this.isLearned(locate, streamKey);
    const isWanted = this.namesWanted(view, offset + symbolOffset);
    this.note(locate, streamKey, isWanted);
    return isWanted;
  }

  private isLearned(locate: number, streamKey: number): boolean {
    const bits = streamKey < 0 ? undefined : this.learned[streamKey];
    return bits !== undefined && (bits[locate >> 3] & (1 << (locate & 7))) !== 0;
  }

  /** A table is made when the stream first names a wanted symbol. */
  private note(locate: number, streamKey: number, isWanted: boolean): void {
    if (streamKey < 0) return;
    let bits = this.learned[streamKey];
    if (bits === undefined) {
      if (!isWanted) return;
      bits = new Uint8Array(locates >> 3);
      this.learned[streamKey] = bits;
    }
    if (isWanted) bits[locate >> 3] |= 1 << (locate & 7);
    else bits[locate >> 3] &= ~(1 << (locate & 7));
  }

  private namesWanted(view: DataView, at: number): boolean {
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    const words = this.symbolWords;
    for (let index = 0; index < words.length; index += 2) {
      if (words[index] === high && words[index + 1] === low) return true;
    }
    return false;
  }
}

function checkDestination(destination: string): void {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})?(?::(\d{1,5}))?$/.exec(destination);
  const octets = match?.[1]?.split('.') ?? [];
  const isRight = octets.every((octet) => Number(octet) < 256) && Number(match?.[2] ?? 0) <= largestPort;
  if (destination !== '' && match !== null && isRight) return;
  const forms = '233.54.12.111, 233.54.12.111:26477 or :26477';
  throw new UsageError('destination', `--destination '${destination}' is not understood; write ${forms}`);
}

function matchesDestination(wanted: string, flow: Flow): boolean {
  return (
    wanted === flow.destination ||
    wanted === `:${flow.destinationPort}` ||
    wanted === `${flow.destination}:${flow.destinationPort}`
  );
}

function isTypeOf(type: string, landmarks: MessageLandmarks): boolean {
  const code = type.charCodeAt(0);
  if (type.length !== 1 || code > 255) return false;
  const probe = new DataView(new ArrayBuffer(1));
  probe.setUint8(0, code);
  return landmarks.lengthOf(probe, 0) !== 0;
}

function checkedLocate(locate: number): number {
  if (!Number.isInteger(locate) || locate < 0 || locate > 65535) {
    throw new UsageError('locate', `--locate ${locate} is outside 0 to 65535`);
  }
  return locate;
}

function packSymbols(symbols: readonly string[]): Uint32Array {
  for (const symbol of symbols) {
    if (symbol.length > longestSymbol || !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(symbol)) {
      throw new UsageError('symbol', `--symbol '${symbol}' must have 1 to ${longestSymbol} printable characters`);
    }
  }
  const fitting = symbols.filter(({ length }) => length <= symbolBytes);
  const words = new Uint32Array(fitting.length * 2);
  for (const [index, symbol] of fitting.entries()) {
    const padded = symbol.padEnd(symbolBytes, ' ');
    for (let byte = 0; byte < symbolBytes; byte++) {
      const word = index * 2 + (byte >> 2);
      words[word] = (words[word] << 8) | padded.charCodeAt(byte);
    }
  }
  return words;
}
