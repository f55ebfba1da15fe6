/**
 * Crosses and what is told before them. Orders of the book that meet execute against each other at one price, from the
 * best on in the order of their priority, so that the book is neither crossed nor locked behind it; the bulk print adds
 * the orders that are not displayed. Opening and closing crosses meet an uncrossed book: there some of the orders at
 * the best price of one side execute against those that are not displayed.
 */
import { maxPrice, onGrid, tickAt } from './listings.js';
import type { Market } from './market.js';
import type { Imbalance } from './message-queue.js';
import { ask, bid, none } from './order-books.js';

/** Displayed orders that take part in a cross of an uncrossed book, drawn evenly. */
const takingPart = [0, 1, 1, 1, 2, 2, 3, 4];
/** Percentages from which the price variation indicator has its letters; below 10 it is the number. */
const variationLetters = [
  [30, 'C'],
  [20, 'B'],
  [10, 'A'],
] as const;

export class Auctions {
  /** What `look` found: shares of the book that match, and the price of the cross. */
  private matched = 0;
  private price = 0;
  /** By symbol: paired shares that are not displayed. */
  private readonly hidden: Float64Array;
  private readonly values: Imbalance = {
    paired: 0,
    imbalance: 0,
    direction: 0,
    far: 0,
    near: 0,
    reference: 0,
    crossType: 0,
    variation: 0,
  };

  constructor(private readonly market: Market) {
    this.hidden = new Float64Array(market.listings.count);
  }

  /** Tells what the cross would be at this moment. */
  tell(symbol: number, type: string): void {
    const { market, values } = this;
    this.look(symbol, type);
    this.hidden[symbol] += 100 * market.draw(20);
    const isPriced = this.price > 0 && this.matched + this.hidden[symbol] > 0;
    const reference = isPriced ? this.price + (market.draw(4) === 0 ? tickAt(this.price) : 0) : 0;
    const far = isPriced ? this.price + (market.draw(3) === 0 ? tickAt(this.price) : 0) : 0;
    values.paired = isPriced ? this.matched + this.hidden[symbol] : 0;
    values.imbalance = isPriced ? 100 * market.draw(60) : 0;
    values.direction = !isPriced ? letter('O') : values.imbalance === 0 ? letter('N') : letter('BS'[market.draw(2)]);
    values.far = far;
    values.near = isPriced ? this.price : 0;
    values.reference = reference;
    values.crossType = letter(type);
    values.variation = letter(isPriced ? variation(this.price, reference) : ' ');
    market.imbalance(symbol, values);
  }

  /** The cross and its print. */
  cross(symbol: number, type: string): void {
    const { market } = this;
    this.look(symbol, type);
    const { price, matched } = this;
    this.execute(symbol, bid, matched, price);
    this.execute(symbol, ask, matched, price);
    const displayed = price > 0 ? this.executeSome(symbol, price) : 0;
    const shares = price > 0 ? matched + displayed + this.hidden[symbol] : 0;
    market.cross(symbol, shares, shares > 0 ? price : 0, type);
    this.hidden[symbol] = 0;
  }

  /** Matches the book on paper; price 0 where it is empty. */
  private look(symbol: number, type: string): void {
    const { books, listings } = this.market;
    let buy = books.head(symbol, bid);
    let sell = books.head(symbol, ask);
    let buyLeft = buy === none ? 0 : books.shares(buy);
    let sellLeft = sell === none ? 0 : books.shares(sell);
    let lowest = 0;
    let highest = maxPrice;
    this.matched = 0;
    while (buy !== none && sell !== none && books.price(buy) >= books.price(sell)) {
      const shares = Math.min(buyLeft, sellLeft);
      this.matched += shares;
      lowest = books.price(sell);
      highest = books.price(buy);
      buyLeft -= shares;
      sellLeft -= shares;
      if (buyLeft === 0) {
        buy = books.after(buy);
        buyLeft = buy === none ? 0 : books.shares(buy);
      }
      if (sellLeft === 0) {
        sell = books.after(sell);
        sellLeft = sell === none ? 0 : books.shares(sell);
      }
    }
    // What stays in the book must not be better than the price.
    if (buy !== none) lowest = Math.max(lowest, books.price(buy));
    if (sell !== none) highest = Math.min(highest, books.price(sell));
    const isEmpty = this.matched === 0 && buy === none && sell === none;
    const last = onGrid(listings.price[symbol], 0);
    const wanted = this.matched > 0 || type === 'H' ? last : (symbol & 1) === 0 ? lowest || highest : highest;
    const isOneSided = this.matched === 0 && (buy === none || sell === none);
    const price = isOneSided ? (buy === none ? highest : lowest) : Math.max(lowest, Math.min(highest, wanted));
    this.price = isEmpty ? 0 : price;
  }

  private execute(symbol: number, side: number, shares: number, price: number): void {
    const { market } = this;
    for (let left = shares; left > 0; ) {
      const part = Math.min(left, market.books.shares(market.books.head(symbol, side)));
      market.executeInCross(symbol, side, part, price);
      left -= part;
    }
  }

  /** Executes some orders at the cross price against such as are not displayed; returns the shares. */
  private executeSome(symbol: number, price: number): number {
    const { market } = this;
    const { books } = market;
    const side = books.bestPrice(symbol, bid) === price ? bid : ask;
    const orders = takingPart[market.draw(takingPart.length)];
    let shares = 0;
    for (let taken = 0; taken < orders; taken++) {
      if (books.bestPrice(symbol, side) !== price || market.free <= 0 || !market.canSpare(1)) break;
      const part = books.shares(books.head(symbol, side));
      market.executeInCross(symbol, side, part, price);
      shares += part;
    }
    return shares;
  }
}

/** How far the near price is from the reference price, as the specification's code. */
export function variation(near: number, reference: number): string {
  const percent = (Math.abs(near - reference) * 100) / reference;
  for (const [least, code] of variationLetters) if (percent >= least) return code;
  return percent < 1 ? 'L' : String(Math.floor(percent));
}

function letter(text: string): number {
  return text.charCodeAt(0);
}
