/** Finding headers of the TCP form of MDP 3.0 in bytes that may or may not hold some. */
import type { Mdp3Facts } from './mdp3.js';
import {
  MAX_TCP_MSG_SIZE,
  MDP3_TCP_HEADER_LENGTH,
  MDP3_TCP_MARK,
  MIN_MSG_SIZE,
  MSG_SIZE_LENGTH,
  readMsgSize,
  TCP_SENDING_TIME_OFFSET,
} from './mdp3-header.js';
import { isPlausibleMessage, isSendingTime } from './mdp3-recognise.js';

/** Whole messages in a row, all of unknown templates, that leave no doubt. */
const SURE_MESSAGES = 2;

/** Whether the bytes between `at` and `end` are a header and messages, may be the beginning of one, or are none. */
export type Mdp3Start = 'yes' | 'maybe' | 'no';

/**
 * Judges what begins at `at`: a header of this century with a message behind it that is known, or plausible by its SBE
 * header and followed by the end, another header or another plausible message.
 */
export function startsMdp3Tcp(view: DataView, at: number, end: number, facts: Mdp3Facts): Mdp3Start {
  if (end - at < MDP3_TCP_HEADER_LENGTH) return mayBeMark(view, at, end) ? 'maybe' : 'no';
  if (readMsgSize(view, at) !== MDP3_TCP_MARK || !isSendingTime(view, at + TCP_SENDING_TIME_OFFSET)) return 'no';
  let next = at + MDP3_TCP_HEADER_LENGTH;
  for (let whole = 0; ; whole++) {
    if (next === end) return whole > 0 ? 'yes' : 'maybe';
    if (end - next < MSG_SIZE_LENGTH) return 'maybe';
    const size = readMsgSize(view, next);
    if (size === MDP3_TCP_MARK) return whole > 0 ? 'yes' : judgeHeader(view, next, end);
    if (size < MIN_MSG_SIZE || size > MAX_TCP_MSG_SIZE) return 'no';
    if (end - next < MIN_MSG_SIZE) return 'maybe';
    if (!isPlausibleMessage(view, next)) return 'no';
    if (next + size > end) return 'maybe';
    if (whole + 1 >= SURE_MESSAGES || facts.fits(view, next + MSG_SIZE_LENGTH, size - MSG_SIZE_LENGTH)) return 'yes';
    next += size;
  }
}

/** Where between `offset` and `end` a header begins, or may begin; -1 where none does. */
export function findMdp3Tcp(view: DataView, offset: number, end: number, facts: Mdp3Facts): number {
  for (let at = offset; at < end; at++) {
    if (view.getUint8(at) === (MDP3_TCP_MARK & 0xff) && startsMdp3Tcp(view, at, end, facts) !== 'no') return at;
  }
  return -1;
}

/** Whether a known message behind a header lies whole somewhere between `offset` and `end`. */
export function holdsMdp3Tcp(view: DataView, offset: number, end: number, facts: Mdp3Facts): boolean {
  const last = end - MDP3_TCP_HEADER_LENGTH - MIN_MSG_SIZE;
  for (let at = offset; at <= last; at++) {
    if (view.getUint8(at) !== (MDP3_TCP_MARK & 0xff) || readMsgSize(view, at) !== MDP3_TCP_MARK) continue;
    if (!isSendingTime(view, at + TCP_SENDING_TIME_OFFSET)) continue;
    const message = at + MDP3_TCP_HEADER_LENGTH;
    const size = readMsgSize(view, message);
    if (size < MIN_MSG_SIZE || message + size > end) continue;
    if (facts.fits(view, message + MSG_SIZE_LENGTH, size - MSG_SIZE_LENGTH)) return true;
  }
  return false;
}

/** Judges a header by the one behind it. */
function judgeHeader(view: DataView, at: number, end: number): Mdp3Start {
  if (end - at < MDP3_TCP_HEADER_LENGTH) return 'maybe';
  return isSendingTime(view, at + TCP_SENDING_TIME_OFFSET) ? 'yes' : 'no';
}

/** Whether fewer bytes than a header may be the beginning of one. */
function mayBeMark(view: DataView, at: number, end: number): boolean {
  if (at === end || view.getUint8(at) !== (MDP3_TCP_MARK & 0xff)) return false;
  return end - at === 1 || readMsgSize(view, at) === MDP3_TCP_MARK;
}
