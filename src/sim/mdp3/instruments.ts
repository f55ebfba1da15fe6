/**
 * The instruments of a channel: complexes of futures with their spreads and options and, where the version defines
 * them, fixed income, repurchase agreements and foreign exchange; with the prices and sizes that each trades at.
 */
import type { Random } from '../../core/random.js';
import type { Families, Family } from './families.js';
import type { Layouts } from './layout.js';

export type InstrumentKind = 'future' | 'spread' | 'option' | 'fixedIncome' | 'repo' | 'fx';

/** Instruments of one session at most. */
export const maxInstruments = 2000;
/** A complex in its order: what is left out by the number of instruments is left out from its end. */
const complex: readonly InstrumentKind[] = [
  'future',
  'future',
  'spread',
  'option',
  'fixedIncome',
  'repo',
  'fx',
  'option',
];
const messagesOfInstrument = 25_000;
const leastDefault = 16;
const mostDefault = 200;
/** Shares of the flow, by kind. */
const activity: Readonly<Record<InstrumentKind, number>> = {
  future: 36,
  spread: 10,
  option: 6,
  fixedIncome: 14,
  repo: 5,
  fx: 14,
};
/** Price steps in 1e-9 of a unit of price; a spread has those of its legs. */
const steps: Readonly<Record<InstrumentKind, readonly number[]>> = {
  future: [250_000_000, 10_000_000, 100_000_000, 5_000_000, 1_000_000_000],
  spread: [250_000_000, 10_000_000, 100_000_000, 5_000_000, 1_000_000_000],
  option: [50_000_000, 10_000_000, 50_000_000, 5_000_000, 250_000_000],
  fixedIncome: [7_812_500, 3_906_250, 15_625_000],
  repo: [5_000_000, 1_000_000],
  fx: [50_000, 5000, 1_000_000],
};
/** Prices that instruments begin the day at, in price steps: the least, and less than so many more. */
const openings: Readonly<Record<InstrumentKind, readonly [number, number]>> = {
  future: [8000, 16_000],
  spread: [-60, 120],
  option: [120, 600],
  fixedIncome: [11_000, 4000],
  repo: [300, 700],
  fx: [9000, 20_000],
};
const monthLetters = 'FGHJKMNQUVXZ';
const quarterlyMonths = [3, 6, 9, 12];
const firstSecurityId = 100_001;
const securityIdSteps = 40;

/** One instrument, its place in the session, and what is known of it so far; prices in price steps of its own. */
export interface Instrument {
  readonly index: number;
  readonly kind: InstrumentKind;
  readonly securityId: number;
  readonly symbol: string;
  readonly asset: string;
  readonly securityGroup: string;
  readonly family: Family;
  /** One price step in the family's decimals. */
  readonly step: number;
  /** Orders are for multiples of so many. */
  readonly lot: number;
  readonly year: number;
  readonly month: number;
  readonly legs: readonly Instrument[];
  /** Spreads that it is a leg of. */
  readonly spreads: Instrument[];
  readonly isCall: boolean;
  /** Listed during the day. */
  readonly isNew: boolean;
  readonly reference: number;
  readonly limitDistance: number;
  isListed: boolean;
  /** SecurityTradingStatus. */
  status: number;
  rptSeq: number;
  /** Seen as the middle where a side of the book is empty. */
  fair: number;
  volume: number;
  trades: number;
  open: number | null;
  high: number | null;
  low: number | null;
  highestBid: number | null;
  lowestOffer: number | null;
  last: number | null;
  settlement: number;
  /** Sums for the average price. */
  priceSum: number;
  openInterest: number;
  clearedVolume: number;
  /** Time of the latest event, in nanoseconds since midnight. */
  updatedNs: number;
  limits: number;
}

/** Instruments in proportion to the messages. */
export function defaultInstruments(messages: number): number {
  return Math.max(leastDefault, Math.min(mostDefault, leastDefault + Math.floor(messages / messagesOfInstrument)));
}

/** The kinds of a complex that a version defines. */
export function kindsOf(layouts: Layouts): InstrumentKind[] {
  const templates: Partial<Record<InstrumentKind, number>> = { fixedIncome: 57, repo: 58, fx: 63 };
  return complex.filter((kind) => {
    const template = templates[kind];
    return template === undefined || layouts.find(template) !== undefined;
  });
}

/** Makes them all; those `isNew` are listed later. */
export function makeInstruments(
  count: number,
  kinds: readonly InstrumentKind[],
  families: Families,
  random: Random,
  date: { readonly year: number; readonly month: number },
): Instrument[] {
  const instruments: Instrument[] = [];
  const newcomers = Math.min(2, Math.floor(count / 8));
  let securityId = firstSecurityId;
  let ofComplex: Instrument[] = [];
  for (let index = 0; index < count; index++) {
    const place = index % kinds.length;
    if (place === 0) ofComplex = [];
    const number = Math.floor(index / kinds.length);
    const isNew = index >= count - newcomers;
    securityId += 1 + random.below(securityIdSteps);
    const context = { index, number, securityId, isNew, ofComplex, families, random, date };
    const made = makeInstrument(kinds[place], context);
    for (const leg of made.kind === 'spread' ? made.legs : []) leg.spreads.push(made);
    instruments.push(made);
    ofComplex.push(made);
  }
  return instruments;
}

/** Instruments as often as their share of the flow demands, for an even draw. */
export function drawTable(instruments: readonly Instrument[]): Uint16Array {
  const table: number[] = [];
  for (const { kind, index } of instruments) {
    const rank = 1 + Math.floor(index / complex.length);
    const entries = Math.max(1, Math.floor((activity[kind] * 4) / rank));
    for (let entry = 0; entry < entries; entry++) table.push(index);
  }
  return Uint16Array.from(table);
}

interface Context {
  readonly index: number;
  readonly number: number;
  readonly securityId: number;
  readonly isNew: boolean;
  readonly ofComplex: readonly Instrument[];
  readonly families: Families;
  readonly random: Random;
  readonly date: { readonly year: number; readonly month: number };
}

function makeInstrument(kind: InstrumentKind, context: Context): Instrument {
  const { index, number, securityId, isNew, ofComplex, random } = context;
  const family = familyOf(kind, number, context.families);
  const futures = ofComplex.filter((other) => other.kind === 'future');
  const options = ofComplex.filter((other) => other.kind === 'option').length;
  const code = letters(number);
  const legs = kind === 'spread' ? futures.slice(0, 2) : kind === 'option' ? futures.slice(0, 1) : [];
  const { year, month } = maturity(context.date, kind === 'future' ? futures.length : 0);
  const stepsOfKind = steps[kind];
  const nanoStep = stepsOfKind[number % stepsOfKind.length];
  const [least, spread] = openings[kind];
  const isFuture = kind === 'future' && futures.length > 0;
  const drawn = random.below(spread);
  const isSpread = kind === 'spread' && legs.length === 2;
  const later = isFuture ? futures[0].reference + (drawn % 80) - 40 : least + drawn;
  const reference = isSpread ? legs[0].reference - legs[1].reference : later;
  const isCall = options % 2 === 0;
  const names = { code, year, month, isCall, index, reference };
  return {
    index,
    kind,
    securityId,
    symbol: symbolOf(kind, names, legs),
    asset: assetOf(kind, code),
    securityGroup: assetOf(kind, code).slice(0, 6),
    family,
    step: family.decimals === 9 ? nanoStep : Math.floor(nanoStep / 100),
    lot: kind === 'fx' ? (number % 2 === 0 ? 1_000_000 : 500_000) : kind === 'repo' ? 50 : 1,
    year,
    month,
    legs,
    spreads: [],
    isCall,
    isNew,
    reference,
    limitDistance: kind === 'spread' ? 400 : Math.floor(reference / 8) + 100,
    isListed: !isNew,
    status: 18,
    rptSeq: 0,
    fair: reference,
    volume: 0,
    trades: 0,
    open: null,
    high: null,
    low: null,
    highestBid: null,
    lowestOffer: null,
    last: null,
    settlement: reference,
    priceSum: 0,
    openInterest: 1000 + random.below(200_000),
    clearedVolume: random.below(100_000),
    updatedNs: 0,
    limits: reference,
  };
}

function familyOf(kind: InstrumentKind, number: number, { decimals7, decimals9, long }: Families): Family {
  if (kind === 'fx' && long !== null) return long;
  if (decimals7 === null || decimals9 === null) return (decimals9 ?? decimals7) as Family;
  return number % 2 === 0 ? decimals9 : decimals7;
}

function symbolOf(
  kind: InstrumentKind,
  names: { code: string; year: number; month: number; isCall: boolean; index: number; reference: number },
  legs: readonly Instrument[],
): string {
  const { code, year, month } = names;
  const contract = `${monthLetters[month - 1]}${year % 10}`;
  switch (kind) {
    case 'future':
      return `T${code}${contract}`;
    case 'spread':
      return legs.length === 2 ? `${legs[0].symbol}-${legs[1].symbol}` : `T${code}${contract}-S`;
    case 'option':
      return `O${code}${contract} ${names.isCall ? 'C' : 'P'}${1000 + 25 * (names.index % 300)}`;
    case 'fixedIncome':
      return `B${code}_${String(month).padStart(2, '0')}${year + 10}`;
    case 'repo':
      return `R${code}_ON_${names.index}`;
    case 'fx':
      return `F${code.padEnd(2, 'X')}/USD`;
  }
}

function assetOf(kind: InstrumentKind, code: string): string {
  const first: Readonly<Record<InstrumentKind, string>> = {
    future: 'T',
    spread: 'T',
    option: 'O',
    fixedIncome: 'B',
    repo: 'R',
    fx: 'F',
  };
  return `${first[kind]}${code}`;
}

/** AA, AB … ZZ, then with three letters. */
function letters(number: number): string {
  const letter = (value: number) => String.fromCharCode(65 + (value % 26));
  const last = `${letter(Math.floor(number / 26))}${letter(number)}`;
  return number < 676 ? last : `${letter(Math.floor(number / 676) - 1)}${last}`;
}

/** The quarterly month so many after the date's. */
function maturity({ year, month }: Context['date'], later: number): { year: number; month: number } {
  const first = quarterlyMonths.findIndex((candidate) => candidate >= month);
  const quarter = first + later;
  return { year: year + Math.floor(quarter / 4), month: quarterlyMonths[quarter % 4] };
}
