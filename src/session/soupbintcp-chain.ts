/** Finding SoupBinTCP packets in bytes that may or may not be some: each packet says where the next one begins. */
import type { LengthOf } from '../core/seams.js';
import { isSoupPacket, readSoupSequence } from './soupbintcp-header.js';
import {
  LOGIN_REQUEST_LENGTH,
  SOUP_HEADER_LENGTH,
  SOUP_LENGTH_SIZE,
  SOUP_SEQUENCE_LENGTH,
  SOUP_SESSION_LENGTH,
  SoupType,
} from './soupbintcp-writer.js';

/** Packets in a row that leave no doubt, wherever they begin. */
export const SURE_PACKETS = 4;
/** Packets that recognition looks at. */
const LOOKED_AT = 64;
/** Whole packets that make up for a last one that goes on behind the bytes at hand. */
const ENOUGH_BEFORE_CUT = 3;

/** Packets in a row, from one place on. */
class Chain {
  /** Whole packets. */
  whole = 0;
  /** Of them, logins that read well and sequenced messages with the length that their type has. */
  known = 0;
  /** How it ends: with the bytes, inside a plausible packet, at one that is none, or not before the limit. */
  end: 'exact' | 'cut' | 'broken' | 'limit' = 'limit';

  /** Follows at most `most` packets from `offset` on. */
  follow(view: DataView, offset: number, end: number, most: number, lengthOf: LengthOf): void {
    this.whole = 0;
    this.known = 0;
    this.end = 'limit';
    for (let at = offset; this.whole < most; this.whole++) {
      const left = end - at;
      if (left < SOUP_HEADER_LENGTH) {
        this.end = left === 0 ? 'exact' : 'cut';
        return;
      }
      const length = view.getUint16(at);
      const type = view.getUint8(at + SOUP_LENGTH_SIZE);
      const next = at + SOUP_LENGTH_SIZE + length;
      if (!isSoupPacket(length, type)) this.end = 'broken';
      else if (next > end) this.end = 'cut';
      else if (isLogin(type) && !isSoundLogin(view, at, type)) this.end = 'broken';
      if (this.end !== 'limit') return;
      if (isLogin(type) || isKnownMessage(view, at, length, type, lengthOf)) this.known++;
      at = next;
    }
  }
}

const chain = new Chain();

/**
 * Whether a piece of a TCP stream is plausibly SoupBinTCP from its first byte on: whole packets that fill it, or some
 * and a beginning, of which enough or one that nothing else looks like.
 */
export function looksLikeSoupBinTCP(view: DataView, offset: number, length: number, lengthOf: LengthOf): boolean {
  chain.follow(view, offset, offset + length, LOOKED_AT, lengthOf);
  const { whole, known, end } = chain;
  if (end === 'broken' || whole === 0) return false;
  if (known > 0 || whole >= ENOUGH_BEFORE_CUT) return true;
  return end === 'exact' && !isPrefixedMessage(view, offset, length, lengthOf);
}

/** Whether bytes may be the beginning of SoupBinTCP packets that go on behind them. */
export function mayBeginSoupBinTCP(view: DataView, offset: number, length: number): boolean {
  chain.follow(view, offset, offset + length, LOOKED_AT, noLength);
  return chain.end === 'cut';
}

/**
 * Whether packets begin at the start of a segment. Bytes that come first are likelier to begin one than others, so
 * less is asked of them.
 */
export function beginsSoupPackets(view: DataView, offset: number, end: number, lengthOf: LengthOf): boolean {
  chain.follow(view, offset, end, SURE_PACKETS, lengthOf);
  if (chain.end === 'broken' || chain.whole === 0) return false;
  return chain.end !== 'cut' || chain.whole > 1 || chain.known > 0;
}

/** Where in the bytes from `offset` to `end` packets begin; -1 where none can be told. */
export function findSoupPackets(view: DataView, offset: number, end: number, lengthOf: LengthOf): number {
  for (let at = offset; at + SOUP_HEADER_LENGTH <= end; at++) {
    chain.follow(view, at, end, SURE_PACKETS, lengthOf);
    if (chain.end === 'limit' || (chain.end === 'exact' && chain.whole > 1)) return at;
  }
  return -1;
}

/** Whether packets whose application is known begin somewhere in a piece: enough to recognise it by. */
export function holdsSoupBinTCP(view: DataView, offset: number, length: number, lengthOf: LengthOf): boolean {
  const end = offset + length;
  for (let at = offset; at + SOUP_HEADER_LENGTH <= end; at++) {
    chain.follow(view, at, end, SURE_PACKETS, lengthOf);
    if (chain.end === 'limit' && chain.known > 1) return true;
  }
  return false;
}

function noLength(): number {
  return 0;
}

function isLogin(type: number): boolean {
  return type === SoupType.loginAccepted || type === SoupType.loginRequest;
}

/** The sequence number comes last in both. */
function isSoundLogin(view: DataView, at: number, type: number): boolean {
  const isRequest = type === SoupType.loginRequest;
  const before = isRequest ? LOGIN_REQUEST_LENGTH - SOUP_SEQUENCE_LENGTH : SOUP_HEADER_LENGTH + SOUP_SESSION_LENGTH;
  return readSoupSequence(view, at + before) >= 0;
}

function isKnownMessage(view: DataView, at: number, length: number, type: number, lengthOf: LengthOf): boolean {
  return type === SoupType.sequencedData && length > 1 && lengthOf(view, at + SOUP_HEADER_LENGTH) === length - 1;
}

/** Messages behind their length alone, as a file has them, look like packets where the message's type is one's. */
function isPrefixedMessage(view: DataView, offset: number, length: number, lengthOf: LengthOf): boolean {
  const first = view.getUint16(offset);
  return first + SOUP_LENGTH_SIZE <= length && lengthOf(view, offset + SOUP_LENGTH_SIZE) === first;
}
