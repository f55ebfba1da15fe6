/** The messages of an MDP 3.0 packet, for who wants them without a stream's numbers. */
import { MDP3_HEADER_LENGTH, MIN_MSG_SIZE, MSG_SIZE_LENGTH, readMsgSize } from './mdp3-header.js';

/** Whether a message of at least an SBE header, as long as its MsgSize says, lies between `at` and `end`. */
export function isWholeMessage(view: DataView, at: number, end: number): boolean {
  if (at + MSG_SIZE_LENGTH > end) return false;
  const size = readMsgSize(view, at);
  return size >= MIN_MSG_SIZE && at + size <= end;
}

/** How many whole messages follow each other behind the header of the packet at `offset`. */
export function countMessages(view: DataView, offset: number, length: number): number {
  const end = offset + length;
  let count = 0;
  for (let at = offset + MDP3_HEADER_LENGTH; isWholeMessage(view, at, end); at += readMsgSize(view, at)) count++;
  return count;
}

/** Calls `visit` with each of them, its SBE header first, and returns whether any call returned true. */
export function visitMessages(
  view: DataView,
  offset: number,
  length: number,
  visit: (view: DataView, offset: number, length: number) => boolean,
): boolean {
  const end = offset + length;
  let isAny = false;
  for (let at = offset + MDP3_HEADER_LENGTH; isWholeMessage(view, at, end); at += readMsgSize(view, at)) {
    if (visit(view, at + MSG_SIZE_LENGTH, readMsgSize(view, at) - MSG_SIZE_LENGTH)) isAny = true;
  }
  return isAny;
}
