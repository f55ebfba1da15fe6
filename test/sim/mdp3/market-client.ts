/**
 * What a suspicious client of a channel would check: books by price and by order, built naively from decoded messages
 * as the exchange prescribes, held against each other and against the rules of the market. It shares nothing with the
 * generator but the message table.
 */
import { mdp3 } from '../../../src/protocol/mdp3/index.js';

/** A decoded message or entry, with enums by name, 64-bit integers as numbers. */
// biome-ignore lint/suspicious/noExplicitAny: fields of any message are read by name.
export type Values = Record<string, any>;

export interface Level {
  readonly price: string;
  readonly size: number;
  readonly orders: number | null;
}

export interface Order {
  readonly side: string;
  readonly price: string;
  readonly qty: number;
  readonly priority: number;
}

/** One instrument as a client has it. */
export interface ClientBook {
  readonly levels: Record<string, Level[]>;
  readonly orders: Map<number, Order>;
  readonly implied: Record<string, Level | null>;
  rptSeq: number;
  volume: number;
}

/** The messages of one packet and its number. */
export interface DecodedPacket {
  readonly feed: number;
  readonly sequence: number;
  readonly messages: readonly Values[];
}

const sides = ['Bid', 'Offer'];
const bookTemplates = [32, 46, 64];
const orderTemplates = [43, 47];
const tradeTemplates = [42, 48, 65];
/** Trades without orders. */
const oldTradeTemplate = 36;
const volumeTemplates = [37, 66];
const statisticsTemplates = [35, 51, 67];

/** Reads a packet's messages as plain objects; throws where one does not fit. */
export function decodePacket(view: DataView, offset: number, length: number, feed: number): DecodedPacket {
  const messages: Values[] = [];
  const end = offset + length;
  let at = offset + 12;
  while (at < end) {
    const size = view.getUint16(at, true);
    const values = mdp3.toObject(view, at + 2, size - 2, { enums: 'name', int64: 'number' });
    if (values === null || at + size > end) throw new Error(`no message at ${at} of packet of feed ${feed}`);
    if (mdp3.extentOf(view, at + 2, size - 2) !== size - 2)
      throw new Error(`${values.name}: MsgSize is not its extent`);
    messages.push(values);
    at += size;
  }
  return { feed, sequence: view.getUint32(offset, true), messages };
}

export class MarketClient {
  readonly problems: string[] = [];
  readonly books = new Map<number, ClientBook>();
  readonly counts: Record<string, number> = {};
  readonly symbols = new Map<number, string>();
  sequence = 0;
  trades = 0;
  quantity = 0;
  private eventTime = '';
  private eventMarks = 0;
  private readonly touched = new Set<number>();
  private hasOrders = true;

  book(securityId: number): ClientBook {
    let book = this.books.get(securityId);
    if (book === undefined) {
      book = emptyBook();
      this.books.set(securityId, book);
    }
    return book;
  }

  /** One packet of the incremental feed. */
  incremental(packet: DecodedPacket): void {
    this.expect(packet.sequence === this.sequence + 1, `packet ${packet.sequence} behind ${this.sequence}`);
    this.sequence = packet.sequence;
    for (const message of packet.messages) this.message(message);
  }

  private message(message: Values): void {
    this.counts[message.name] = (this.counts[message.name] ?? 0) + 1;
    const { templateId } = message;
    if (templateId === 12) return;
    this.event(message);
    if (templateId === 4) this.reset();
    if (message.Symbol !== undefined) this.symbols.set(message.SecurityID, message.Symbol);
    for (const entry of message.NoMDEntries ?? []) if (entry.RptSeq !== undefined) this.count(entry);
    if (bookTemplates.includes(templateId)) this.byPrice(message);
    if (orderTemplates.includes(templateId)) this.byOrder(message);
    if (tradeTemplates.includes(templateId)) this.trade(message);
    if (templateId === oldTradeTemplate) for (const entry of message.NoMDEntries) this.countTrade(entry);
    if (volumeTemplates.includes(templateId)) this.volume(message);
    if (message.MatchEventIndicator.names.includes('EndOfEvent')) this.endEvent();
  }

  /** All messages of an event have one time; the marks come in the exchange's order. */
  private event(message: Values): void {
    const marks = message.MatchEventIndicator.raw & 0x1f;
    const time = String(message.TransactTime ?? this.eventTime);
    if (this.eventTime !== '') this.expect(time === this.eventTime, `${message.name}: time within an event`);
    this.eventTime = time;
    this.expect((marks & this.eventMarks) === 0, `${message.name}: mark ${marks} comes twice`);
    this.expect(marks === 0 || marks > this.eventMarks, `${message.name}: mark ${marks} behind ${this.eventMarks}`);
    this.eventMarks |= marks;
    const kind = [tradeTemplates, volumeTemplates, bookTemplates, statisticsTemplates].findIndex((ids) =>
      ids.includes(message.templateId),
    );
    const isImplied = kind === 2 && message.NoMDEntries.some((entry: Values) => /Implied/.test(entry.MDEntryType));
    // Nothing of a kind comes behind the last of it.
    const own = isImplied ? 0x10 : ([0x01, 0x02, 0x04, 0x08][kind] ?? 0);
    if (own > 0) this.expect(this.eventMarks < 2 * own, `${message.name}: behind the last of its event`);
  }

  private endEvent(): void {
    for (const securityId of this.touched) this.check(securityId);
    this.touched.clear();
    this.eventTime = '';
    this.eventMarks = 0;
  }

  private reset(): void {
    for (const [securityId, book] of this.books) {
      const { volume } = book;
      this.books.set(securityId, { ...emptyBook(), volume });
    }
  }

  private count(entry: Values): void {
    const book = this.book(entry.SecurityID);
    this.expect(entry.RptSeq === book.rptSeq + 1, `${entry.SecurityID}: RptSeq ${entry.RptSeq} behind ${book.rptSeq}`);
    book.rptSeq = entry.RptSeq;
  }

  private byPrice(message: Values): void {
    for (const entry of message.NoMDEntries) {
      this.touched.add(entry.SecurityID);
      applyEntry(this.book(entry.SecurityID), entry, (text) => this.problems.push(text));
    }
    this.hasOrders = Array.isArray(message.NoOrderIDEntries);
    for (const detail of message.NoOrderIDEntries ?? []) {
      const entry = message.NoMDEntries[detail.ReferenceID - 1];
      this.order(entry.SecurityID, detail, entry.MDEntryType, entry.MDEntryPx, detail.OrderUpdateAction);
    }
  }

  private byOrder(message: Values): void {
    for (const entry of message.NoMDEntries) {
      this.touched.add(entry.SecurityID);
      const action = entry.MDUpdateAction === 'Change' ? 'Update' : entry.MDUpdateAction;
      this.order(entry.SecurityID, entry, entry.MDEntryType, entry.MDEntryPx, action);
    }
  }

  private order(securityId: number, detail: Values, side: string, price: string, action: string): void {
    const { orders } = this.book(securityId);
    const id = detail.OrderID;
    this.expect(orders.has(id) === (action !== 'New'), `${securityId}: ${action} of order ${id}`);
    if (action === 'Delete') orders.delete(id);
    else orders.set(id, { side, price, qty: detail.MDDisplayQty, priority: detail.MDOrderPriority });
  }

  private trade(message: Values): void {
    let fill = 0;
    for (const entry of message.NoMDEntries) {
      const fills = message.NoOrderIDEntries.slice(fill, fill + entry.NumberOfOrders);
      fill += entry.NumberOfOrders;
      const [incoming, ...resting] = fills;
      const filled = resting.reduce((sum: number, { LastQty }: Values) => sum + LastQty, 0);
      this.expect(filled === entry.MDEntrySize && incoming.LastQty === filled, `trade of ${entry.MDEntrySize}`);
      for (const { OrderID, LastQty } of resting) {
        const order = this.book(entry.SecurityID).orders.get(OrderID);
        if (order === undefined) continue;
        this.expect(order.price === entry.MDEntryPx && order.qty >= LastQty, `order ${OrderID} filled at its price`);
        const wanted = entry.AggressorSide === 'Sell' ? 'Bid' : 'Offer';
        this.expect(order.side === wanted, `order ${OrderID} is on the other side of the aggressor`);
      }
      this.countTrade(entry);
    }
    this.expect(fill === message.NoOrderIDEntries.length, 'orders of no trade');
  }

  private countTrade({ SecurityID, MDEntrySize }: Values): void {
    this.trades++;
    this.quantity += MDEntrySize;
    this.book(SecurityID).volume += MDEntrySize;
  }

  private volume(message: Values): void {
    for (const { SecurityID, MDEntrySize } of message.NoMDEntries) {
      const { volume } = this.book(SecurityID);
      this.expect(MDEntrySize === volume, `${SecurityID}: volume ${MDEntrySize}, of trades ${volume}`);
    }
  }

  /** The book is in order, uncrossed, and the same by price and by order. */
  private check(securityId: number): void {
    const book = this.book(securityId);
    const [bids, offers] = sides.map((side) => book.levels[side]);
    for (const [levels, sign] of [[bids, -1] as const, [offers, 1] as const]) {
      for (let index = 1; index < levels.length; index++) {
        const isSorted = sign * (Number(levels[index].price) - Number(levels[index - 1].price)) > 0;
        this.expect(isSorted, `${securityId}: levels in order`);
      }
    }
    const prices = [bids[0], book.implied.ImpliedBid].map((level) => Number(level?.price ?? Number.NEGATIVE_INFINITY));
    const asked = [offers[0], book.implied.ImpliedOffer].map((level) => Number(level?.price ?? Infinity));
    this.expect(Math.max(...prices) < Math.min(...asked), `${securityId}: crossed, ${prices} ${asked}`);
    if (!this.hasOrders) return;
    for (const side of sides) {
      const expected = JSON.stringify(levelsOf(book.orders, side).slice(0, 10));
      const told = JSON.stringify(book.levels[side]);
      this.expect(expected === told, `${securityId}: ${side} of orders ${expected}, told ${told}`);
    }
  }

  private expect(isRight: boolean, text: string): void {
    if (!isRight && this.problems.length < 20) this.problems.push(`packet ${this.sequence}: ${text}`);
  }
}

export function emptyBook(): ClientBook {
  return {
    levels: { Bid: [], Offer: [] },
    orders: new Map(),
    implied: { ImpliedBid: null, ImpliedOffer: null },
    rptSeq: 0,
    volume: 0,
  };
}

/** Applies an entry of a book by price as a client of the exchange does. */
export function applyEntry(book: ClientBook, entry: Values, problem: (text: string) => void): void {
  const { MDEntryType: type, MDUpdateAction: action, MDPriceLevel: level } = entry;
  const told = { price: entry.MDEntryPx, size: entry.MDEntrySize, orders: entry.NumberOfOrders };
  if (type === 'BookReset') {
    book.levels.Bid = [];
    book.levels.Offer = [];
    book.orders.clear();
    return;
  }
  if (type.startsWith('Implied')) {
    if (action !== 'New' && book.implied[type] === null) problem(`${action} of no ${type}`);
    book.implied[type] = action === 'Delete' ? null : told;
    return;
  }
  const levels = book.levels[type];
  const index = level - 1;
  const most = action === 'New' ? levels.length : levels.length - 1;
  if (index < 0 || index > most || level > 10) problem(`${action} at level ${level} of ${levels.length}`);
  if ((action === 'Change' || action === 'Delete') && levels[index]?.price !== told.price) {
    problem(`${action} of ${told.price} at level ${level}, where ${levels[index]?.price} is`);
  }
  if (action === 'New') levels.splice(index, 0, told);
  else if (action === 'Change' || action === 'Overlay') levels[index] = told;
  else if (action === 'Delete') levels.splice(index, 1);
  else if (action === 'DeleteThru') levels.splice(0, level);
  else if (action === 'DeleteFrom') levels.splice(index);
  levels.length = Math.min(levels.length, 10);
}

/** Price levels that orders make, the best first. */
export function levelsOf(orders: ReadonlyMap<number, Order>, side: string): Level[] {
  const byPrice = new Map<string, { price: string; size: number; orders: number }>();
  for (const order of orders.values()) {
    if (order.side !== side) continue;
    const level = byPrice.get(order.price) ?? { price: order.price, size: 0, orders: 0 };
    level.size += order.qty;
    level.orders++;
    byPrice.set(order.price, level);
  }
  const sign = side === 'Bid' ? -1 : 1;
  return [...byPrice.values()].sort((a, b) => sign * (Number(a.price) - Number(b.price)));
}

/** Orders of a side in priority, as the truth tells them. */
export function ordersOf(orders: ReadonlyMap<number, Order>, side: string): [number, string, number][] {
  const sign = side === 'Bid' ? -1 : 1;
  return [...orders]
    .filter(([, order]) => order.side === side)
    .sort(([, a], [, b]) => sign * (Number(a.price) - Number(b.price)) || a.priority - b.priority)
    .map(([id, { price, qty }]) => [id, price, qty]);
}

/** A book as plain data: the ten best levels of either side, all orders, what is implied. */
export function plainBook(book: ClientBook, hasOrders: boolean) {
  const implied = (side: string) => {
    const level = book.implied[side];
    return level === null ? null : [level.price, level.size];
  };
  return {
    rptSeq: book.rptSeq,
    bids: book.levels.Bid.map(({ price, size, orders }) => [price, size, orders]),
    offers: book.levels.Offer.map(({ price, size, orders }) => [price, size, orders]),
    impliedBid: implied('ImpliedBid'),
    impliedOffer: implied('ImpliedOffer'),
    bidOrders: hasOrders ? ordersOf(book.orders, 'Bid') : [],
    offerOrders: hasOrders ? ordersOf(book.orders, 'Offer') : [],
  };
}
