/**
 * The state of a channel and the steps that change it. Everything happens within an event: `begin`, steps, `end`, which
 * tells trades, volumes, books, statistics and implied prices in the exchange's order.
 */
import type { Random } from '../../core/random.js';
import { ask, bid, none, OrderBooks } from '../order-books.js';
import { FigureList, OrderChanges, orderDelete, orderNew, orderUpdate, TradeList } from './event-lists.js';
import { EventWriter, lastImpliedMsg, lastQuoteMsg, lastStatsMsg, lastVolumeMsg } from './event-writer.js';
import { ImpliedPrices } from './implied-prices.js';
import type { Instrument } from './instruments.js';
import type { PacketQueue } from './packet-queue.js';
import { actionNew, BookEntries, bookReset, PublishedBooks } from './published-books.js';
import { Statistics } from './statistics.js';
import { Tally } from './tally.js';
import type { TopOrders } from './top-orders.js';

/** SecurityTradingStatus. */
export const statusHalt = 2;
export const statusClose = 4;
export const statusReady = 17;
export const statusUnavailable = 18;
export const statusPreOpen = 21;
export const statusPostClose = 26;

/** Orders live at once at most, in all books together. */
const maxLiveOrders = 1 << 18;
const leastOrdersOfBook = 48;
const mostOrdersOfBook = 400;
/** Messages of one event at most: what must be free for an event of any kind. */
export const mostOfEvent = 32;
/** Events closer together than this may share a packet. */
const sharedNs = 1000;
/** A trade's figures are told for so many trades each: average prices of fixed income and repurchase agreements. */
const tradesOfAverage = 4;

const volumeType = 0x65;

export class Market {
  readonly books: OrderBooks;
  readonly published: PublishedBooks;
  /** MDOrderPriority by order. */
  readonly priority: Float64Array;
  readonly writer: EventWriter;
  readonly tally = new Tally();
  readonly statistics: Statistics;
  readonly implied: ImpliedPrices;
  /** Orders of one instrument at most. */
  readonly ordersOfBook: number;
  /** Messages promised to what must still come. */
  reserved = 0;
  private readonly entries = new BookEntries();
  private readonly changes = new OrderChanges();
  private readonly list = new TradeList();
  private readonly volumes = new FigureList();
  private readonly touched: Int32Array;
  private touchedCount = 0;
  private orderId = 8_400_000_000;
  private lastPriority = 1_000_000;
  private tradeId = 1;
  private startNs = 0;
  private writtenBefore = 0;

  constructor(
    readonly instruments: readonly Instrument[],
    readonly queue: PacketQueue,
    readonly random: Random,
    readonly messages: number,
    tradeDate: number,
    private readonly topOrders: TopOrders | null,
  ) {
    const count = instruments.length;
    this.ordersOfBook = Math.max(leastOrdersOfBook, Math.min(mostOrdersOfBook, Math.floor(maxLiveOrders / count)));
    this.books = new OrderBooks(count, count * (this.ordersOfBook + 2));
    this.published = new PublishedBooks(count);
    this.priority = new Float64Array(this.books.capacity);
    this.touched = new Int32Array(count);
    this.writer = new EventWriter(queue, instruments, tradeDate);
    this.statistics = new Statistics(instruments, this.books);
    this.implied = new ImpliedPrices(instruments, this.books);
  }

  /** Messages that are not promised. */
  get free(): number {
    return this.messages - this.queue.written - this.reserved;
  }

  /** An integer from 0 to `n` - 1; `n` is at most 2^21, for the product to be exact. */
  draw(n: number): number {
    return Math.floor((this.random.nextUint32() * n) / 0x1_0000_0000);
  }

  /** Starts an event at the queue's time: in a packet of its own, or in that of an event right before. */
  begin(): void {
    const { queue } = this;
    if (!queue.hasRoom || queue.nowNs - this.startNs > sharedNs) {
      queue.flush();
      this.startNs = queue.nowNs;
    }
    this.entries.clear();
    this.changes.clear();
    this.list.clear();
    this.volumes.clear();
    this.statistics.begin();
    this.touchedCount = 0;
    this.writtenBefore = queue.written;
  }

  /** Tells what happened; returns the messages that it took. */
  end(): number {
    const { writer, queue, list } = this;
    const last = this.touchedCount > 0 ? this.instruments[this.touched[0]] : null;
    if (list.count > 0) this.tellTrades();
    this.tellBooks();
    if (last !== null) {
      for (let index = 0; index < this.touchedCount; index++) this.statistics.book(this.touched[index]);
      writer.figures(last.family.sessionStatistics, this.statistics.figures, lastStatsMsg);
      this.tellImplied();
      this.tellTopOrders(last);
    }
    const written = queue.written - this.writtenBefore;
    if (written > 0) writer.end();
    return written;
  }

  /** Enters an order last in its level; it does not cross the book. */
  add(instrument: number, side: number, price: number, qty: number): void {
    this.enter(instrument, side, price, qty, this.nextOrderId());
  }

  delete(order: number): void {
    const { books } = this;
    this.change(order, books.shares(order), orderDelete);
    books.remove(order);
  }

  /** Sets the quantity: less keeps the order's priority, more loses it. */
  resize(order: number, qty: number): void {
    const { books } = this;
    const open = books.shares(order);
    if (qty < open) {
      this.change(order, qty, orderUpdate);
      books.reduce(order, open - qty);
      return;
    }
    const instrument = books.symbol(order);
    const side = books.side(order);
    const price = books.price(order);
    const orderId = books.reference(order);
    books.remove(order);
    const place = books.add(instrument, side, price, qty, orderId);
    this.priority[place] = ++this.lastPriority;
    this.change(place, qty, orderUpdate);
  }

  /**
   * An incoming order of an aggressor (1 buys, 2 sells; 0: neither, at an opening) takes the best orders of `side`,
   * down to `worst`; returns what is left of it. `rest` says whether that enters the book.
   */
  execute(instrument: number, side: number, qty: number, worst: number, aggressor: number, rest: boolean): number {
    const { books, list } = this;
    const incoming = this.nextOrderId();
    let left = qty;
    list.begin(instrument, aggressor);
    for (let order = books.head(instrument, side); order !== none && left > 0; order = books.head(instrument, side)) {
      const price = books.price(order);
      if ((side === ask ? price > worst : price < worst) || !list.hasRoom(price)) break;
      const part = Math.min(left, books.shares(order));
      list.fill(price, incoming, books.reference(order), part);
      if (part === books.shares(order)) this.delete(order);
      else this.resize(order, books.shares(order) - part);
      left -= part;
    }
    const best = books.head(instrument, side);
    const isFree = best === none || (side === ask ? books.price(best) > worst : books.price(best) < worst);
    if (rest && left > 0 && isFree) this.enter(instrument, 1 - side, worst, left, incoming);
    return left;
  }

  /** A match of two orders that the book does not show. */
  print(instrument: number, price: number, qty: number, aggressor: number): void {
    this.touch(instrument);
    this.list.begin(instrument, aggressor);
    this.list.fill(price, this.nextOrderId(), this.nextOrderId(), qty);
  }

  /** Empties a book with one entry. */
  resetBook(instrument: number): void {
    const { books } = this;
    while (books.newest[instrument] !== none) books.remove(books.newest[instrument]);
    this.published.clear(instrument);
    this.entries.add(instrument, bookReset, actionNew, 0, 0, 0, 0);
    this.touch(instrument);
  }

  /** Tells a book as if none of it had been told. */
  restate(instrument: number): void {
    const { books } = this;
    this.published.clear(instrument);
    this.touch(instrument);
    for (const side of [bid, ask]) {
      for (let order = books.head(instrument, side); order !== none; order = books.after(order)) {
        this.change(order, books.shares(order), orderNew);
      }
    }
  }

  /** The instrument's running volume, as figures of an event. */
  tellVolume(instrument: Instrument): void {
    this.volumes.add(instrument.index, volumeType, Number.NaN, instrument.volume);
    this.writer.figures(instrument.family.volume, this.volumes, lastVolumeMsg);
  }

  private enter(instrument: number, side: number, price: number, qty: number, orderId: number): void {
    const place = this.books.add(instrument, side, price, qty, orderId);
    this.priority[place] = ++this.lastPriority;
    this.change(place, qty, orderNew);
  }

  private change(order: number, qty: number, action: number): void {
    const { books } = this;
    const instrument = books.symbol(order);
    this.touch(instrument);
    const id = books.reference(order);
    this.changes.add(instrument, books.side(order), books.price(order), id, this.priority[order], qty, action);
  }

  private touch(instrument: number): void {
    this.instruments[instrument].updatedNs = this.queue.nowNs;
    for (let index = 0; index < this.touchedCount; index++) if (this.touched[index] === instrument) return;
    this.touched[this.touchedCount++] = instrument;
  }

  private tellTrades(): void {
    const { list, writer, tally, queue } = this;
    const instrument = this.instruments[list.instrument];
    for (let index = 0; index < list.count; index++) {
      this.statistics.trade(instrument, list.price[index], list.qty[index]);
      tally.trade(instrument, list, index, queue.nowNs);
    }
    if (instrument.kind === 'fixedIncome' || instrument.kind === 'repo') {
      if (instrument.trades % tradesOfAverage === 0) this.statistics.average(instrument);
    }
    writer.trades(list, this.tradeId);
    this.tradeId += list.count;
    this.tellVolume(instrument);
  }

  private tellBooks(): void {
    const { entries } = this;
    for (let index = 0; index < this.touchedCount; index++) {
      const instrument = this.touched[index];
      this.published.update(instrument, bid, this.books, entries);
      this.published.update(instrument, ask, this.books, entries);
    }
    this.writer.book(entries, this.changes, lastQuoteMsg);
  }

  private tellImplied(): void {
    const { entries } = this;
    entries.clear();
    this.changes.clear();
    for (let index = 0; index < this.touchedCount; index++) this.implied.update(this.touched[index], entries);
    this.writer.book(entries, this.changes, lastImpliedMsg);
  }

  private tellTopOrders(instrument: Instrument): void {
    if (instrument.kind !== 'fixedIncome' && instrument.kind !== 'repo') return;
    if (this.topOrders !== null && this.draw(4) === 0) this.topOrders.write(instrument, this.books, this.priority);
  }

  private nextOrderId(): number {
    this.orderId += 1 + (this.random.nextUint32() & 7);
    return this.orderId;
  }
}
