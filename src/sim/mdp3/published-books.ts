/**
 * Books by price as they were last told, ten levels a side, and what brings a client from those to the books of now.
 *
 * A client deletes and inserts at the level told, the levels below move, and what falls below the tenth is forgotten
 * without a word: so deletions come first, from the best level on, then insertions and changes likewise.
 */
import { bid, none, type OrderBooks } from '../order-books.js';

/** Levels of a side. */
export const depth = 10;
/** Entries of one event at most. */
export const maxEntries = 2048;
/** Levels that vanish at once from the top, or down to the last, before one entry tells them all. */
const leastAtOnce = 3;

/** MDUpdateAction. */
export const actionNew = 0;
export const actionChange = 1;
export const actionDelete = 2;
export const actionDeleteThru = 3;
export const actionDeleteFrom = 4;
export const actionOverlay = 5;

/** MDEntryType of a side, direct and implied, and of what empties a book. */
export const entryTypes = [0x30, 0x31] as const;
export const impliedTypes = [0x45, 0x46] as const;
export const bookReset = 0x4a;

/** Price levels to be told in one event, one after the other; prices in price steps. */
export class BookEntries {
  count = 0;
  readonly instrument = new Uint16Array(maxEntries);
  readonly type = new Uint8Array(maxEntries);
  readonly action = new Uint8Array(maxEntries);
  readonly level = new Uint8Array(maxEntries);
  readonly price = new Int32Array(maxEntries);
  readonly size = new Float64Array(maxEntries);
  readonly orders = new Int32Array(maxEntries);
  /** Prices that the entry is about, both ends included; orders in between belong to it. */
  readonly lowest = new Int32Array(maxEntries);
  readonly highest = new Int32Array(maxEntries);
  /** Orders that the event tells with the entry. */
  readonly detail = new Int32Array(maxEntries);

  clear(): void {
    this.count = 0;
  }

  /** Adds an entry about one price; `level` counts from 1. */
  add(
    instrument: number,
    type: number,
    action: number,
    level: number,
    price: number,
    size: number,
    orders: number,
  ): void {
    if (this.count === maxEntries) throw new RangeError(`an event has more than ${maxEntries} entries`);
    const index = this.count++;
    this.instrument[index] = instrument;
    this.type[index] = type;
    this.action[index] = action;
    this.level[index] = level;
    this.price[index] = price;
    this.size[index] = size;
    this.orders[index] = orders;
    this.lowest[index] = price;
    this.highest[index] = price;
    this.detail[index] = 0;
  }

  /** Extends the latest entry to one more price. */
  extend(price: number): void {
    const index = this.count - 1;
    this.lowest[index] = Math.min(this.lowest[index], price);
    this.highest[index] = Math.max(this.highest[index], price);
  }
}

export class PublishedBooks {
  readonly price: Int32Array;
  readonly size: Float64Array;
  readonly orders: Int32Array;
  /** By 2 × instrument + side. */
  readonly count: Uint8Array;
  /** One side as the client has it while it is brought up to date. */
  private readonly nowPrice = new Int32Array(depth + 1);
  private readonly nowSize = new Float64Array(depth + 1);
  private readonly nowOrders = new Int32Array(depth + 1);
  private readonly isGone = new Uint8Array(depth);
  private nowCount = 0;

  constructor(instruments: number) {
    this.price = new Int32Array(instruments * 2 * depth);
    this.size = new Float64Array(instruments * 2 * depth);
    this.orders = new Int32Array(instruments * 2 * depth);
    this.count = new Uint8Array(instruments * 2);
  }

  /** Forgets an instrument's book, as the client does. */
  clear(instrument: number): void {
    this.count[instrument * 2] = 0;
    this.count[instrument * 2 + 1] = 0;
  }

  /** Adds the entries that bring a side up to date. */
  update(instrument: number, side: number, books: OrderBooks, entries: BookEntries): void {
    const book = instrument * 2 + side;
    this.load(book);
    const gone = this.findGone(book, side, books);
    if (gone > 0) this.remove(instrument, side, gone, entries);
    this.insert(instrument, side, books, entries);
    this.store(book);
  }

  private load(book: number): void {
    const from = book * depth;
    this.nowCount = this.count[book];
    for (let index = 0; index < this.nowCount; index++) {
      this.nowPrice[index] = this.price[from + index];
      this.nowSize[index] = this.size[from + index];
      this.nowOrders[index] = this.orders[from + index];
    }
  }

  private store(book: number): void {
    const from = book * depth;
    const count = Math.min(this.nowCount, depth);
    this.count[book] = count;
    for (let index = 0; index < count; index++) {
      this.price[from + index] = this.nowPrice[index];
      this.size[from + index] = this.nowSize[index];
      this.orders[from + index] = this.nowOrders[index];
    }
  }

  /** Marks the levels whose price the book no longer has; returns how many. */
  private findGone(book: number, side: number, books: OrderBooks): number {
    let level = books.best[book];
    let gone = 0;
    for (let index = 0; index < this.nowCount; index++) {
      const price = this.nowPrice[index];
      while (level !== none && (side === bid ? books.levelPrice(level) > price : books.levelPrice(level) < price)) {
        level = books.worse(level);
      }
      const isGone = level === none || books.levelPrice(level) !== price;
      this.isGone[index] = isGone ? 1 : 0;
      if (isGone) gone++;
    }
    return gone;
  }

  private remove(instrument: number, side: number, gone: number, entries: BookEntries): void {
    const type = entryTypes[side];
    let first = 0;
    while (first < this.nowCount && this.isGone[first] === 1) first++;
    let fromLast = 0;
    while (fromLast < this.nowCount && this.isGone[this.nowCount - 1 - fromLast] === 1) fromLast++;
    if (gone >= leastAtOnce && first === gone) {
      this.tell(instrument, type, actionDeleteThru, first, first - 1, entries);
      for (let index = 0; index < first; index++) entries.extend(this.nowPrice[index]);
    } else if (gone >= leastAtOnce && fromLast === gone) {
      const from = this.nowCount - fromLast;
      this.tell(instrument, type, actionDeleteFrom, from + 1, from, entries);
      for (let index = from; index < this.nowCount; index++) entries.extend(this.nowPrice[index]);
    } else {
      let level = 1;
      for (let index = 0; index < this.nowCount; index++) {
        if (this.isGone[index] === 1) this.tell(instrument, type, actionDelete, level, index, entries);
        else level++;
      }
    }
    this.compact();
  }

  /** An entry about a level as the client has it. */
  private tell(
    instrument: number,
    type: number,
    action: number,
    level: number,
    index: number,
    entries: BookEntries,
  ): void {
    const size = this.nowSize[index];
    entries.add(instrument, type, action, level, this.nowPrice[index], size, this.nowOrders[index]);
  }

  private compact(): void {
    let kept = 0;
    for (let index = 0; index < this.nowCount; index++) {
      if (this.isGone[index] === 1) continue;
      this.nowPrice[kept] = this.nowPrice[index];
      this.nowSize[kept] = this.nowSize[index];
      this.nowOrders[kept] = this.nowOrders[index];
      kept++;
    }
    this.nowCount = kept;
  }

  private insert(instrument: number, side: number, books: OrderBooks, entries: BookEntries): void {
    const type = entryTypes[side];
    let level = books.best[instrument * 2 + side];
    for (let index = 0; index < depth && level !== none; index++, level = books.worse(level)) {
      const price = books.levelPrice(level);
      const size = books.levelShares(level);
      const orders = books.levelOrders(level);
      const isNew = index >= this.nowCount || this.nowPrice[index] !== price;
      if (!isNew && this.nowSize[index] === size && this.nowOrders[index] === orders) continue;
      if (isNew) this.makeRoom(index);
      this.nowPrice[index] = price;
      this.nowSize[index] = size;
      this.nowOrders[index] = orders;
      entries.add(instrument, type, isNew ? actionNew : actionChange, index + 1, price, size, orders);
    }
  }

  /** Moves the levels from this one on down by one; the one behind the last is forgotten. */
  private makeRoom(from: number): void {
    const last = Math.min(this.nowCount, depth - 1);
    for (let index = last; index > from; index--) {
      this.nowPrice[index] = this.nowPrice[index - 1];
      this.nowSize[index] = this.nowSize[index - 1];
      this.nowOrders[index] = this.nowOrders[index - 1];
    }
    if (this.nowCount < depth) this.nowCount++;
  }
}
