/**
 * Implied prices of spreads from the books of their legs: the bid of the first and the offer of the second make a bid,
 * and the other way round. One level; none where it would cross the spread's own book.
 */
import { ask, bid, none, type OrderBooks } from '../order-books.js';
import type { Instrument } from './instruments.js';
import {
  actionChange,
  actionDelete,
  actionNew,
  actionOverlay,
  type BookEntries,
  impliedTypes,
} from './published-books.js';

export class ImpliedPrices {
  /** By 2 × instrument + side; size 0 where there is none. */
  readonly price: Int32Array;
  readonly size: Float64Array;
  /** Implied matching is on. */
  isOn = false;
  private newPrice = 0;
  private newSize = 0;

  constructor(
    private readonly instruments: readonly Instrument[],
    private readonly books: OrderBooks,
  ) {
    this.price = new Int32Array(instruments.length * 2);
    this.size = new Float64Array(instruments.length * 2);
  }

  /** Adds the entries of all spreads that an instrument's book bears on. */
  update(index: number, entries: BookEntries): void {
    const instrument = this.instruments[index];
    for (const spread of instrument.spreads) this.spread(spread, entries);
    if (instrument.kind === 'spread') this.spread(instrument, entries);
  }

  /** Forgets an instrument's, as the client does. */
  clear(index: number): void {
    this.size[index * 2] = 0;
    this.size[index * 2 + 1] = 0;
  }

  private spread(spread: Instrument, entries: BookEntries): void {
    if (spread.legs.length < 2 || !spread.isListed) return;
    this.side(spread, bid, entries);
    this.side(spread, ask, entries);
  }

  private side(spread: Instrument, side: number, entries: BookEntries): void {
    const book = spread.index * 2 + side;
    const hadPrice = this.price[book];
    const hadSize = this.size[book];
    this.look(spread, side);
    const { newPrice, newSize } = this;
    if (newSize === hadSize && (newSize === 0 || newPrice === hadPrice)) return;
    const action =
      hadSize === 0 ? actionNew : newSize === 0 ? actionDelete : newPrice === hadPrice ? actionChange : actionOverlay;
    const price = newSize === 0 ? hadPrice : newPrice;
    entries.add(spread.index, impliedTypes[side], action, 1, price, newSize === 0 ? hadSize : newSize, 0);
    this.price[book] = newPrice;
    this.size[book] = newSize;
  }

  private look(spread: Instrument, side: number): void {
    const { books } = this;
    const [front, back] = spread.legs;
    const first = books.best[front.index * 2 + side];
    const second = books.best[back.index * 2 + 1 - side];
    this.newPrice = 0;
    this.newSize = 0;
    if (!this.isOn || first === none || second === none) return;
    const price = books.levelPrice(first) - books.levelPrice(second);
    const other = books.best[spread.index * 2 + 1 - side];
    if (other !== none && (side === bid ? price >= books.levelPrice(other) : price <= books.levelPrice(other))) return;
    this.newPrice = price;
    this.newSize = Math.min(books.levelShares(first), books.levelShares(second));
  }
}
