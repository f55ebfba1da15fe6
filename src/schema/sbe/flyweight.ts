/** What all flyweights and cursors of Simple Binary Encoding share, and the seam between decoders and their users. */
import { DecodeError } from '../../core/errors.js';
import type { SbeFault, SbeWalker } from './walk.js';

/** A movable window on one message: set by `wrap` or by a decoder; reads straight from the bytes. */
export interface SbeFlyweightBase<Name extends string = string> {
  /** Borrowed: replaced when the flyweight is moved. */
  view: DataView;
  /** Of the message header's first byte. */
  offset: number;
  /** The schema's version, as the message header tells it. */
  version: number;
  /** Bytes of the root block, as the message header tells it. */
  blockLength: number;
  readonly templateId: number;
  readonly schemaId: number;
  readonly name: Name;
  /**
   * Moves to the message whose header stands at `offset`, in `length` bytes. `DecodeError` where it is no message of
   * this name or does not fit; the flyweight then stands on nothing.
   */
  wrap(view: DataView, offset: number, length: number): this;
}

/**
 * A repeating group's entries, one at a time: `while (group.next()) …`. Asking the message (or the outer entry) for the
 * group rewinds it: one cursor serves all. Before the first `next()` it reads as the first entry does; without entries
 * every field is absent.
 */
export interface SbeCursorBase {
  view: DataView;
  /** Of the entry's first byte. */
  offset: number;
  /** Bytes of an entry's own fields, as the group tells it; 0 where there are no entries. */
  blockLength: number;
  /** Entries in the group. */
  count: number;
  /** Of the entry; -1 before the first `next()`. */
  index: number;
  /** Goes to the next entry; false, and no move, behind the last. */
  next(): boolean;
}

/** Hands messages to typed handlers. */
export interface SbeDecoder {
  /**
   * Decodes one message whose header stands at `offset`, in `length` bytes; what follows its last group and data is let
   * pass. False, and `onUnknown` called, where the header is cut short, of another schema or of an unknown template;
   * false, and `onFault`, where the message does not fit. True for every other, whether it has a handler or not.
   */
  decode(view: DataView, offset: number, length: number): boolean;
  /**
   * Decodes messages that each follow a 2-byte little-endian size that counts itself, as CME's packets frame them, up
   * to `end`. Returns the offset of the first byte not consumed: `end`, or that of a size that is below 2 or goes past
   * it. Give it what follows the packet's own header.
   */
  decodePacket(view: DataView, offset: number, end: number): number;
}

/** What is called for a message of unknown layout. */
export type SbeUnknownHandler = (view: DataView, offset: number, length: number) => void;

/** What is called for a message that does not fit its bytes. */
export type SbeFaultHandler = (fault: SbeFault) => void;

/** Throws for what a flyweight cannot be wrapped around. */
export function wrapRefusal(walker: SbeWalker, name: string, view: DataView, offset: number, length: number): never {
  const reason = walker.fault(view, offset, length)?.message ?? 'no message of this name stands there';
  throw new DecodeError('sbe-wrap', `${name} at ${offset}: ${reason}`);
}
