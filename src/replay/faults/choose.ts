/** Which packets of a line are chosen for one fault: one answer a packet, in their order. */
import type { Random } from '../../core/random.js';
import type { NumberRange, Which } from './fault.js';

/** `place` is the packet's on its line, from 1; it carries the numbers `from` to `to`, none where `to` is lower. */
export type Chooser = (place: number, from: number, to: number) => boolean;

/** A chooser begins with the first packet that it is asked of. */
export function createChooser(which: Which, random: Random): Chooser {
  switch (which.kind) {
    case 'all':
      return () => true;
    case 'share':
      return () => random.float() < which.share;
    case 'every':
      return everyNth(which.every);
    case 'seq':
      return (_place, from, to) => to >= from && overlaps(which.ranges, from, to);
    case 'packets':
      return (place) => overlaps(which.ranges, place, place);
    case 'chain':
      return chain(which.toBad, which.toGood, which.inBad, which.inGood, random);
  }
}

function everyNth(every: number): Chooser {
  let left = every;
  return () => {
    if (--left > 0) return false;
    left = every;
    return true;
  };
}

/** A packet is judged by the state that it meets; then comes the step. Two draws a packet, whatever the state. */
function chain(toBad: number, toGood: number, inBad: number, inGood: number, random: Random): Chooser {
  let isBad = false;
  return () => {
    const isChosen = random.float() < (isBad ? inBad : inGood);
    const isStep = random.float() < (isBad ? toGood : toBad);
    if (isStep) isBad = !isBad;
    return isChosen;
  };
}

/** Whether one of the ranges, ascending by their beginnings, meets `from` to `to`. */
function overlaps(ranges: readonly NumberRange[], from: number, to: number): boolean {
  for (const range of ranges) {
    if (range.from > to) return false;
    if (range.to >= from) return true;
  }
  return false;
}
