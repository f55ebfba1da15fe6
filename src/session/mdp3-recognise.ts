/** Telling MDP 3.0 packets from what else may be in a datagram, by their own bytes. */
import type { Mdp3Facts } from './mdp3.js';
import {
  MDP3_HEADER_LENGTH,
  MIN_MSG_SIZE,
  MSG_SIZE_LENGTH,
  readMsgSize,
  readTimeHigh,
  SBE_HEADER_LENGTH,
  SENDING_TIME_OFFSET,
} from './mdp3-header.js';

/** Upper halves of the times from 2000-01-01 to 2100-01-01 in ns since the epoch, between which SendingTime lies. */
const FIRST_HIGH = 220_417_231;
const LAST_HIGH = 955_174_863;
/** Schema ids and versions that are taken for some: the exchange counts both in small numbers. */
const MAX_ID = 255;

/**
 * Whether a payload is plausibly a packet of MDP 3.0: sent in this century, with messages that fill it exactly, each
 * with a plausible SBE header and at least one of them known; or with a known message first, whatever follows. A header
 * alone tells nothing.
 */
export function looksLikeMdp3(view: DataView, offset: number, length: number, facts: Mdp3Facts): boolean {
  const first = offset + MDP3_HEADER_LENGTH;
  const end = offset + length;
  if (first + MIN_MSG_SIZE > end || !isSendingTime(view, offset + SENDING_TIME_OFFSET)) return false;
  let isAnyKnown = false;
  for (let at = first; at < end; at += readMsgSize(view, at)) {
    if (at + MIN_MSG_SIZE > end || at + readMsgSize(view, at) > end || !isPlausibleMessage(view, at)) return false;
    if (!facts.fits(view, at + MSG_SIZE_LENGTH, readMsgSize(view, at) - MSG_SIZE_LENGTH)) continue;
    if (at === first) return true;
    isAnyKnown = true;
  }
  return isAnyKnown;
}

/** Whether the time at `offset` lies in this century. */
export function isSendingTime(view: DataView, offset: number): boolean {
  const high = readTimeHigh(view, offset);
  return high >= FIRST_HIGH && high < LAST_HIGH;
}

/** Whether MsgSize and the SBE header at `at`, which are to be at hand, agree and are such as the exchange sends. */
export function isPlausibleMessage(view: DataView, at: number): boolean {
  const size = readMsgSize(view, at);
  const header = at + MSG_SIZE_LENGTH;
  return (
    size >= MIN_MSG_SIZE &&
    view.getUint16(header, true) <= size - MSG_SIZE_LENGTH - SBE_HEADER_LENGTH &&
    view.getUint16(header + 4, true) <= MAX_ID &&
    view.getUint16(header + 6, true) <= MAX_ID
  );
}
