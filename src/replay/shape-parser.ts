/**
 * The little language of `--shape`: `ramp 1x..4x over 30s; step 2x at 40s for 20s; burst 10x for 100ms every 5s`.
 *
 * Parts are divided by semicolons. `ramp`, `hold` and `step` are the base, one after another; `burst` lies above it,
 * and `repeat` begins the base anew. Levels are multiples of `--speed` or rates in its unit.
 */
import { UsageError } from '../core/errors.js';
import { parseRational, type Rational, scaleRational } from '../core/rational.js';
import { formatDuration, parseDuration } from '../core/time.js';
import { formatRate, parseRate, parseSpeed, type Rate, type RateOptions } from './rate.js';
import type { Shape, ShapeBurst, ShapeLine } from './shape.js';

type TimeWord = 'over' | 'for' | 'every' | 'at' | 'until';
type Kind = 'ramp' | 'hold' | 'step' | 'burst';

interface KindRules {
  readonly needs: readonly TimeWord[];
  readonly allows: readonly TimeWord[];
  readonly form: string;
}

/** What each kind of part takes behind its level. */
const kinds: Readonly<Record<Kind, KindRules>> = {
  ramp: { needs: ['over'], allows: ['at'], form: 'ramp 1x..4x over 30s' },
  hold: { needs: [], allows: ['for', 'at'], form: 'hold 2x for 20s' },
  step: { needs: [], allows: ['for', 'at'], form: 'step 2x at 10s for 20s' },
  burst: { needs: ['for'], allows: ['every', 'at', 'until'], form: 'burst 10x for 100ms every 5s' },
};
const kindsText = 'ramp, hold, step, burst and repeat';
/** Shorter ones are no load, only arithmetic. */
const shortestNs = 1000;
const one: Rational = { numerator: 1, denominator: 1 };
const zero: Rational = { numerator: 0, denominator: 1 };

interface Part {
  readonly text: string;
  readonly kind: Kind;
  /** One, or two of a ramp; null: nothing is sent. */
  readonly levels: readonly (Rate | null)[];
  /** The last of them as it was written. */
  readonly lastLevel: string;
  readonly times: Partial<Record<TimeWord, number>>;
}

/** The shape, and the rate that its 1x is: that of `--speed`, or where that was not given the first one it names. */
export interface ShapedRate {
  readonly rate: Rate;
  readonly shape: Shape;
}

/** The rate that the options ask for, and its shape; null where they ask for none. Throws `UsageError`. */
export function parseShapedRate(options: RateOptions & { shape?: string | undefined }): {
  rate: Rate;
  shape: Shape | null;
} {
  const { speed, multiplier, pps, mbps, topspeed, shape } = options;
  const rate = parseRate(options);
  if (shape === undefined) return { rate, shape: null };
  return parseShape(
    shape,
    rate,
    topspeed === true || [speed, multiplier, pps, mbps].some((each) => each !== undefined),
  );
}

/** Reads what follows `--shape`; `rate` is what `--speed` or its other names gave. Throws `UsageError`. */
export function parseShape(text: string, rate: Rate, isRateGiven: boolean): ShapedRate {
  if (rate.mode === 'max') {
    throw new UsageError('shape', '--shape needs a rate to be multiples of, and --speed max has none; give another');
  }
  const texts = text.split(';').map((part) => part.trim().replace(/\s+/g, ' '));
  if (texts.at(-1) === '' && texts.length > 1) texts.pop();
  const repeats = texts.at(-1) === 'repeat';
  if (repeats) texts.pop();
  const parts = texts.map(parsePart);
  if (parts.length === 0) throw refusal('repeat', `there is nothing to repeat; write ${kinds.ramp.form}; repeat`);
  const base = baseRate(parts, rate, isRateGiven);
  const lines = layLines(parts, base, repeats);
  const bursts = parts.filter(({ kind }) => kind === 'burst').map((part) => layBurst(part, base));
  const periodNs = repeats ? (lines.at(-1) as ShapeLine).endNs : Number.POSITIVE_INFINITY;
  const shape = { text: [...texts, ...(repeats ? ['repeat'] : [])].join('; '), lines, bursts, periodNs };
  refuseEndless(shape);
  return { rate: base, shape };
}

function parsePart(text: string): Part {
  const [kind, ...words] = text.replace(/\s*\.\.\s*/g, '..').split(' ');
  if (text === '') throw refusal(text, `a part between semicolons is empty; write ${kinds.ramp.form}`);
  if (kind === 'repeat') throw refusal(text, 'repeat stands alone, at the end, and begins the base anew');
  if (!(kind in kinds)) throw refusal(text, `there is no "${kind}"; there are ${kindsText}`);
  const { needs, allows, form } = kinds[kind as Kind];
  const [levelText, ...rest] = words;
  if (levelText === undefined) throw refusal(text, `the rate is missing; write ${form}`);
  const levels = parseLevels(text, kind as Kind, levelText);
  const times: Partial<Record<TimeWord, number>> = {};
  for (let index = 0; index < rest.length; index += 2) {
    const word = rest[index] as TimeWord;
    if (![...needs, ...allows].includes(word)) {
      const known = [...needs, ...allows].join(', ');
      throw refusal(text, `"${word}" is not understood here; behind the rate ${kind} takes ${known}, as in ${form}`);
    }
    if (word in times) throw refusal(text, `"${word}" is there twice`);
    const timeText = rest[index + 1];
    if (timeText === undefined) throw refusal(text, `"${word}" needs a time behind it; write ${form}`);
    times[word] = parseTime(text, word, timeText);
  }
  for (const word of needs) {
    if (!(word in times)) throw refusal(text, `"${word}" and a length of time are missing; write ${form}`);
  }
  if (kind === 'burst') refuseBurst(text, times);
  return { text, kind: kind as Kind, levels, lastLevel: levelText.split('..').at(-1) ?? '', times };
}

function parseTime(part: string, word: TimeWord, text: string): number {
  let ns: number;
  try {
    ns = parseDuration(text);
  } catch (error) {
    throw refusal(part, `behind "${word}": ${(error as Error).message}`);
  }
  if (word !== 'at' && ns < shortestNs) throw refusal(part, `"${word} ${text}" is less than a microsecond`);
  return ns;
}

function refuseBurst(part: string, { for: lengthNs = 0, every, at, until }: Part['times']): void {
  if (every === undefined && at === undefined) {
    throw refusal(part, 'when is missing: add "every 5s", or "at 5s" for a single burst');
  }
  if (every !== undefined && lengthNs >= every) {
    throw refusal(part, `bursts of ${formatDuration(lengthNs)} every ${formatDuration(every)} never end; write hold`);
  }
  if (until !== undefined && every === undefined) throw refusal(part, '"until" ends what comes "every" so often');
  if (until !== undefined && until <= (at ?? every ?? 0)) throw refusal(part, '"until" is before the first burst');
}

function parseLevels(part: string, kind: Kind, text: string): (Rate | null)[] {
  const texts = text.split('..');
  if (kind === 'ramp' && texts.length !== 2) {
    throw refusal(part, `"${text}" is not from where to where; write ${kinds.ramp.form}`);
  }
  if (kind !== 'ramp' && texts.length !== 1) {
    throw refusal(part, `"${text}" is a range, which only a ramp has; write ${kinds[kind].form}`);
  }
  return texts.map((level) => {
    if (/^[0.]*0[0.]*\D*$/.test(level) && parseRational(/^[\d.]+/.exec(level)?.[0] ?? '')?.numerator === 0) return null;
    const rate = parseSpeed(level, `--shape "${part}"`);
    if (rate.mode === 'max') throw refusal(part, '"max" is no rate to be shaped; name one');
    return rate;
  });
}

/** What 1x is. */
function baseRate(parts: readonly Part[], rate: Rate, isRateGiven: boolean): Rate {
  if (isRateGiven) return rate;
  const named = parts.flatMap((part) => part.levels.map((level) => ({ part, level })));
  const absolute = named.filter(({ level }) => level !== null && level.mode !== 'original');
  const [first] = absolute;
  if (first?.level == null) return rate;
  const factor = named.find(({ level }) => level?.mode === 'original');
  const onlyBursts = parts.every(({ kind }) => kind === 'burst');
  if (factor !== undefined || onlyBursts) {
    const why = onlyBursts ? 'the rate between bursts is not said' : '1x of what?';
    throw refusal((factor ?? first).part.text, `${why} Give it with --speed, as in --speed ${formatRate(first.level)}`);
  }
  return first.level;
}

function relative(part: string, level: Rate | null, base: Rate): Rational {
  if (level === null) return zero;
  if (level.mode === 'original') return level.speedup;
  if (level.mode === 'max' || base.mode === 'max' || base.mode === 'original' || level.mode !== base.mode) {
    const unit = base.mode === 'original' ? "the capture's own timing" : base.mode;
    throw refusal(
      part,
      `${formatRate(level)} is not in the unit of the rate, ${formatRate(base)} (${unit}); write multiples of it, ` +
        `as in 2x, or give another --speed`,
    );
  }
  const ratio = scaleRational(level.perSecond, base.perSecond.denominator, base.perSecond.numerator);
  if (ratio === null) throw refusal(part, `${formatRate(level)} over ${formatRate(base)} has more than 15 digits`);
  return ratio;
}

/** The base without gaps: what holds before, between and behind the parts is laid as well. */
function layLines(parts: readonly Part[], base: Rate, repeats: boolean): ShapeLine[] {
  const lines: ShapeLine[] = [];
  let nowNs = 0;
  let level = one;
  let levelText = '1x';
  const lay = (text: string, endNs: number, from: Rational, to = from): void => {
    if (endNs > nowNs) lines.push({ text, startNs: nowNs, endNs, from, to });
    nowNs = Math.max(nowNs, endNs);
  };
  const texts = parts.filter(({ kind }) => kind !== 'burst');
  for (const [index, { text, kind, levels, lastLevel, times }] of texts.entries()) {
    if (times.at !== undefined) {
      if (times.at < nowNs) {
        throw refusal(text, `at ${formatDuration(times.at)} the part before it goes on, to ${formatDuration(nowNs)}`);
      }
      lay(`hold ${levelText}`, times.at, level);
    }
    const lengthNs = times.over ?? times.for ?? untilNext(text, texts[index + 1], repeats, nowNs);
    const [from, to = from] = levels.map((each) => relative(text, each, base));
    lay(text, nowNs + lengthNs, from, to);
    if (nowNs > Number.MAX_SAFE_INTEGER && nowNs < Number.POSITIVE_INFINITY) {
      throw refusal(text, 'the shape is longer than 104 days');
    }
    // A step with an end goes back to what was there before it.
    if (kind !== 'step' || times.for === undefined) [level, levelText] = [to, lastLevel];
  }
  if (repeats && lines.length === 0)
    throw refusal('repeat', 'there is nothing to repeat but bursts, which go on anyway');
  if (!repeats) lay(`hold ${levelText}`, Number.POSITIVE_INFINITY, level);
  return lines;
}

/** How long a part without an end goes on. */
function untilNext(text: string, next: Part | undefined, repeats: boolean, nowNs: number): number {
  if (next?.times.at !== undefined) return next.times.at - nowNs;
  if (next === undefined && !repeats) return Number.POSITIVE_INFINITY;
  throw refusal(
    text,
    `its end is missing: add "for 20s"${next === undefined ? '' : `, or "at 20s" to "${next.text}"`}`,
  );
}

function layBurst({ text, levels, times }: Part, base: Rate): ShapeBurst {
  const everyNs = times.every ?? Number.POSITIVE_INFINITY;
  return {
    text,
    level: relative(text, levels[0], base),
    startNs: times.at ?? everyNs,
    lengthNs: times.for ?? 0,
    everyNs,
    untilNs: times.until ?? Number.POSITIVE_INFINITY,
  };
}

function refuseEndless({ text, lines, periodNs }: Shape): void {
  const last = lines.at(-1) as ShapeLine;
  if (periodNs < Number.POSITIVE_INFINITY) {
    if (lines.every(({ from, to }) => from.numerator === 0 && to.numerator === 0)) {
      throw refusal(text, 'nothing but a rate of 0 is repeated, which never ends');
    }
  } else if (last.to.numerator === 0) {
    throw refusal(text, 'at its end the rate is 0 for good; add a part such as hold 1x');
  }
}

function refusal(part: string, what: string): UsageError {
  return new UsageError('shape', `--shape "${part}": ${what}`);
}
