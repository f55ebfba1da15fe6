/** Packets of MDP 3.0 that are held back before it is known which channel they are of, and what their headers tell. */
import { readMsgSeqNum, readTimeHigh, readTimeLow, SENDING_TIME_OFFSET } from './mdp3-header.js';
import { Mdp3Stream } from './mdp3-stream.js';

/** A packet that is held back, a copy. */
export interface HeldPacket<Line> {
  readonly view: DataView;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly place: number;
  readonly line: Line;
}

/** The lowest number of the numbering that packets begin with; 0 where they have none. */
export function lowestOf(held: readonly HeldPacket<unknown>[]): number {
  const numbering = new Mdp3Stream(0, null, 'MDP3');
  let lowest = 0;
  for (const { view } of held) {
    const sequence = readMsgSeqNum(view, 0);
    if (sequence === 0) continue;
    setTime(numbering, view, 0);
    if (numbering.take(sequence) && numbering.hasRestarted) break;
    if (lowest === 0 || sequence < lowest) lowest = sequence;
  }
  return lowest;
}

/** Puts packets in the order in which they were sent. */
export function bySendingTime({ view: one }: HeldPacket<unknown>, { view: other }: HeldPacket<unknown>): number {
  const at = SENDING_TIME_OFFSET;
  return readTimeHigh(one, at) - readTimeHigh(other, at) || readTimeLow(one, at) - readTimeLow(other, at);
}

/** Shows a stream the SendingTime of a packet. */
export function setTime(numbering: Mdp3Stream, view: DataView, offset: number): void {
  numbering.timeHigh = readTimeHigh(view, offset + SENDING_TIME_OFFSET);
  numbering.timeLow = readTimeLow(view, offset + SENDING_TIME_OFFSET);
}
