/** The symbols of a session: names, directory entries, prices, their shares of the flow, and who makes markets. */
import type { Random } from '../core/random.js';
import type { DirectoryEntry, SymbolWords } from './message-queue.js';

/** Symbols of one session at most: locate codes have two bytes, and 0 means none. */
export const maxSymbols = 65_535;
/** Prices at most, in 1/10,000 dollars: the specification's 200,000 dollars. */
export const maxPrice = 2_000_000_000;

/** A price from here on, in 1/10,000 dollars, counts in cents. */
const dollar = 10_000;
const cent = 100;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Lengths of symbols, drawn evenly. */
const nameLengths = [1, 2, 3, 3, 3, 4, 4, 4, 4, 4];
const maxMpids = 48;
/** Entries of the table that symbols are drawn from: every symbol has one or more. */
const drawTableLength = 1 << 17;
/** Added to a symbol's rank: the share of the most active one goes down with it. */
const rankOffset = 4;

export interface PriceRange {
  readonly lowest: number;
  readonly highest: number;
}

export class Listings implements SymbolWords {
  readonly names: string[];
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly entries: DirectoryEntry[] = [];
  /** Last price, or where none is known the one that the day begins with. */
  readonly price: Int32Array;
  /** Symbols as often as their share of the flow demands. */
  readonly drawTable: Uint16Array;
  readonly mpids: Uint32Array;

  constructor(
    readonly count: number,
    private readonly random: Random,
    prices: PriceRange,
    /** Symbols that begin to trade on this day. */
    readonly newcomers: readonly number[],
  ) {
    this.names = this.drawNames();
    this.high = Uint32Array.from(this.names, (name) => word(name, 0));
    this.low = Uint32Array.from(this.names, (name) => word(name, 4));
    this.price = Int32Array.from(this.names, () => this.drawPrice(prices));
    for (let symbol = 0; symbol < count; symbol++) this.entries.push(this.describe(newcomers.includes(symbol)));
    this.drawTable = this.buildDrawTable();
    this.mpids = Uint32Array.from({ length: maxMpids }, () => word(this.drawName(4), 0));
  }

  /** True where the listing market is NASDAQ itself. */
  isNasdaqListed(symbol: number): boolean {
    return 'QGS'.includes(this.entries[symbol].category);
  }

  /** In alphabetical order, as the exchange gives locate codes. */
  private drawNames(): string[] {
    const names = new Set<string>();
    while (names.size < this.count) names.add(this.drawName(this.random.pick(nameLengths)));
    return [...names].sort();
  }

  private drawName(length: number): string {
    return Array.from({ length }, () => letters[this.random.below(letters.length)]).join('');
  }

  /** Every doubling of the lowest price is as likely. */
  private drawPrice({ lowest, highest }: PriceRange): number {
    let doublings = 0;
    while (lowest * 2 ** (doublings + 1) <= highest) doublings++;
    const from = lowest * 2 ** this.random.below(doublings + 1);
    const span = Math.min(highest, from * 2 - 1) - from + 1;
    return onGrid(from + this.random.below(span), 0);
  }

  private describe(isNew: boolean): DirectoryEntry {
    const { random } = this;
    const category = isNew ? random.pick(['Q', 'G', 'S']) : random.pick([...'QQQQQQQGGSSSSNNNNPPAZ']);
    const isNasdaq = 'QGS'.includes(category);
    const isFund = category === 'P' || category === 'Z';
    const common = { category, ...(isFund ? this.describeFund() : this.describeStock(isNew)) };
    return {
      ...common,
      financialStatus: isFund || !isNasdaq ? ' ' : random.below(40) === 0 ? 'D' : 'N',
      roundLot: 100,
      threshold: random.below(100) === 0 ? 'Y' : 'N',
      ipo: isNew ? 'Y' : isNasdaq ? 'N' : ' ',
      tier: random.below(4) === 0 ? '1' : '2',
    };
  }

  private describeFund() {
    const { random } = this;
    const leverage = random.pick([1, 1, 1, 1, 2, 3]);
    const inverse = leverage > 1 && random.below(3) === 0 ? 'Y' : 'N';
    return { classification: 'Q', subType: random.pick(['I', 'E', 'EN']), etp: 'Y', leverage, inverse };
  }

  private describeStock(isNew: boolean) {
    const classification = isNew ? 'C' : this.random.pick([...'CCCCCCCCCCAAOOSUWPR']);
    return { classification, subType: 'Z', etp: 'N', leverage: 0, inverse: 'N' };
  }

  /** By rank in a shuffled order, each symbol's share falls as 1 / (rank + offset). */
  private buildDrawTable(): Uint16Array {
    const { count, random } = this;
    const ranked = Uint16Array.from({ length: count }, (_, index) => index);
    for (let index = count - 1; index > 0; index--) {
      const other = random.below(index + 1);
      [ranked[index], ranked[other]] = [ranked[other], ranked[index]];
    }
    const table = new Uint16Array(drawTableLength);
    let total = 0;
    for (let rank = 0; rank < count; rank++) total += 1 / (rank + rankOffset);
    let filled = 0;
    const shared = drawTableLength - count;
    for (let rank = 0; rank < count; rank++) {
      const entries = 1 + Math.floor(shared / (rank + rankOffset) / total);
      table.fill(ranked[rank], filled, filled + entries);
      filled += entries;
    }
    return table.subarray(0, filled);
  }
}

/** The next price that may be quoted: at or below where `up` is 0, at or above where it is 1. */
export function onGrid(price: number, up: number): number {
  if (price < dollar) return price;
  const rest = price % cent;
  return rest === 0 ? price : price - rest + up * cent;
}

/** The smallest step between prices about here. */
export function tickAt(price: number): number {
  return price < dollar ? 1 : cent;
}

function word(text: string, from: number): number {
  let value = 0;
  for (let index = from; index < from + 4; index++) {
    value = value * 256 + (index < text.length ? text.charCodeAt(index) : 0x20);
  }
  return value;
}
