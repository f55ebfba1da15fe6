/**
 * A client that joins late: it takes the first whole snapshot of each instrument, by price and by order, and applies
 * what the incremental feed says behind it.
 */
import { applyEntry, type ClientBook, type DecodedPacket, emptyBook, type Values } from './market-client.js';

interface Recovery {
  readonly book: ClientBook;
  hasPrices: boolean;
  hasOrders: boolean;
  /** Snapshots by order in several chunks: those that came so far, all of one moment. */
  chunks: Values[];
  ordersAt: number;
}

export class RecoveringClient {
  readonly problems: string[] = [];
  private readonly instruments = new Map<number, Recovery>();

  packet(packet: DecodedPacket): void {
    if (packet.feed === 0) for (const message of packet.messages) this.incremental(message, packet.sequence);
    if (packet.feed === 2) for (const message of packet.messages) this.byPrice(message);
    if (packet.feed === 3) for (const message of packet.messages) this.byOrder(message);
  }

  /** The book of an instrument that was wholly recovered. */
  book(securityId: number): ClientBook | undefined {
    const recovery = this.instruments.get(securityId);
    return recovery?.hasPrices && recovery.hasOrders ? recovery.book : undefined;
  }

  private of(securityId: number): Recovery {
    let recovery = this.instruments.get(securityId);
    if (recovery === undefined) {
      recovery = { book: emptyBook(), hasPrices: false, hasOrders: false, chunks: [], ordersAt: 0 };
      this.instruments.set(securityId, recovery);
    }
    return recovery;
  }

  private byPrice(message: Values): void {
    const recovery = this.of(message.SecurityID);
    if (recovery.hasPrices) return;
    recovery.hasPrices = true;
    const { book } = recovery;
    book.rptSeq = message.RptSeq;
    for (const entry of message.NoMDEntries) {
      const { MDEntryType: type, MDPriceLevel: level } = entry;
      const told = { price: entry.MDEntryPx, size: entry.MDEntrySize, orders: entry.NumberOfOrders };
      if (type === 'Bid' || type === 'Offer') book.levels[type][level - 1] = told;
      if (type === 'ImpliedBid' || type === 'ImpliedOffer') book.implied[type] = told;
    }
  }

  private byOrder(message: Values): void {
    const recovery = this.of(message.SecurityID);
    if (recovery.hasOrders) return;
    if (message.CurrentChunk === 1) recovery.chunks = [];
    recovery.chunks.push(message);
    if (recovery.chunks.length !== message.NoChunks) return;
    const isOne = new Set(recovery.chunks.map(({ LastMsgSeqNumProcessed }) => LastMsgSeqNumProcessed)).size === 1;
    if (!isOne) this.problems.push(`${message.SecurityID}: chunks of different moments`);
    recovery.hasOrders = true;
    recovery.ordersAt = message.LastMsgSeqNumProcessed;
    for (const { NoMDEntries } of recovery.chunks) {
      for (const entry of NoMDEntries) {
        recovery.book.orders.set(entry.OrderID, {
          side: entry.MDEntryType,
          price: entry.MDEntryPx,
          qty: entry.MDDisplayQty,
          priority: entry.MDOrderPriority,
        });
      }
    }
  }

  private incremental(message: Values, sequence: number): void {
    if (message.templateId === 4) this.reset();
    const isBook = [32, 46, 64].includes(message.templateId);
    for (const entry of message.NoMDEntries ?? []) {
      const recovery = this.instruments.get(entry.SecurityID);
      if (entry.RptSeq === undefined || !recovery?.hasPrices || entry.RptSeq <= recovery.book.rptSeq) continue;
      if (entry.RptSeq !== recovery.book.rptSeq + 1) this.problems.push(`${entry.SecurityID}: RptSeq has a hole`);
      recovery.book.rptSeq = entry.RptSeq;
      if (!isBook) continue;
      const { orders } = recovery.book;
      const kept = entry.MDEntryType === 'BookReset' && !recovery.hasOrders ? new Map(orders) : null;
      applyEntry(recovery.book, entry, (text) => this.problems.push(text));
      for (const [id, order] of kept ?? []) orders.set(id, order);
    }
    for (const detail of message.templateId === 47 || message.templateId === 43 ? message.NoMDEntries : []) {
      const action = detail.MDUpdateAction;
      this.order(detail.SecurityID, detail, detail.MDEntryType, detail.MDEntryPx, action, sequence);
    }
    for (const detail of isBook ? (message.NoOrderIDEntries ?? []) : []) {
      const entry = message.NoMDEntries[detail.ReferenceID - 1];
      const { MDEntryType: side, MDEntryPx: price } = entry;
      this.order(entry.SecurityID, detail, side, price, detail.OrderUpdateAction, sequence);
    }
  }

  /** Numbers of instruments begin again, and their books are told anew. */
  private reset(): void {
    for (const { book } of this.instruments.values()) {
      book.rptSeq = 0;
      book.levels.Bid = [];
      book.levels.Offer = [];
      book.implied.ImpliedBid = null;
      book.implied.ImpliedOffer = null;
      book.orders.clear();
    }
  }

  private order(
    securityId: number,
    detail: Values,
    side: string,
    price: string,
    action: string,
    sequence: number,
  ): void {
    const recovery = this.instruments.get(securityId);
    if (!recovery?.hasOrders || sequence <= recovery.ordersAt) return;
    const { orders } = recovery.book;
    if (action === 'Delete') orders.delete(detail.OrderID);
    else orders.set(detail.OrderID, { side, price, qty: detail.MDDisplayQty, priority: detail.MDOrderPriority });
  }
}
