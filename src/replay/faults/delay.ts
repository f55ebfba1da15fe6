/** Draws delays from a distribution, in whole nanoseconds; the same on every machine (`core/portable-math.ts`). */
import { UsageError } from '../../core/errors.js';
import { portableExp, portableLog } from '../../core/portable-math.js';
import type { Random } from '../../core/random.js';
import { type Delay, type DelayTable, maxDelayNs, type Span } from './fault.js';

/** Answers one delay a call, 0 to `maxDelayNs`. */
export type DelayDraw = () => number;

/** Throws UsageError where a histogram was not read. */
export function createDelayDraw(delay: Delay, random: Random): DelayDraw {
  switch (delay.kind) {
    case 'span':
      return spanDraw(delay.span, random);
    case 'normal':
      return normalDraw(delay.meanNs, delay.deviationNs, random);
    case 'pareto':
      return () => whole(delay.leastNs * portableExp(Math.min(700, -portableLog(1 - random.float()) / delay.shape)));
    case 'histogram':
      if (delay.table === null) throw new UsageError('delay-histogram', `${delay.path} was not read`);
      return tableDraw(delay.table, random);
  }
}

/** Draws a whole number, both ends included; a span of one takes nothing from the sequence. */
export function drawSpan({ least, most }: Span, random: Random): number {
  return least === most ? least : least + Math.floor(random.float() * (most - least + 1));
}

function spanDraw(span: Span, random: Random): DelayDraw {
  return () => drawSpan(span, random);
}

/** Marsaglia's polar method: two values from a point in the unit circle. */
function normalDraw(meanNs: number, deviationNs: number, random: Random): DelayDraw {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const drawn = spare;
      spare = Number.NaN;
      return whole(meanNs + deviationNs * drawn);
    }
    for (;;) {
      const x = 2 * random.float() - 1;
      const y = 2 * random.float() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * portableLog(square)) / square);
      spare = y * scale;
      return whole(meanNs + deviationNs * x * scale);
    }
  };
}

/** The distribution's inverse: where a uniform number falls among the points. */
function tableDraw({ valuesNs, upTo, isContinuous }: DelayTable, random: Random): DelayDraw {
  return () => {
    const drawn = random.float();
    const at = firstAbove(upTo, drawn);
    const value = valuesNs[at];
    if (!isContinuous || at === 0) return value;
    const before = valuesNs[at - 1];
    const part = (drawn - upTo[at - 1]) / (upTo[at] - upTo[at - 1]);
    return whole(before + (value - before) * part);
  };
}

/** The first place with more than `drawn`; the last where there is none. */
function firstAbove(upTo: readonly number[], drawn: number): number {
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (upTo[middle] > drawn) high = middle;
    else low = middle + 1;
  }
  return low;
}

function whole(ns: number): number {
  return ns > 0 ? Math.min(maxDelayNs, Math.round(ns)) : 0;
}
