/** Telling a MoldUDP64 packet from what else may be in a datagram, by its own bytes alone. */
import type { LengthOf } from '../core/seams.js';
import {
  BLOCK_LENGTH_SIZE,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  readMessageCount,
  readSequence,
  SESSION_LENGTH,
} from './moldudp64-header.js';

const SPACE = 0x20;
const TILDE = 0x7e;

type SessionKind = 'named' | 'blank' | 'no';

/**
 * Whether a payload is plausibly MoldUDP64. The session must be printable, or where messages follow blank, of spaces or
 * NULs (some publishers zero it), and the sequence number below 2^53. Of a packet with messages the blocks must fill it
 * exactly, with some data in them, or the first be a whole message of a known type and its length; one without must be
 * a header and no more: a heartbeat, an end of session or a request.
 */
export function looksLikeMoldUDP64(view: DataView, offset: number, length: number, lengthOf: LengthOf): boolean {
  if (length < HEADER_LENGTH) return false;
  const session = sessionKind(view, offset);
  if (session === 'no' || readSequence(view, offset) > Number.MAX_SAFE_INTEGER) return false;
  const count = readMessageCount(view, offset);
  if (length === HEADER_LENGTH) return session === 'named';
  if (count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT) return false;
  return hasExactBlocks(view, offset, length, count) || beginsWithKnownMessage(view, offset, length, lengthOf);
}

/** Named: printable, and more than spaces. */
function sessionKind(view: DataView, offset: number): SessionKind {
  let zeros = 0;
  let blanks = 0;
  for (let index = 0; index < SESSION_LENGTH; index++) {
    const byte = view.getUint8(offset + index);
    if (byte === 0) zeros++;
    else if (byte === SPACE) blanks++;
    else if (byte < SPACE || byte > TILDE) return 'no';
  }
  if (zeros === SESSION_LENGTH || blanks === SESSION_LENGTH) return 'blank';
  return zeros === 0 ? 'named' : 'no';
}

function hasExactBlocks(view: DataView, offset: number, length: number, count: number): boolean {
  const end = offset + length;
  let at = offset + HEADER_LENGTH;
  for (let index = 0; index < count; index++) {
    if (at + BLOCK_LENGTH_SIZE > end) return false;
    at += BLOCK_LENGTH_SIZE + view.getUint16(at);
  }
  return at === end && length > HEADER_LENGTH + count * BLOCK_LENGTH_SIZE;
}

function beginsWithKnownMessage(view: DataView, offset: number, length: number, lengthOf: LengthOf): boolean {
  const at = offset + HEADER_LENGTH + BLOCK_LENGTH_SIZE;
  const end = offset + length;
  if (at >= end) return false;
  const messageLength = view.getUint16(at - BLOCK_LENGTH_SIZE);
  return messageLength !== 0 && at + messageLength <= end && lengthOf(view, at) === messageLength;
}
