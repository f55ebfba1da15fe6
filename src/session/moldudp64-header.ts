/**
 * MoldUDP64 1.00: the header that downstream packets and request packets share, read and written.
 *
 *     offset  length  field
 *          0      10  session, ANUM
 *         10       8  sequence number of the first message (or the first requested)
 *         18       2  message count (or the count requested); 0 heartbeat, 0xFFFF end of session
 *
 * All numbers are big endian. Each message block behind the header is a 2-byte length, which does not count itself, and
 * the message data. Sequence numbers are exact below 2^53.
 */
import { UsageError } from '../core/errors.js';

/** Bytes of a downstream packet's header, and the whole of a request packet. */
export const HEADER_LENGTH = 20;
/** Bytes of the session field. */
export const SESSION_LENGTH = 10;
/** Offset of the sequence number in the header. */
export const SEQUENCE_OFFSET = 10;
/** Offset of the message count in the header. */
export const COUNT_OFFSET = 18;
/** Bytes of a message block's length field. */
export const BLOCK_LENGTH_SIZE = 2;
/** The message count that denotes a heartbeat. */
export const HEARTBEAT_COUNT = 0;
/** The message count that denotes the end of the session. */
export const END_OF_SESSION_COUNT = 0xffff;
/** The most messages that one packet can carry or one request ask for. */
export const MAX_MESSAGE_COUNT = 0xfffe;

const TWO_TO_32 = 0x1_0000_0000;
const SPACE = 0x20;

/** The sequence number of the packet at `offset`; not exact from 2^53 on. */
export function readSequence(view: DataView, offset: number): number {
  return view.getUint32(offset + SEQUENCE_OFFSET) * TWO_TO_32 + view.getUint32(offset + SEQUENCE_OFFSET + 4);
}

/** The message count of the packet at `offset`: 0 for a heartbeat, 0xFFFF for the end of the session. */
export function readMessageCount(view: DataView, offset: number): number {
  return view.getUint16(offset + COUNT_OFFSET);
}

/** The session of the packet at `offset` without padding (spaces, NULs); bytes that do not print appear as `\xNN`. */
export function readSession(view: DataView, offset: number): string {
  let text = '';
  for (let index = 0; index < SESSION_LENGTH; index++) text += String.fromCharCode(view.getUint8(offset + index));
  const trimmed = text.replace(/^[ \0]+|[ \0]+$/g, '');
  return trimmed.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The ten bytes of a session's name, padded with spaces; throws where it is longer or not printable ASCII. */
export function encodeSession(name: string): Uint8Array {
  if (name.length > SESSION_LENGTH || !/^[\x20-\x7e]*$/.test(name)) {
    throw new UsageError('session-name', `a MoldUDP64 session is at most 10 printable ASCII characters, not "${name}"`);
  }
  const bytes = new Uint8Array(SESSION_LENGTH).fill(SPACE);
  for (let index = 0; index < name.length; index++) bytes[index] = name.charCodeAt(index);
  return bytes;
}

/** Writes a downstream header; `session` as `encodeSession` made it. Returns the offset behind it. */
export function writeHeader(
  view: DataView,
  offset: number,
  session: Uint8Array,
  sequence: number,
  messageCount: number,
): number {
  patchSession(view, offset, session);
  patchSequence(view, offset, sequence);
  view.setUint16(offset + COUNT_OFFSET, messageCount);
  return offset + HEADER_LENGTH;
}

/** Writes a request packet for `messageCount` (1 to 0xFFFE) messages from `sequence` on; returns the offset behind. */
export function writeRequest(
  view: DataView,
  offset: number,
  session: Uint8Array,
  sequence: number,
  messageCount: number,
): number {
  if (!(messageCount >= 1 && messageCount <= MAX_MESSAGE_COUNT)) {
    throw new UsageError('request-count', `a request asks for 1 to ${MAX_MESSAGE_COUNT} messages, not ${messageCount}`);
  }
  return writeHeader(view, offset, session, sequence, messageCount);
}

/** Replaces the session of the packet at `offset`; `session` as `encodeSession` made it. */
export function patchSession(view: DataView, offset: number, session: Uint8Array): void {
  for (let index = 0; index < SESSION_LENGTH; index++) view.setUint8(offset + index, session[index] as number);
}

/** Replaces the sequence number of the packet at `offset`; `sequence` is an integer, 0 to 2^53 − 1. */
export function patchSequence(view: DataView, offset: number, sequence: number): void {
  view.setUint32(offset + SEQUENCE_OFFSET, Math.floor(sequence / TWO_TO_32));
  view.setUint32(offset + SEQUENCE_OFFSET + 4, sequence % TWO_TO_32);
}
