/**
 * The flow of orders between the day's scheduled events: which symbol, which kind of message, at what price. Orders are
 * entered around the best prices, most of them die young, executions take the heads of the best level.
 */
import { maxPrice, onGrid, tickAt } from './listings.js';
import { type Market, maxOrdersOfSymbol } from './market.js';
import { ask, bid, none } from './order-books.js';
import type { Pace } from './pace.js';
import { proportions } from './proportions.js';

const dollar = 10_000;
/** Half a cent, in 1/10,000 dollars. */
const halfCent = 50;
/** Of the C messages most are executions in crosses, which are no part of the flow; likewise of L and Y. */
const inFlow: Readonly<Record<string, number>> = { C: 60, L: 20, Y: 8 };
/** Orders that one incoming order executes against, drawn evenly. */
const sweeps = [1, 1, 1, 1, 1, 1, 2, 4];
const meanSweep = sweeps.reduce((sum, orders) => sum + orders, 0) / sweeps.length;
const mostInSweep = 4;
/** How many steps behind the best price an order is entered, drawn evenly; -1 is before it. */
const distances = [
  -1, -1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 50,
];
const lots = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 10, 20];
/** Orders of a symbol below which none is deleted; fewer where there are too many symbols for the orders. */
const leastOrders = 8;
/** Places that are left for the orders of quotation periods. */
const keptPlaces = 256;
/** Draws before a symbol that trades is looked for one by one. */
const mostDraws = 8;
/** A price of so much more, in 1/10,000 dollars, makes steps one tick wider. */
const widerSteps = 1_000_000;

const codeB = 66;
const codeC = 67;
const codeD = 68;
const codeE = 69;
const codeF = 70;
const codeL = 76;
const codeN = 78;
const codeP = 80;
const codeU = 85;
const codeX = 88;
const codeY = 89;

export class OrderFlow {
  private readonly kinds: Uint8Array;
  private symbol = 0;
  /** By symbol: the retail interest told last, and whether short sales are restricted. */
  private readonly interest: Uint8Array;
  readonly shortSales: Uint8Array;
  private readonly leastOrders: number;

  constructor(
    private readonly market: Market,
    private readonly pace: Pace,
  ) {
    this.kinds = flowKinds();
    this.interest = new Uint8Array(market.listings.count);
    this.shortSales = new Uint8Array(market.listings.count);
    this.leastOrders = Math.min(leastOrders, Math.floor(market.books.capacity / (4 * market.listings.count)));
  }

  /** Writes one message, or the executions of one incoming order. */
  message(): void {
    const { market } = this;
    if (this.pace.isAfterEnd) {
      this.deleteAny();
      return;
    }
    if (this.pace.beginsBurst || market.draw(4) === 0) this.symbol = this.drawSymbol();
    if (!market.isTrading(this.symbol)) {
      const { books } = market;
      if (books.liveOf[this.symbol] > this.leastOrders && market.canSpare(1) && market.draw(4) === 0) {
        market.delete(this.pickOrder(this.symbol));
        return;
      }
      this.symbol = this.findTrading();
    }
    this.act(this.kinds[market.draw(this.kinds.length)], this.symbol);
  }

  /** An order that does not cross the book, on either side. */
  enter(symbol: number, isAttributed: boolean): void {
    const { market } = this;
    const { books } = market;
    const bids = books.ordersOn[symbol * 2 + bid];
    const asks = books.ordersOn[symbol * 2 + ask];
    const side = bids * 2 < asks ? bid : asks * 2 < bids ? ask : market.draw(2);
    const { mpids } = market.listings;
    const mpid = isAttributed ? mpids[market.draw(mpids.length)] : 0;
    market.add(symbol, side, this.drawPrice(symbol, side), this.drawShares(), mpid);
  }

  /** The nearest price to `price` on its side of the book that neither crosses nor locks it. */
  fit(symbol: number, side: number, price: number): number {
    const { books } = this.market;
    if (side === bid) {
      const offered = books.bestPrice(symbol, ask) || maxPrice;
      return Math.max(1, onGrid(Math.min(price, offered - tickAt(offered - 1)), 0));
    }
    const best = books.bestPrice(symbol, bid) || 1;
    return Math.min(maxPrice, onGrid(Math.max(price, best + tickAt(best), 2), 1));
  }

  drawShares(): number {
    const drawn = this.market.draw(1 << 12);
    // One in eight is an odd lot.
    return (drawn & 7) === 0 ? 1 + ((drawn >> 3) % 99) : 100 * lots[(drawn >> 3) & 15];
  }

  private act(kind: number, symbol: number): void {
    const { market } = this;
    switch (kind) {
      case codeD:
        if (this.canDelete(symbol)) market.delete(this.pickOrder(symbol));
        else this.enterUnlessCrowded(symbol, false);
        return;
      case codeU:
        if (market.books.liveOf[symbol] > 0) this.replace(symbol);
        else this.enterUnlessCrowded(symbol, false);
        return;
      case codeE:
        this.sweep(symbol);
        return;
      case codeC:
        this.executeInside(symbol);
        return;
      case codeX:
        this.cancel(symbol);
        return;
      case codeP:
        this.trade(symbol);
        return;
      case codeB:
        if (!market.breakTrade()) this.enterUnlessCrowded(symbol, false);
        return;
      case codeN:
        this.tellInterest(symbol);
        return;
      case codeL:
        this.tellParticipant(symbol);
        return;
      case codeY:
        this.restrictShortSales(symbol);
        return;
      default:
        this.enterUnlessCrowded(symbol, kind === codeF);
    }
  }

  private enterUnlessCrowded(symbol: number, isAttributed: boolean): void {
    const { market } = this;
    const { books } = market;
    const hasRoom = books.liveOf[symbol] < maxOrdersOfSymbol && books.live < books.capacity - keptPlaces;
    if (market.isCrowded(symbol) && this.canDelete(symbol) && market.draw(2) === 0) {
      market.delete(this.pickOrder(symbol));
    } else if (hasRoom) {
      this.enter(symbol, isAttributed);
    } else if (books.liveOf[symbol] > 0) {
      this.replace(symbol);
    } else {
      this.tellParticipant(symbol);
    }
  }

  private canDelete(symbol: number): boolean {
    return this.market.books.liveOf[symbol] > this.leastOrders && this.market.canSpare(1);
  }

  private drawSymbol(): number {
    const { drawTable } = this.market.listings;
    return drawTable[this.market.draw(drawTable.length)];
  }

  /** A symbol that trades: while the whole market is halted there is no flow. */
  private findTrading(): number {
    const { market } = this;
    const { count } = market.listings;
    for (let draws = 0; draws < mostDraws; draws++) {
      const symbol = this.drawSymbol();
      if (market.isTrading(symbol)) return symbol;
    }
    let symbol = market.draw(count);
    for (let tried = 0; tried < count; tried++, symbol = (symbol + 1) % count) {
      if (market.isTrading(symbol)) return symbol;
    }
    throw new Error('no symbol trades');
  }

  /** Three in four of the newest, the others of the oldest orders. */
  private pickOrder(symbol: number): number {
    const { books } = this.market;
    const drawn = this.market.draw(64);
    const isNew = drawn < 48;
    let order = isNew ? books.newest[symbol] : books.oldest[symbol];
    for (let steps = drawn & 15; steps > 0; steps--) {
      const next = isNew ? books.older(order) : books.newer(order);
      if (next === none) break;
      order = next;
    }
    return order;
  }

  private drawPrice(symbol: number, side: number): number {
    const { market } = this;
    const { books } = market;
    const own = books.bestPrice(symbol, side);
    const other = books.bestPrice(symbol, 1 - side);
    const from = own || other || market.listings.price[symbol];
    // The first order of a side stands a little off.
    const distance = own === 0 ? 1 + market.draw(3) : distances[market.draw(distances.length)];
    const ticks = 1 + Math.floor(from / widerSteps);
    // A wide spread is narrowed by a quarter at once.
    const gap = distance < 0 && other > 0 ? Math.floor(Math.abs(other - from) / 4) : 0;
    const step = Math.max(gap, tickAt(from) * ticks);
    return this.fit(symbol, side, side === bid ? from - distance * step : from + distance * step);
  }

  private replace(symbol: number): void {
    const { market } = this;
    const { books } = market;
    const order = this.pickOrder(symbol);
    const side = books.side(order);
    const before = books.price(order);
    const moved = (market.draw(2) === 0 ? -1 : 1) * (1 + market.draw(3)) * tickAt(before);
    const price = this.fit(symbol, side, before + moved);
    const shares = market.draw(4) === 0 ? this.drawShares() : books.shares(order);
    market.replace(order, price, price === before && shares === books.shares(order) ? shares + 100 : shares);
  }

  private sweep(symbol: number): void {
    const { market } = this;
    const { books } = market;
    const side = market.draw(2);
    if (books.ordersOn[symbol * 2 + side] === 0 || !market.canSpare(mostInSweep)) {
      this.enterUnlessCrowded(symbol, false);
      return;
    }
    const most = Math.min(sweeps[market.draw(sweeps.length)], market.free);
    for (let taken = 1; taken <= most; taken++) {
      const order = books.head(symbol, side);
      if (order === none) return;
      const open = books.shares(order);
      const isWhole = taken < most || market.draw(2) === 0;
      market.execute(symbol, side, isWhole ? open : this.part(open));
    }
  }

  /** An execution at a better price than the order displays: half a cent on, between bid and ask. */
  private executeInside(symbol: number): void {
    const { market } = this;
    const { books } = market;
    const side = market.draw(2);
    const order = books.head(symbol, side);
    if (order === none || !market.canSpare(1)) {
      this.enterUnlessCrowded(symbol, false);
      return;
    }
    const shown = books.price(order);
    const price = side === bid ? shown + halfCent : shown - halfCent;
    const isInside = shown > dollar;
    market.execute(symbol, side, this.part(books.shares(order)), isInside ? price : undefined);
  }

  private cancel(symbol: number): void {
    const { market } = this;
    const { books } = market;
    const order = books.liveOf[symbol] > 0 ? this.pickOrder(symbol) : none;
    if (order === none || books.shares(order) < 2) {
      this.enterUnlessCrowded(symbol, false);
      return;
    }
    const shares = books.shares(order);
    const lotsLess = Math.ceil(shares / 100) - 1;
    market.cancel(order, lotsLess > 0 ? 100 * (1 + market.draw(lotsLess)) : 1 + market.draw(shares - 1));
  }

  private trade(symbol: number): void {
    const { market } = this;
    const best = market.books.bestPrice(symbol, bid);
    const offered = market.books.bestPrice(symbol, ask);
    if (best === 0 || offered === 0) {
      this.enterUnlessCrowded(symbol, false);
      return;
    }
    const where = market.draw(8);
    const price = where === 0 ? best : where === 1 ? offered : Math.floor((best + offered) / 2);
    market.trade(symbol, this.drawShares(), price);
  }

  private tellInterest(symbol: number): void {
    const next = (this.interest[symbol] + 1 + this.market.draw(3)) & 3;
    this.interest[symbol] = next;
    this.market.queue.retail(symbol + 1, 'NBSA'[next]);
  }

  private tellParticipant(symbol: number): void {
    const { market } = this;
    const { mpids } = market.listings;
    const state = 'AAEWSD'[market.draw(6)];
    market.queue.participant(symbol + 1, mpids[market.draw(mpids.length)], 'N', 'N', state);
  }

  private restrictShortSales(symbol: number): void {
    if (this.shortSales[symbol] !== 0) {
      this.enterUnlessCrowded(symbol, false);
      return;
    }
    this.shortSales[symbol] = 1;
    this.market.queue.regSho(symbol + 1, '1');
  }

  /** Some of the shares, in round lots where there is more than one. */
  private part(shares: number): number {
    return shares > 100 ? 100 * (1 + this.market.draw(Math.floor(shares / 100))) : 1 + this.market.draw(shares);
  }

  /** Behind the end of system hours orders still leave the books; that there are some, the flow before sees to. */
  private deleteAny(): void {
    const { market } = this;
    const { books } = market;
    const { count } = market.listings;
    let symbol = this.drawSymbol();
    for (let tried = 0; tried < count && books.liveOf[symbol] === 0; tried++) symbol = (symbol + 1) % count;
    market.delete(books.oldest[symbol]);
  }
}

/** Type codes repeated by proportion, for one uniform draw. */
function flowKinds(): Uint8Array {
  const codes: number[] = [];
  for (const type of [...'ADUEXPFLCNYB']) {
    const messages = inFlow[type] ?? proportions[type];
    const acts = Math.round(type === 'E' ? messages / meanSweep : messages);
    codes.push(...new Array<number>(acts).fill(type.charCodeAt(0)));
  }
  return Uint8Array.from(codes);
}
