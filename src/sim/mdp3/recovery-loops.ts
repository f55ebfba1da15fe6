/**
 * The feeds that go round and round beside the incremental one: instrument definitions, books by price, books by order.
 * Each round has its own packet numbers from 1. Every snapshot says how far the incremental feed had come.
 */
import { ask, bid, none } from '../order-books.js';
import type { Definitions } from './definitions.js';
import type { FigureList } from './event-lists.js';
import { FigureList as Figures, noFlag } from './event-lists.js';
import { setSize } from './event-writer.js';
import type { Instrument } from './instruments.js';
import { absent, setInt64 } from './layout.js';
import type { Market } from './market.js';
import { incremental, instrumentReplay, orderSnapshot, snapshot } from './packet-queue.js';
import { depth, entryTypes, impliedTypes } from './published-books.js';
import { dailyOpen, highestBidType, highType, lowestOfferType, lowType, openType } from './statistics.js';
import { writeOrder } from './top-orders.js';

const settlementType = 0x36;
const clearedVolumeType = 0x42;
const openInterestType = 0x43;
const volumeType = 0x65;
const tradeType = 0x32;

/** One feed's way through the instruments. */
interface Round {
  readonly feed: number;
  /** The next instrument. */
  index: number;
  /** Instruments of the round. */
  total: number;
  rounds: number;
}

export class RecoveryLoops {
  private readonly rounds: Round[];
  private turn = 0;
  private readonly figures: FigureList = new Figures();

  constructor(
    private readonly market: Market,
    private readonly definitions: Definitions,
    /** Days since the epoch. */
    private readonly tradeDate: number,
  ) {
    const hasOrders = market.instruments.some(({ family }) => family.orderSnapshot !== null);
    const feeds = hasOrders ? [instrumentReplay, snapshot, orderSnapshot] : [instrumentReplay, snapshot];
    this.rounds = feeds.map((feed) => ({ feed, index: 0, total: 0, rounds: 0 }));
  }

  /** Whole rounds of a feed so far. */
  roundsOf(feed: number): number {
    return this.rounds.find((round) => round.feed === feed)?.rounds ?? 0;
  }

  /** The next instrument of the feed whose turn it is, where that takes no more messages than are free. */
  step(free: number): void {
    const round = this.rounds[this.turn];
    this.turn = (this.turn + 1) % this.rounds.length;
    this.advance(round, free);
  }

  /** A whole round of definitions. */
  tellDefinitions(): void {
    const round = this.rounds[0];
    do this.advance(round, Number.POSITIVE_INFINITY);
    while (round.index > 0);
  }

  private advance(round: Round, free: number): void {
    const { market } = this;
    const { queue, instruments } = market;
    if (round.index === 0) round.total = instruments.reduce((sum, { isListed }) => sum + (isListed ? 1 : 0), 0);
    const instrument = instruments[round.index];
    const { feed, total } = round;
    if (feed === orderSnapshot && this.chunksOf(instrument) > free) return;
    queue.flush();
    if (round.index === 0) queue.restart(feed);
    if (feed === instrumentReplay) this.definitions.replay(instrument, total);
    else if (feed === snapshot) this.byPrice(instrument, total);
    else this.byOrder(instrument, total);
    queue.flush();
    // Those that are listed come first: one that was listed in this round waits for the next.
    if (++round.index < total) return;
    round.index = 0;
    round.rounds++;
  }

  private byPrice(instrument: Instrument, total: number): void {
    const { market, tradeDate } = this;
    const { queue, published } = market;
    const { snapshot: layout, isLong } = instrument.family;
    const { message, entries } = layout;
    const { root } = message;
    const figures = this.collect(instrument);
    const book = instrument.index * 2;
    const levels = published.count[book] + published.count[book + 1];
    const implied = (market.implied.size[book] > 0 ? 1 : 0) + (market.implied.size[book + 1] > 0 ? 1 : 0);
    const count = levels + implied + figures.count;
    let at = queue.begin(snapshot, message, root.length + entries.sizeOf(count));
    const { view } = queue;
    view.setUint32(at + root.at('LastMsgSeqNumProcessed'), queue.feeds[incremental].sequence, true);
    view.setUint32(at + root.at('TotNumReports'), total, true);
    view.setInt32(at + root.at('SecurityID'), instrument.securityId, true);
    view.setUint32(at + root.at('RptSeq'), instrument.rptSeq, true);
    queue.setTime(at + root.at('TransactTime'), instrument.updatedNs);
    queue.setTime(at + root.at('LastUpdateTime'), this.definitions.updatedNs(instrument));
    view.setUint16(at + root.at('TradeDate'), tradeDate, true);
    view.setUint8(at + root.at('MDSecurityTradingStatus'), instrument.status);
    const { limits, limitDistance, step } = instrument;
    setInt64(view, at + root.at('HighLimitPrice'), (limits + limitDistance) * step);
    setInt64(view, at + root.at('LowLimitPrice'), (limits - limitDistance) * step);
    setInt64(view, at + root.at('MaxPriceVariation'), limitDistance * step);
    at = entries.begin(view, at + root.length, count);
    for (const side of [bid, ask]) {
      const from = (book + side) * depth;
      for (let index = 0; index < published.count[book + side]; index++, at += entries.entry.length) {
        entries.entry.begin(queue.bytes, at);
        setInt64(view, at + layout.px, published.price[from + index] * step);
        setSize(view, at + layout.size, published.size[from + index], isLong);
        view.setInt32(at + layout.numberOfOrders, published.orders[from + index], true);
        view.setUint8(at + layout.level, index + 1);
        view.setUint8(at + layout.type, entryTypes[side]);
      }
    }
    for (const side of [bid, ask]) {
      if (market.implied.size[book + side] === 0) continue;
      entries.entry.begin(queue.bytes, at);
      setInt64(view, at + layout.px, market.implied.price[book + side] * step);
      setSize(view, at + layout.size, market.implied.size[book + side], isLong);
      view.setUint8(at + layout.level, 1);
      view.setUint8(at + layout.type, impliedTypes[side]);
      at += entries.entry.length;
    }
    this.writeFigures(instrument, figures, at);
  }

  private writeFigures(instrument: Instrument, figures: FigureList, from: number): void {
    const { view, bytes } = this.market.queue;
    const { snapshot: layout, isLong } = instrument.family;
    const { entry } = layout.entries;
    for (let index = 0, at = from; index < figures.count; index++, at += entry.length) {
      entry.begin(bytes, at);
      const price = figures.price[index];
      const size = figures.size[index];
      if (!Number.isNaN(price)) setInt64(view, at + layout.px, price * instrument.step);
      if (!Number.isNaN(size)) setSize(view, at + layout.size, size, isLong);
      view.setUint8(at + layout.type, figures.type[index]);
      if (layout.openCloseSettlFlag !== absent) view.setUint8(at + layout.openCloseSettlFlag, figures.flag[index]);
      if (figures.type[index] !== settlementType) continue;
      if (layout.settlPriceType !== absent) view.setUint8(at + layout.settlPriceType, figures.settlPriceType[index]);
      if (layout.referenceDate !== absent) view.setUint16(at + layout.referenceDate, this.tradeDate, true);
    }
  }

  /** What is known of an instrument beside its book. */
  private collect(instrument: Instrument): FigureList {
    const { figures } = this;
    const { index, open, high, low, highestBid, lowestOffer, last, volume } = instrument;
    figures.clear();
    if (last !== null) figures.add(index, tradeType, last);
    if (open !== null) figures.add(index, openType, open, Number.NaN, dailyOpen);
    if (high !== null) figures.add(index, highType, high);
    if (low !== null) figures.add(index, lowType, low);
    if (highestBid !== null) figures.add(index, highestBidType, highestBid);
    if (lowestOffer !== null) figures.add(index, lowestOfferType, lowestOffer);
    if (volume > 0) figures.add(index, volumeType, Number.NaN, volume);
    figures.add(index, settlementType, instrument.settlement, Number.NaN, noFlag, 0, 3);
    figures.add(index, clearedVolumeType, Number.NaN, instrument.clearedVolume);
    figures.add(index, openInterestType, Number.NaN, instrument.openInterest);
    return figures;
  }

  private chunksOf(instrument: Instrument): number {
    return Math.max(1, Math.ceil(this.market.books.liveOf[instrument.index] / this.ordersOfChunk(instrument)));
  }

  private ordersOfChunk({ family }: Instrument): number {
    const layout = family.orderSnapshot;
    if (layout === null) return 1;
    const { message, entries } = layout;
    const room = this.market.queue.largestMessage - 8 - message.root.length - entries.size;
    return Math.min(250, Math.floor(room / entries.entry.length));
  }

  private byOrder(instrument: Instrument, total: number): void {
    const { market } = this;
    const { queue, books } = market;
    const layout = instrument.family.orderSnapshot;
    if (layout === null) return;
    const { message, entries } = layout;
    const { root } = message;
    const chunks = this.chunksOf(instrument);
    const perChunk = this.ordersOfChunk(instrument);
    const { index } = instrument;
    let order = books.head(index, bid);
    let side = bid;
    if (order === none) {
      side = ask;
      order = books.head(index, ask);
    }
    for (let chunk = 1, left = books.liveOf[index]; chunk <= chunks; chunk++, left -= perChunk) {
      const count = Math.min(left, perChunk);
      let at = queue.begin(orderSnapshot, message, root.length + entries.sizeOf(count));
      const { view } = queue;
      view.setUint32(at + root.at('LastMsgSeqNumProcessed'), queue.feeds[incremental].sequence, true);
      view.setUint32(at + root.at('TotNumReports'), total, true);
      view.setInt32(at + root.at('SecurityID'), instrument.securityId, true);
      view.setUint32(at + root.at('NoChunks'), chunks, true);
      view.setUint32(at + root.at('CurrentChunk'), chunk, true);
      queue.setTime(at + root.at('TransactTime'), instrument.updatedNs);
      at = entries.begin(view, at + root.length, count);
      for (let written = 0; written < count; written++, at += entries.entry.length) {
        writeOrder(queue, layout, at, instrument, books, market.priority, order);
        order = books.after(order);
        if (order !== none || side === ask) continue;
        side = ask;
        order = books.head(index, ask);
      }
    }
  }
}
