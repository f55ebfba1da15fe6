/**
 * The state of a session and the steps that change it: every step writes its message, keeps the books, and tells the
 * tally. What the rules of a market demand (heads only, never more than is open, nothing displayed in a halt) is held
 * here or by the callers named.
 */
import type { Random } from '../core/random.js';
import type { Listings } from './listings.js';
import { type Imbalance, MessageQueue } from './message-queue.js';
import { ask, bid, OrderBooks } from './order-books.js';
import { Tally } from './tally.js';

/** Orders live at once at most, in all books together: what bounds a session's memory. */
export const maxLiveOrders = 1 << 18;
/** Orders live at once at most in the book of one symbol: what bounds the messages of one cross. */
export const maxOrdersOfSymbol = 4096;
/** From this part of either limit on, every other new order becomes a deletion, so that the limit is not reached. */
const crowdedPart = 0.75;
/** Latest executions, among which broken ones are drawn. */
const keptMatches = 256;

/** Trading states. */
export const trading = 0;
export const halted = 1;
export const quoting = 2;

const sideCodes = [0x42, 0x53];
/** Instead of an execution price: the order's own. */
const ownPrice = 0;

export interface MarketOptions {
  readonly messages: number;
  /** Messages that belong behind the end of system hours. */
  readonly kept: number;
  readonly liveOrders?: number;
}

export class Market {
  readonly queue: MessageQueue;
  readonly books: OrderBooks;
  readonly tally: Tally;
  /** Messages promised to what must still come. */
  reserved = 0;
  readonly kept: number;
  /** By symbol: its trading state, and whether NASDAQ alone does not trade it. */
  readonly state: Uint8Array;
  readonly operationallyHalted: Uint8Array;
  private readonly messages: number;
  private readonly crowded: number;
  private reference = 0;
  private match = 0;
  private readonly matches = new Float64Array(keptMatches);
  private readonly matchSymbols = new Uint16Array(keptMatches);
  private readonly matchShares = new Uint32Array(keptMatches);
  private matchIndex = 0;

  constructor(
    readonly listings: Listings,
    readonly random: Random,
    options: MarketOptions,
  ) {
    const { count } = listings;
    const limit = Math.min(options.liveOrders ?? maxLiveOrders, Math.max(1024, options.messages));
    this.messages = options.messages;
    this.kept = options.kept;
    this.queue = new MessageQueue(listings);
    this.books = new OrderBooks(count, limit);
    this.tally = new Tally(count);
    this.state = new Uint8Array(count);
    this.operationallyHalted = new Uint8Array(count);
    this.crowded = Math.floor(limit * crowdedPart);
  }

  /** Messages that are not promised, those behind the end of system hours included. */
  get spare(): number {
    return this.messages - this.queue.written - this.reserved;
  }

  /** Messages that may be written without a promise before the end of system hours. */
  get free(): number {
    return this.spare - this.kept;
  }

  /** An integer from 0 to `n` - 1; `n` is at most 2^21, for the product to be exact. */
  draw(n: number): number {
    return Math.floor((this.random.nextUint32() * n) / 0x1_0000_0000);
  }

  isTrading(symbol: number): boolean {
    return this.state[symbol] === trading && this.operationallyHalted[symbol] === 0;
  }

  /** True where an order is better deleted than one more entered. */
  isCrowded(symbol: number): boolean {
    const { books } = this;
    return books.live >= this.crowded || books.liveOf[symbol] >= maxOrdersOfSymbol * crowdedPart;
  }

  /** True where the books hold more than what is to be deleted behind the end of system hours. */
  canSpare(orders: number): boolean {
    return this.books.live >= this.kept + orders;
  }

  add(symbol: number, side: number, price: number, shares: number, mpid: number): void {
    const reference = this.nextReference();
    this.queue.add(symbol + 1, reference, sideCodes[side], shares, price, mpid);
    this.books.add(symbol, side, price, shares, reference);
  }

  delete(order: number): void {
    const { books } = this;
    this.queue.delete(books.symbol(order) + 1, books.reference(order));
    books.remove(order);
  }

  /** Cancels fewer shares than are open. */
  cancel(order: number, shares: number): void {
    const { books } = this;
    this.queue.cancel(books.symbol(order) + 1, books.reference(order), shares);
    books.reduce(order, shares);
  }

  /** The new order is last in its level. */
  replace(order: number, price: number, shares: number): void {
    const { books } = this;
    const symbol = books.symbol(order);
    const side = books.side(order);
    const original = books.reference(order);
    const reference = this.nextReference();
    this.queue.replace(symbol + 1, original, reference, shares, price);
    books.remove(order);
    books.add(symbol, side, price, shares, reference);
  }

  /** Executes the first order of a side at its own price, or at `price` where that is not 0. */
  execute(symbol: number, side: number, shares: number, price = ownPrice): void {
    const { books, queue, listings } = this;
    const order = books.head(symbol, side);
    const match = this.nextMatch(symbol, shares);
    if (price === ownPrice) queue.executed(symbol + 1, books.reference(order), shares, match);
    else queue.executedAt(symbol + 1, books.reference(order), shares, match, 'Y', price);
    listings.price[symbol] = books.price(order);
    this.tally.executed(symbol, shares);
    books.reduce(order, shares);
  }

  /** Executes the first order of a side in a cross, whose bulk print will include the shares. */
  executeInCross(symbol: number, side: number, shares: number, price: number): void {
    const { books } = this;
    const order = books.head(symbol, side);
    this.queue.executedAt(symbol + 1, books.reference(order), shares, ++this.match, 'N', price);
    this.tally.executedInCross(shares);
    books.reduce(order, shares);
  }

  /** The bulk print of a cross. */
  cross(symbol: number, shares: number, price: number, type: string): void {
    this.queue.cross(symbol + 1, shares, price, ++this.match, type.charCodeAt(0));
    this.tally.crossed(symbol, type, price, shares, this.queue.nowNs);
    if (shares > 0) this.listings.price[symbol] = price;
  }

  /** A match of orders that are not displayed. */
  trade(symbol: number, shares: number, price: number): void {
    this.queue.trade(symbol + 1, shares, price, this.nextMatch(symbol, shares));
    this.tally.traded(symbol, shares);
  }

  /** Breaks one of the latest executions for good; false where there is none. */
  breakTrade(): boolean {
    const index = this.draw(keptMatches);
    const match = this.matches[index];
    if (match === 0) return false;
    this.queue.broken(this.matchSymbols[index] + 1, match);
    this.tally.broken(this.matchShares[index]);
    this.matches[index] = 0;
    return true;
  }

  imbalance(symbol: number, values: Imbalance): void {
    this.queue.imbalance(symbol + 1, values);
  }

  setState(symbol: number, state: number, code: string, reason: string): void {
    this.state[symbol] = state;
    this.queue.tradingAction(symbol + 1, code, reason);
  }

  /** Between bid and ask, or next to the side that there is, or the last price. */
  middle(symbol: number): number {
    const best = this.books.bestPrice(symbol, bid);
    const offered = this.books.bestPrice(symbol, ask);
    if (best === 0) return offered === 0 ? this.listings.price[symbol] : offered;
    return offered === 0 ? best : Math.floor((best + offered) / 2);
  }

  private nextReference(): number {
    this.reference += 1 + (this.random.nextUint32() & 7);
    return this.reference;
  }

  private nextMatch(symbol: number, shares: number): number {
    this.match++;
    const index = this.matchIndex;
    this.matches[index] = this.match;
    this.matchSymbols[index] = symbol;
    this.matchShares[index] = shares;
    this.matchIndex = (index + 1) % keptMatches;
    return this.match;
  }
}
