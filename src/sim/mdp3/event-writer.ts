/** Writes the messages of one event on the incremental feed, with their MatchEventIndicator. */

import { type FigureList, noEntry, type OrderChanges, orderDelete, type TradeList } from './event-lists.js';
import type { BookLayout, FigureLayout } from './families.js';
import { maxEntriesOfGroup } from './families.js';
import type { Instrument } from './instruments.js';
import { absent, setInt64 } from './layout.js';
import { incremental, type PacketQueue } from './packet-queue.js';
import { actionDelete, type BookEntries, bookReset, entryTypes, maxEntries } from './published-books.js';

/** Bits of MatchEventIndicator. */
export const lastTradeMsg = 0x01;
export const lastVolumeMsg = 0x02;
export const lastQuoteMsg = 0x04;
export const lastStatsMsg = 0x08;
export const lastImpliedMsg = 0x10;
export const recoveryMsg = 0x20;
export const endOfEvent = 0x80;

/** Entries of one message at most, so that ReferenceID and counts have room. */
const mostEntries = Math.min(maxEntriesOfGroup, 64);

export class EventWriter {
  /** Marks of every message: `recoveryMsg` while a channel is rebuilt. */
  marks = 0;

  constructor(
    private readonly queue: PacketQueue,
    private readonly instruments: readonly Instrument[],
    /** Days since the epoch. */
    private readonly tradeDate: number,
  ) {}

  /** Price levels with the orders behind them, then the orders of levels that are not told. */
  book(entries: BookEntries, changes: OrderChanges, bit: number): void {
    if (entries.count === 0 && changes.count === 0) return;
    const first = entries.count > 0 ? entries.instrument[0] : changes.instrument[0];
    const { book, orderBook } = this.instruments[first].family;
    const before = this.queue.written;
    if (book.orders === null) changes.clear();
    else this.assign(entries, changes);
    for (let from = 0; from < entries.count; ) from = this.bookMessage(book, entries, changes, from);
    if (orderBook !== null) this.ordersAlone(changes);
    if (this.queue.written > before) this.queue.mark(bit);
  }

  /** Trades by price, with the orders filled. */
  trades(list: TradeList, tradeId: number): void {
    const { queue } = this;
    const instrument = this.instruments[list.instrument];
    const { trade, isLong } = instrument.family;
    const { message, entries, orders } = trade;
    const size = message.root.length + entries.sizeOf(list.count) + orders.sizeOf(list.fillCount);
    let at = queue.begin(incremental, message, size) + message.root.length;
    const { view, bytes } = queue;
    at = entries.begin(view, at, list.count);
    for (let index = 0; index < list.count; index++, at += entries.entry.length) {
      entries.entry.begin(bytes, at);
      setInt64(view, at + trade.px, list.price[index] * instrument.step);
      setSize(view, at + trade.size, list.qty[index], isLong);
      view.setInt32(at + trade.securityId, instrument.securityId, true);
      view.setUint32(at + trade.rptSeq, ++instrument.rptSeq, true);
      view.setInt32(at + trade.numberOfOrders, list.fills[index], true);
      view.setUint8(at + trade.aggressor, list.aggressor);
      if (trade.tradeId !== absent) view.setUint32(at + trade.tradeId, tradeId + index, true);
    }
    at = orders.begin(view, at, list.fillCount);
    for (let index = 0; index < list.fillCount; index++, at += orders.entry.length) {
      orders.entry.begin(bytes, at);
      setInt64(view, at + trade.orderId, list.orderId[index]);
      view.setInt32(at + trade.lastQty, list.lastQty[index], true);
    }
    queue.mark(lastTradeMsg | this.marks);
  }

  /** Volumes, statistics or limits: one message of figures. */
  figures(layout: FigureLayout, list: FigureList, bit: number): void {
    if (list.count === 0) return;
    const { queue } = this;
    const { message, entries, entry } = layout;
    const size = message.root.length + entries.sizeOf(list.count);
    let at = queue.begin(incremental, message, size) + message.root.length;
    at = entries.begin(queue.view, at, list.count);
    for (let index = 0; index < list.count; index++, at += entry.length) this.figure(layout, list, index, at);
    queue.mark(bit | this.marks);
  }

  /** The event is over. */
  end(): void {
    this.queue.mark(endOfEvent);
  }

  private figure(layout: FigureLayout, list: FigureList, index: number, at: number): void {
    const { view, bytes } = this.queue;
    const instrument = this.instruments[list.instrument[index]];
    layout.entry.begin(bytes, at);
    view.setInt32(at + layout.securityId, instrument.securityId, true);
    view.setUint32(at + layout.rptSeq, ++instrument.rptSeq, true);
    const price = list.price[index];
    if (layout.highLimit !== absent) {
      setInt64(view, at + layout.highLimit, (price + instrument.limitDistance) * instrument.step);
      setInt64(view, at + layout.lowLimit, (price - instrument.limitDistance) * instrument.step);
      setInt64(view, at + layout.maxVariation, instrument.limitDistance * instrument.step);
      return;
    }
    if (layout.px !== absent && !Number.isNaN(price)) setInt64(view, at + layout.px, price * instrument.step);
    const size = list.size[index];
    const isWide = layout === instrument.family.volume || layout === instrument.family.sessionStatistics;
    if (layout.size !== absent && !Number.isNaN(size)) {
      setSize(view, at + layout.size, size, isWide && instrument.family.isLong);
    }
    if (layout.action !== absent) view.setUint8(at + layout.action, list.action[index]);
    if (layout.type !== absent) view.setUint8(at + layout.type, list.type[index]);
    if (layout.openCloseSettlFlag !== absent) view.setUint8(at + layout.openCloseSettlFlag, list.flag[index]);
    if (layout.settlPriceType !== absent) view.setUint8(at + layout.settlPriceType, list.settlPriceType[index]);
    if (layout.referenceDate !== absent) view.setUint16(at + layout.referenceDate, this.tradeDate, true);
  }

  /** Finds the entry that each order belongs to. */
  private assign(entries: BookEntries, changes: OrderChanges): void {
    for (let index = 0; index < changes.count; index++) {
      const entry = find(entries, changes, index);
      changes.entry[index] = entry;
      if (entry !== noEntry) entries.detail[entry]++;
    }
  }

  /** One message of the entries from here on that fit; returns the first that did not. */
  private bookMessage(layout: BookLayout, entries: BookEntries, changes: OrderChanges, from: number): number {
    const { message, entries: group, orders } = layout;
    const orderLength = orders?.entry.length ?? 0;
    let left = this.queue.largestMessage - 8 - message.root.length - group.size - (orders?.size ?? 0);
    let to = from;
    let detail = 0;
    while (to < entries.count && to - from < mostEntries) {
      const needed = group.entry.length + entries.detail[to] * orderLength;
      if (needed > left || detail + entries.detail[to] > maxEntriesOfGroup) break;
      left -= needed;
      detail += entries.detail[to++];
    }
    if (to === from) {
      // More orders than a packet has room for: those that are left over are told without their level.
      detail = Math.floor((left - group.entry.length) / orderLength);
      leaveOut(changes, to++, detail);
    }
    this.writeBook(layout, entries, changes, from, to, detail);
    return to;
  }

  private writeBook(
    layout: BookLayout,
    entries: BookEntries,
    changes: OrderChanges,
    from: number,
    to: number,
    detail: number,
  ): void {
    const { queue } = this;
    const { message, entries: group, orders } = layout;
    const size = message.root.length + group.sizeOf(to - from) + (orders?.sizeOf(detail) ?? 0);
    let at = queue.begin(incremental, message, size) + message.root.length;
    queue.mark(this.marks);
    at = group.begin(queue.view, at, to - from);
    for (let index = from; index < to; index++, at += group.entry.length) this.writeEntry(layout, entries, index, at);
    if (orders === null) return;
    at = orders.begin(queue.view, at, detail);
    for (let index = 0; index < changes.count; index++) {
      const entry = changes.entry[index];
      if (entry < from || entry >= to) continue;
      const { view } = queue;
      orders.entry.begin(queue.bytes, at);
      setInt64(view, at + layout.orderId, changes.orderId[index]);
      setInt64(view, at + layout.priority, changes.priority[index]);
      if (changes.action[index] !== orderDelete) view.setInt32(at + layout.qty, changes.qty[index], true);
      view.setUint8(at + layout.reference, entry - from + 1);
      view.setUint8(at + layout.orderAction, changes.action[index]);
      at += orders.entry.length;
    }
  }

  private writeEntry(layout: BookLayout, entries: BookEntries, index: number, at: number): void {
    const { view, bytes } = this.queue;
    const instrument = this.instruments[entries.instrument[index]];
    const type = entries.type[index];
    layout.entries.entry.begin(bytes, at);
    view.setInt32(at + layout.securityId, instrument.securityId, true);
    view.setUint32(at + layout.rptSeq, ++instrument.rptSeq, true);
    view.setUint8(at + layout.level, entries.level[index]);
    view.setUint8(at + layout.action, entries.action[index]);
    view.setUint8(at + layout.type, type);
    if (type === bookReset) return;
    setInt64(view, at + layout.px, entries.price[index] * instrument.step);
    setSize(view, at + layout.size, entries.size[index], instrument.family.isLong);
    // Implied prices have no orders of their own.
    if (entries.orders[index] > 0) view.setInt32(at + layout.numberOfOrders, entries.orders[index], true);
    const isTradeable = instrument.kind === 'fixedIncome' && entries.action[index] !== actionDelete;
    if (isTradeable && layout.tradeable !== absent) view.setInt32(at + layout.tradeable, entries.size[index], true);
  }

  /** The orders whose level is not told: beyond the tenth, or as before in size and number. */
  private ordersAlone(changes: OrderChanges): void {
    for (let from = 0; from < changes.count; ) {
      let left = 0;
      for (let index = from; index < changes.count; index++) if (changes.entry[index] === noEntry) left++;
      if (left === 0) return;
      from = this.orderMessage(changes, from, left);
    }
  }

  private orderMessage(changes: OrderChanges, from: number, wanted: number): number {
    const { queue } = this;
    const { orderBook } = this.instruments[changes.instrument[from]].family;
    if (orderBook === null) return changes.count;
    const { message, entries } = orderBook;
    const room = queue.largestMessage - 8 - message.root.length - entries.size;
    const count = Math.min(wanted, maxEntriesOfGroup, Math.floor(room / entries.entry.length));
    let at = queue.begin(incremental, message, message.root.length + entries.sizeOf(count)) + message.root.length;
    queue.mark(this.marks);
    const { view, bytes } = queue;
    at = entries.begin(view, at, count);
    let index = from;
    for (let written = 0; written < count; index++) {
      if (changes.entry[index] !== noEntry) continue;
      const instrument = this.instruments[changes.instrument[index]];
      entries.entry.begin(bytes, at);
      setInt64(view, at + orderBook.orderId, changes.orderId[index]);
      setInt64(view, at + orderBook.priority, changes.priority[index]);
      setInt64(view, at + orderBook.px, changes.price[index] * instrument.step);
      if (changes.action[index] !== orderDelete) view.setInt32(at + orderBook.qty, changes.qty[index], true);
      view.setInt32(at + orderBook.securityId, instrument.securityId, true);
      view.setUint8(at + orderBook.action, changes.action[index]);
      view.setUint8(at + orderBook.type, entryTypes[changes.side[index]]);
      at += entries.entry.length;
      written++;
    }
    return index;
  }
}

/** A size of 32 or of 64 bits. */
export function setSize(view: DataView, at: number, size: number, isLong: boolean): void {
  if (isLong) setInt64(view, at, size);
  else view.setInt32(at, size, true);
}

/** The entry about the order's price, or `noEntry`. */
function find(entries: BookEntries, changes: OrderChanges, change: number): number {
  const type = entryTypes[changes.side[change]];
  const instrument = changes.instrument[change];
  const price = changes.price[change];
  const isDeleted = changes.action[change] === orderDelete;
  for (let entry = 0; entry < entries.count && entry < maxEntries; entry++) {
    if (
      entries.instrument[entry] === instrument &&
      entries.type[entry] === type &&
      entries.lowest[entry] <= price &&
      entries.highest[entry] >= price &&
      (isDeleted || entries.action[entry] < actionDelete)
    ) {
      return entry;
    }
  }
  return noEntry;
}

/** Keeps so many orders of an entry; the others belong to none then. */
function leaveOut(changes: OrderChanges, entry: number, kept: number): void {
  let left = kept;
  for (let index = 0; index < changes.count; index++) {
    if (changes.entry[index] === entry && left-- <= 0) changes.entry[index] = noEntry;
  }
}
