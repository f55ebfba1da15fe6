/** SnapshotRefreshTopOrders59: the orders that are first in priority on either side of a book. */
import { ask, bid, none, type OrderBooks } from '../order-books.js';
import { OrderBookLayout } from './families.js';
import type { Instrument } from './instruments.js';
import { type Layouts, setInt64 } from './layout.js';
import { incremental, type PacketQueue } from './packet-queue.js';
import { entryTypes } from './published-books.js';

/** Orders of a side at most. */
const mostOrders = 5;

export class TopOrders {
  private readonly layout: OrderBookLayout;
  private readonly securityId: number;

  /** The version has the template. */
  constructor(
    layouts: Layouts,
    private readonly queue: PacketQueue,
  ) {
    this.layout = new OrderBookLayout(layouts.get(topOrdersTemplate));
    this.securityId = this.layout.message.root.at('SecurityID');
  }

  write(instrument: Instrument, books: OrderBooks, priority: Float64Array): void {
    const { layout, queue } = this;
    const { message, entries } = layout;
    const { index } = instrument;
    const bids = Math.min(mostOrders, books.ordersOn[index * 2 + bid]);
    const offers = Math.min(mostOrders, books.ordersOn[index * 2 + ask]);
    const size = message.root.length + entries.sizeOf(bids + offers);
    let at = queue.begin(incremental, message, size);
    queue.view.setInt32(at + this.securityId, instrument.securityId, true);
    at = entries.begin(queue.view, at + message.root.length, bids + offers);
    for (const side of [bid, ask]) {
      let left = side === bid ? bids : offers;
      for (let order = books.head(index, side); order !== none && left > 0; order = books.after(order), left--) {
        writeOrder(queue, layout, at, instrument, books, priority, order);
        at += entries.entry.length;
      }
    }
  }
}

export const topOrdersTemplate = 59;

/** Writes an order as an entry of a snapshot. */
export function writeOrder(
  queue: PacketQueue,
  layout: OrderBookLayout,
  at: number,
  instrument: Instrument,
  books: OrderBooks,
  priority: Float64Array,
  order: number,
): void {
  const { view } = queue;
  layout.entries.entry.begin(queue.bytes, at);
  setInt64(view, at + layout.orderId, books.reference(order));
  setInt64(view, at + layout.priority, priority[order]);
  setInt64(view, at + layout.px, books.price(order) * instrument.step);
  view.setInt32(at + layout.qty, books.shares(order), true);
  view.setUint8(at + layout.type, entryTypes[books.side(order)]);
}
