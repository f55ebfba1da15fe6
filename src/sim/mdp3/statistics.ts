/** Statistics of the session by instrument: open, high, low, highest bid, lowest offer, average price. */
import { ask, bid, none, type OrderBooks } from '../order-books.js';
import { FigureList } from './event-lists.js';
import type { Instrument } from './instruments.js';

/** MDEntryType. */
export const openType = 0x34;
export const highType = 0x37;
export const lowType = 0x38;
export const averageType = 0x39;
export const highestBidType = 0x4e;
export const lowestOfferType = 0x4f;

/** OpenCloseSettlFlag. */
export const dailyOpen = 0;
export const indicativeOpen = 5;
const intradayAverage = 100;

export class Statistics {
  /** What an event changed, to be told at its end. */
  readonly figures = new FigureList();

  constructor(
    private readonly instruments: readonly Instrument[],
    private readonly books: OrderBooks,
  ) {}

  begin(): void {
    this.figures.clear();
  }

  /** Counts a trade in. */
  trade(instrument: Instrument, price: number, qty: number): void {
    const { figures } = this;
    const { index } = instrument;
    instrument.volume += qty;
    instrument.trades++;
    instrument.priceSum += price * (qty / instrument.lot);
    instrument.last = price;
    if (instrument.open === null) {
      instrument.open = price;
      figures.add(index, openType, price, Number.NaN, dailyOpen);
    }
    if (instrument.high === null || price > instrument.high) {
      instrument.high = price;
      figures.add(index, highType, price);
    }
    if (instrument.low === null || price < instrument.low) {
      instrument.low = price;
      figures.add(index, lowType, price);
    }
  }

  /** Tells the average price of the trades so far, to the price step below. */
  average(instrument: Instrument): void {
    const price = Math.floor(instrument.priceSum / (instrument.volume / instrument.lot));
    this.figures.add(instrument.index, averageType, price, Number.NaN, intradayAverage);
  }

  /** Looks at the best prices of a book. */
  book(index: number): void {
    const { figures, books } = this;
    if (figures.isFull || figures.count > 20) return;
    const instrument = this.instruments[index];
    const best = books.head(index, bid);
    const offered = books.head(index, ask);
    if (best !== none && (instrument.highestBid === null || books.price(best) > instrument.highestBid)) {
      instrument.highestBid = books.price(best);
      figures.add(index, highestBidType, books.price(best));
    }
    if (offered !== none && (instrument.lowestOffer === null || books.price(offered) < instrument.lowestOffer)) {
      instrument.lowestOffer = books.price(offered);
      figures.add(index, lowestOfferType, books.price(offered));
    }
  }

  /** Tells all that is known, as after a reset. */
  restate(instrument: Instrument): void {
    const { figures } = this;
    const { index, open, high, low, highestBid, lowestOffer } = instrument;
    if (open !== null) figures.add(index, openType, open, Number.NaN, dailyOpen);
    if (high !== null) figures.add(index, highType, high);
    if (low !== null) figures.add(index, lowType, low);
    if (highestBid !== null) figures.add(index, highestBidType, highestBid);
    if (lowestOffer !== null) figures.add(index, lowestOfferType, lowestOffer);
  }
}
