/**
 * CME MDP 3.0, SBE technical headers: what stands before the messages of a UDP packet and of the TCP form.
 *
 *     UDP packet                           TCP form
 *     offset  length  field                offset  length  field
 *          0       4  MsgSeqNum                 0       2  encoding type, 0xCAFE
 *          4       8  SendingTime               2       4  sequence number
 *                                               6       8  SendingTime
 *
 * All numbers are little endian. SendingTime is in ns since the epoch. Behind a header come messages: a 2-byte MsgSize,
 * which counts itself, an 8-byte SBE message header (block length, template id, schema id, version, 2 bytes each), and
 * the body. In the TCP form the next header begins where a MsgSize would say 0xCAFE, so no message is that long.
 */

/** Bytes of a UDP packet's header. */
export const MDP3_HEADER_LENGTH = 12;
/** Bytes of the TCP form's header. */
export const MDP3_TCP_HEADER_LENGTH = 14;
/** What a header of the TCP form begins with. */
export const MDP3_TCP_MARK = 0xcafe;
/** Bytes of MsgSize. */
export const MSG_SIZE_LENGTH = 2;
/** Bytes of an SBE message header. */
export const SBE_HEADER_LENGTH = 8;
/** The least that MsgSize can say. */
export const MIN_MSG_SIZE = MSG_SIZE_LENGTH + SBE_HEADER_LENGTH;
/** The most that MsgSize can say in the TCP form. */
export const MAX_TCP_MSG_SIZE = MDP3_TCP_MARK - 1;
/** Where SendingTime stands in a UDP packet's header. */
export const SENDING_TIME_OFFSET = 4;
/** Where the sequence number stands in a header of the TCP form. */
export const TCP_SEQUENCE_OFFSET = 2;
/** Where SendingTime stands in a header of the TCP form. */
export const TCP_SENDING_TIME_OFFSET = 6;

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_16 = 0x1_0000;
/** 2^32 ns and 2^48 ns in seconds, and the nanoseconds that are left. */
const SECONDS_OF_32 = 4;
const REST_OF_32 = 294_967_296;
const SECONDS_OF_48 = 281_474;
const REST_OF_48 = 976_710_656;

/** The packet's number. */
export function readMsgSeqNum(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

/** MsgSize of the message at `offset`: it counts its own two bytes. */
export function readMsgSize(view: DataView, offset: number): number {
  return view.getUint16(offset, true);
}

/** The upper half of the SendingTime at `offset`. */
export function readTimeHigh(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true);
}

/** The lower half of the SendingTime at `offset`. */
export function readTimeLow(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

/** Whole seconds in `high * 2^32 + low` nanoseconds; both halves are 0 to 2^32 − 1. */
export function secondsOf(high: number, low: number): number {
  const upper = high >>> 16;
  const lower = high & 0xffff;
  return upper * SECONDS_OF_48 + lower * SECONDS_OF_32 + Math.floor(restOf(upper, lower, low) / 1e9);
}

/** The nanoseconds that are left of `high * 2^32 + low` behind its whole seconds. */
export function nanosecondsOf(high: number, low: number): number {
  return restOf(high >>> 16, high & 0xffff, low) % 1e9;
}

/** The upper half of a time in nanoseconds; `seconds` is an integer from 0 to 18,446,744,072. */
export function timeHighOf(seconds: number, nanoseconds: number): number {
  const upper = Math.floor(seconds / TWO_TO_16) * 1e9;
  return Math.floor(upper / TWO_TO_16) + Math.floor(lowerOf(upper, seconds, nanoseconds) / TWO_TO_32);
}

/** The lower half of a time in nanoseconds. */
export function timeLowOf(seconds: number, nanoseconds: number): number {
  return lowerOf(Math.floor(seconds / TWO_TO_16) * 1e9, seconds, nanoseconds) % TWO_TO_32;
}

/** Writes the header of a UDP packet, the time in halves; returns the offset behind it. */
export function writeMdp3Header(
  view: DataView,
  offset: number,
  sequence: number,
  timeHigh: number,
  timeLow: number,
): number {
  patchMsgSeqNum(view, offset, sequence);
  patchSendingTime(view, offset + SENDING_TIME_OFFSET, timeHigh, timeLow);
  return offset + MDP3_HEADER_LENGTH;
}

/** Writes a header of the TCP form, the time in halves; returns the offset behind it. */
export function writeMdp3TcpHeader(
  view: DataView,
  offset: number,
  sequence: number,
  timeHigh: number,
  timeLow: number,
): number {
  view.setUint16(offset, MDP3_TCP_MARK, true);
  view.setUint32(offset + TCP_SEQUENCE_OFFSET, sequence, true);
  patchSendingTime(view, offset + TCP_SENDING_TIME_OFFSET, timeHigh, timeLow);
  return offset + MDP3_TCP_HEADER_LENGTH;
}

/** Replaces the number of the UDP packet at `offset` by the low 32 bits of `sequence`. */
export function patchMsgSeqNum(view: DataView, offset: number, sequence: number): void {
  view.setUint32(offset, sequence % TWO_TO_32, true);
}

/** Replaces the SendingTime at `offset`. */
export function patchSendingTime(view: DataView, offset: number, timeHigh: number, timeLow: number): void {
  view.setUint32(offset, timeLow, true);
  view.setUint32(offset + 4, timeHigh, true);
}

/** Nanoseconds beside the seconds of 2^32 and 2^48 ns: below 2^47. */
function restOf(upper: number, lower: number, low: number): number {
  return upper * REST_OF_48 + lower * REST_OF_32 + low;
}

/** What of a time lies below 2^48 once `upper`, the ns of its seconds' upper part in 2^16, has given its own 2^32s. */
function lowerOf(upper: number, seconds: number, nanoseconds: number): number {
  return (upper % TWO_TO_16) * TWO_TO_16 + (seconds % TWO_TO_16) * 1e9 + nanoseconds;
}
