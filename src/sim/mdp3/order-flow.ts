/**
 * The flow of orders between the planned events: which instrument, what happens, at what price. Orders come and go
 * around the best prices; incoming ones take the best level and now and then the next.
 */
import { ask, bid, none } from '../order-books.js';
import type { Pace } from '../pace.js';
import { drawTable, type Instrument, type InstrumentKind } from './instruments.js';
import { type Market, mostOfEvent, statusPreOpen, statusReady } from './market.js';
import type { Notices } from './notices.js';

/** How many price steps behind the best price an order is entered, drawn evenly; -1 is before it. */
const distances = [-1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15];
const lots = [1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 5, 8, 10, 15, 20, 25, 50, 75, 100];
/** Orders of a book below which none is cancelled, in a session with enough messages for as many. */
const leastOrders: Readonly<Record<InstrumentKind, number>> = {
  future: 90,
  spread: 50,
  option: 36,
  fixedIncome: 60,
  repo: 36,
  fx: 60,
};
const leastOfAll = 16;
/** Messages of the session for each such order. */
const messagesOfOrder = 10;
/** Orders of a side that no incoming order may take. */
const keptOrders = 4;
const mostDraws = 8;
/** An order is not made larger than this: quantities of orders have 32 bits. */
const mostLots = 1000;
/** Orders that are drawn from at either end of an instrument's age. */
const drawnOrders = 12;
/** Levels that a mass cancellation leaves, or takes from the best on. */
const keptLevels = 4;
/** Instruments quoted in one event. */
const mostQuoted = 4;

/** Kinds of events by their share in a thousand, in this order; what is left are requests for quotes. */
const shares = { add: 380, cancel: 260, resize: 120, move: 80, take: 130, quote: 18, sweep: 6 };

export class OrderFlow {
  private readonly table: Uint16Array;
  private readonly groups = new Map<string, Instrument[]>();
  private readonly kinds: string[] = [];
  private readonly mostLeast: number;
  private instrument = 0;
  private quoteRequests = 0;
  /** Instruments whose flow is stopped. */
  readonly stopped: Uint8Array;

  constructor(
    private readonly market: Market,
    private readonly pace: Pace,
    private readonly notices: Notices,
  ) {
    const { instruments } = market;
    this.table = drawTable(instruments);
    this.stopped = new Uint8Array(instruments.length);
    this.mostLeast = Math.max(leastOfAll, Math.floor(market.messages / (instruments.length * messagesOfOrder)));
    for (const instrument of instruments) {
      const group = this.groups.get(instrument.securityGroup) ?? [];
      group.push(instrument);
      this.groups.set(instrument.securityGroup, group);
    }
    for (const [kind, share] of Object.entries(shares))
      for (let index = 0; index < share; index++) this.kinds.push(kind);
  }

  /** One event; with few messages left, one that takes exactly one. */
  event(): void {
    const { market } = this;
    if (market.free <= mostOfEvent || !this.choose()) {
      this.requestQuote();
      return;
    }
    market.begin();
    this.act(market.instruments[this.instrument]);
    if (market.end() === 0) this.requestQuote();
  }

  /** Someone asks for prices: one message. */
  requestQuote(): void {
    const { market } = this;
    const { instruments } = market;
    let index = this.table[market.draw(this.table.length)];
    while (!instruments[index].isListed) index = (index + 1) % instruments.length;
    const isTwoSided = market.draw(2) === 0;
    market.begin();
    const qty = market.draw(3) === 0 ? null : 10 * (1 + market.draw(50));
    this.notices.quoteRequest(instruments[index], ++this.quoteRequests, qty, isTwoSided ? null : 1 + market.draw(2));
    market.end();
  }

  /** Draws an instrument that orders may be entered for; false where there is none. */
  private choose(): boolean {
    const { market, table } = this;
    if (!this.pace.beginsBurst && market.draw(4) > 0 && this.isOpen(this.instrument)) return true;
    for (let draws = 0; draws < mostDraws; draws++) {
      this.instrument = table[market.draw(table.length)];
      if (this.isOpen(this.instrument)) return true;
    }
    const { length } = market.instruments;
    for (let tried = 0; tried < length; tried++) {
      this.instrument = (this.instrument + 1) % length;
      if (this.isOpen(this.instrument)) return true;
    }
    return false;
  }

  private isOpen(index: number): boolean {
    const { isListed, status } = this.market.instruments[index];
    return isListed && this.stopped[index] === 0 && (status === statusReady || status === statusPreOpen);
  }

  private act(instrument: Instrument): void {
    const { market } = this;
    const { index } = instrument;
    const orders = market.books.liveOf[index];
    const kind = this.kinds[market.draw(1000)];
    if (orders < this.leastOrders(instrument)) this.enter(instrument);
    else if (orders >= market.ordersOfBook) market.delete(this.pick(index));
    else if (kind === 'add') this.enter(instrument);
    else if (kind === 'cancel') market.delete(this.pick(index));
    else if (kind === 'resize') this.resize(instrument);
    else if (kind === 'move') this.move(instrument);
    else if (kind === 'take') this.take(instrument);
    else if (kind === 'quote') this.quote(instrument);
    else if (kind === 'sweep') this.sweep(instrument);
  }

  private leastOrders({ kind }: Instrument): number {
    return Math.min(kind === 'future' ? 2 * this.mostLeast : this.mostLeast, leastOrders[kind]);
  }

  /** An order that does not cross the book. */
  private enter(instrument: Instrument): void {
    const { market } = this;
    const { books } = market;
    const { index } = instrument;
    const bids = books.ordersOn[index * 2 + bid];
    const offers = books.ordersOn[index * 2 + ask];
    const side = bids * 2 < offers ? bid : offers * 2 < bids ? ask : market.draw(2);
    this.enterOn(instrument, side);
  }

  private enterOn(instrument: Instrument, side: number): void {
    const qty = lots[this.market.draw(lots.length)] * instrument.lot;
    const price = this.price(instrument, side);
    if (price > 0 || instrument.kind === 'spread') this.market.add(instrument.index, side, price, qty);
    // Nothing is bid below one price step.
    else this.market.add(instrument.index, ask, this.price(instrument, ask), qty);
  }

  private price(instrument: Instrument, side: number): number {
    const { market } = this;
    const { books } = market;
    const own = books.best[instrument.index * 2 + side];
    const other = books.best[instrument.index * 2 + 1 - side];
    const away = side === bid ? -1 : 1;
    const limit = other === none ? null : books.levelPrice(other) + away;
    let from = instrument.fair + away * (1 + market.draw(3));
    if (own !== none) from = books.levelPrice(own);
    else if (limit !== null) from = limit + away * market.draw(3);
    const gap = own === none || limit === null ? 0 : (limit - from) * -away;
    let distance = distances[market.draw(distances.length)];
    // Wide markets are closed in larger steps.
    if (distance < 0 && gap > 3) distance = -(1 + market.draw(gap));
    const price = from + away * distance;
    if (limit === null) return price;
    return side === bid ? Math.min(price, limit) : Math.max(price, limit);
  }

  /** One of the newest orders, or of the oldest. */
  private pick(index: number): number {
    const { books } = this.market;
    const drawn = this.market.draw(2 * drawnOrders);
    const isNew = drawn < drawnOrders;
    let order = isNew ? books.newest[index] : books.oldest[index];
    for (let step = drawn % drawnOrders; step > 0; step--) {
      const next = isNew ? books.older(order) : books.newer(order);
      if (next === none) break;
      order = next;
    }
    return order;
  }

  private resize(instrument: Instrument): void {
    const { market } = this;
    const order = this.pick(instrument.index);
    const lotsOpen = market.books.shares(order) / instrument.lot;
    const isMore = lotsOpen < 2 || market.draw(3) === 0;
    const lotsWanted = isMore ? lotsOpen + 1 + market.draw(10) : 1 + market.draw(lotsOpen - 1);
    market.resize(order, Math.min(mostLots, lotsWanted) * instrument.lot);
  }

  /** A new price is a new order. */
  private move(instrument: Instrument): void {
    const { market } = this;
    const order = this.pick(instrument.index);
    const side = market.books.side(order);
    market.delete(order);
    this.enterOn(instrument, side);
  }

  /** An incoming order at the market, more likely towards the price that the day began with. */
  private take(instrument: Instrument): void {
    const { market } = this;
    const { books } = market;
    const { index, lot } = instrument;
    const head = books.head(index, ask);
    const bias = head === none ? 0 : 4 * (instrument.reference - books.price(head));
    const isBuy = market.draw(1024) < 512 + Math.max(-200, Math.min(200, bias));
    const side = isBuy ? ask : bid;
    const book = index * 2 + side;
    if (instrument.status !== statusReady || books.ordersOn[book] <= keptOrders) {
      this.enterOn(instrument, side);
      return;
    }
    const first = books.head(index, side);
    const level = books.best[book];
    const drawn = market.draw(8);
    const lotsOfFirst = books.shares(first) / lot;
    let qty = (1 + market.draw(lotsOfFirst)) * lot;
    if (drawn > 3) qty = drawn < 6 ? books.shares(first) : books.levelShares(level);
    const isDeep = drawn === 7 && books.ordersOn[book] > 3 * keptOrders;
    if (isDeep) qty += lots[market.draw(lots.length)] * lot;
    const best = books.price(first);
    const worst = isDeep ? best + (isBuy ? 2 : -2) : best;
    market.execute(index, side, qty, worst, isBuy ? 1 : 2, market.draw(3) === 0);
    instrument.fair = best;
  }

  /** A market maker renews prices of a whole group in one event. */
  private quote(instrument: Instrument): void {
    const { market } = this;
    const { books } = market;
    let quoted = 0;
    for (const other of this.groups.get(instrument.securityGroup) ?? []) {
      if (!this.isOpen(other.index) || quoted === mostQuoted) continue;
      const orders = books.liveOf[other.index];
      if (orders < this.leastOrders(other)) this.enter(other);
      else if (orders >= market.ordersOfBook || market.draw(2) === 0) this.resize(other);
      else this.move(other);
      quoted++;
    }
  }

  /** Someone cancels all orders of a side, the best levels or those behind them. */
  private sweep(instrument: Instrument): void {
    const { market } = this;
    const { books } = market;
    const side = market.draw(2);
    const book = instrument.index * 2 + side;
    let level = books.best[book];
    for (let index = 1; index < 2 * keptLevels && level !== none; index++) level = books.worse(level);
    if (level === none) {
      this.enterOn(instrument, side);
      return;
    }
    const isBest = market.draw(2) === 0;
    if (isBest) {
      const bound = this.levelPrice(book, keptLevels);
      while (books.levelPrice(books.best[book]) !== bound) market.delete(books.head(instrument.index, side));
      return;
    }
    level = books.best[book];
    for (let index = 1; index < keptLevels; index++) level = books.worse(level);
    for (let next = books.worse(level); next !== none; next = books.worse(level)) market.delete(books.levelHead(next));
  }

  private levelPrice(book: number, number: number): number {
    const { books } = this.market;
    let level = books.best[book];
    for (let index = 1; index < number; index++) level = books.worse(level);
    return books.levelPrice(level);
  }
}
