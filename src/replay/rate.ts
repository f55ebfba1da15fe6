/**
 * How fast to replay: the capture's own timing scaled, or so many messages, packets or bits a second, or flat out.
 *
 * `--speed` says it all in one word; users of tcpreplay type `--multiplier`, `--pps`, `--mbps` and `--topspeed`.
 */
import { UsageError } from '../core/errors.js';
import { formatRational, parseRational, type Rational, scaleRational } from '../core/rational.js';

/** One of the five ways to pace; ratios and rates are exact. */
export type Rate =
  | { readonly mode: 'original'; readonly speedup: Rational }
  | { readonly mode: 'messages' | 'packets' | 'bits'; readonly perSecond: Rational }
  | { readonly mode: 'max' };

/** The options as typed, at most one of them. */
export interface RateOptions {
  readonly speed?: string;
  readonly multiplier?: string;
  readonly pps?: string;
  readonly mbps?: string;
  readonly topspeed?: boolean;
}

type PacedMode = 'messages' | 'packets' | 'bits';

const units: Readonly<Record<string, PacedMode>> = {
  'msg/s': 'messages',
  'msgs/s': 'messages',
  pps: 'packets',
  'packets/s': 'packets',
  bps: 'bits',
  'bit/s': 'bits',
  'bits/s': 'bits',
};
const unitOf: Readonly<Record<PacedMode, string>> = { messages: 'msg/s', packets: 'pps', bits: 'bps' };
const scales: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const examples = '10x, 0.5x, 50Mmsg/s, 100kpps, 1Gbps or max';
/** A unit may take no longer than the clock is exact for, 104 days. */
const slowestPerSecond = 1e9 / Number.MAX_SAFE_INTEGER;

/** The rate that the options ask for; the capture's own timing where they ask for none. Throws `UsageError`. */
export function parseRate(options: RateOptions): Rate {
  const given: [string, () => Rate][] = [];
  const { speed, multiplier, pps, mbps } = options;
  if (speed !== undefined) given.push([`--speed ${speed}`, () => parseSpeed(speed)]);
  if (multiplier !== undefined) given.push([`--multiplier ${multiplier}`, () => parseMultiplier(multiplier)]);
  if (pps !== undefined) given.push([`--pps ${pps}`, () => parseScaled('--pps', pps, 'packets', 1)]);
  if (mbps !== undefined) given.push([`--mbps ${mbps}`, () => parseScaled('--mbps', mbps, 'bits', 1e6)]);
  if (options.topspeed) given.push(['--topspeed', () => ({ mode: 'max' })]);
  if (given.length > 1) {
    const names = given.map(([name]) => name).join(' and ');
    throw new UsageError('rate-twice', `${names} each set the rate: give one of them`);
  }
  return given.length === 1 ? given[0][1]() : { mode: 'original', speedup: { numerator: 1, denominator: 1 } };
}

/** Reads what follows `--speed`; throws `UsageError`, whose text begins with `option`. */
export function parseSpeed(text: string, option = `--speed ${text}`): Rate {
  const trimmed = text.trim();
  if (trimmed === 'max') return { mode: 'max' };
  const match = /^([\d./]+)\s*([A-Za-z/]+)$/.exec(trimmed);
  if (match === null) throw new UsageError('rate', refusal(option, trimmed));
  const [, digits, suffix] = match;
  if (suffix === 'x') return { mode: 'original', speedup: positive(option, digits, 1) };
  if (suffix === 'Mps') return paced(option, 'messages', digits, 1e6);
  const unit = Object.keys(units).find((name) => suffix.endsWith(name) && suffix.slice(0, -name.length) in scales);
  if (unit === undefined) throw new UsageError('rate', unknownUnit(option, digits, suffix));
  return paced(option, units[unit], digits, scales[suffix.slice(0, -unit.length)]);
}

/** The rate as `--speed` reads it, in the largest unit that it is at least one of. */
export function formatRate(rate: Rate): string {
  if (rate.mode === 'max') return 'max';
  if (rate.mode === 'original') return `${formatRational(rate.speedup)}x`;
  const { numerator, denominator } = rate.perSecond;
  let prefix = '';
  for (const name of ['k', 'M', 'G']) if (numerator / denominator >= scales[name]) prefix = name;
  const scaled = scaleRational(rate.perSecond, 1, scales[prefix]);
  if (scaled === null) return `${formatRational(rate.perSecond)}${unitOf[rate.mode]}`;
  return `${formatRational(scaled)}${prefix}${unitOf[rate.mode]}`;
}

function parseMultiplier(text: string): Rate {
  return { mode: 'original', speedup: positive(`--multiplier ${text}`, text.trim().replace(/x$/, ''), 1) };
}

function parseScaled(name: string, text: string, mode: PacedMode, scale: number): Rate {
  return paced(`${name} ${text}`, mode, text.trim(), scale);
}

function paced(option: string, mode: PacedMode, digits: string, scale: number): Rate {
  const perSecond = positive(option, digits, scale);
  if (perSecond.numerator / perSecond.denominator < slowestPerSecond) {
    throw new UsageError('rate', `${option}: less than one in 104 days cannot be scheduled`);
  }
  return { mode, perSecond };
}

function positive(option: string, digits: string, scale: number): Rational {
  if (digits === '') throw new UsageError('rate', `${option}: the number is missing, write ${examples}`);
  const value = parseRational(digits, scale);
  if (value === null) {
    const wanted = 'a plain number or fraction above 0 of at most 15 digits (after the unit is multiplied out)';
    throw new UsageError('rate', `${option}: "${digits}" is not ${wanted}, such as 1000, 99.5 or 1/3`);
  }
  if (value.numerator === 0) throw new UsageError('rate', `${option}: a rate of zero would never end, ask for more`);
  return value;
}

function refusal(option: string, text: string): string {
  if (/^[\d./]+$/.test(text))
    return `${option}: ${text} of what? Write ${text}x, ${text}pps, ${text}msg/s or ${text}bps`;
  if (/^[-\u2212]/.test(text)) return `${option}: a rate cannot be negative, write ${examples}`;
  return `${option}: not a rate, write ${examples}`;
}

function unknownUnit(option: string, digits: string, suffix: string): string {
  if (/^mps$/i.test(suffix)) {
    const few = `${digits} messages a second (write ${digits}msg/s)`;
    const many = `${digits} million (write ${digits}Mmsg/s or ${digits}Mps)`;
    return `${option}: "${suffix}" reads as ${few} or ${many}`;
  }
  if (/^[kMG]?Bps$/.test(suffix))
    return `${option}: rates are in bits, write ${digits} × 8 with ${suffix.replace('B', 'b')}`;
  const known = /^([kmg]?)(msgs?\/s|pps|packets\/s|bps|bits?\/s)$|^()(x)$/i.exec(suffix);
  if (known) {
    const prefix = { k: 'k', m: 'M', g: 'G' }[known[1]?.toLowerCase()] ?? '';
    const unit = (known[2] ?? known[4]).toLowerCase();
    return `${option}: "${suffix}" is not a unit, did you mean ${digits}${prefix}${unit}?`;
  }
  return `${option}: "${suffix}" is not a unit, write ${examples}`;
}
