/**
 * The templates that an instrument is told in. Version 9 has two generations side by side (prices with 7 decimals in
 * 32 to 44, with 9 in 46 to 56), versions 12 and later a third for quantities of 64 bits; which instruments have which
 * is the exchange's choice per product.
 */
import type { Block, GroupLayout, Layouts, MessageLayout } from './layout.js';

/** 32, 42 and 47 may hold 255 entries of either group. */
export const maxEntriesOfGroup = 255;

/** Book updates by price, with the orders behind them: 32, 46, 64. */
export class BookLayout {
  readonly entries: GroupLayout;
  /** Null in versions without order detail. */
  readonly orders: GroupLayout | null;
  readonly px: number;
  readonly size: number;
  readonly securityId: number;
  readonly rptSeq: number;
  readonly numberOfOrders: number;
  readonly level: number;
  readonly action: number;
  readonly type: number;
  readonly tradeable: number;
  readonly orderId: number;
  readonly priority: number;
  readonly qty: number;
  readonly reference: number;
  readonly orderAction: number;

  constructor(readonly message: MessageLayout) {
    this.entries = message.group('NoMDEntries');
    this.orders = message.has('NoOrderIDEntries') ? message.group('NoOrderIDEntries') : null;
    const { entry } = this.entries;
    this.px = entry.at('MDEntryPx');
    this.size = entry.at('MDEntrySize');
    this.securityId = entry.at('SecurityID');
    this.rptSeq = entry.at('RptSeq');
    this.numberOfOrders = entry.at('NumberOfOrders');
    this.level = entry.at('MDPriceLevel');
    this.action = entry.at('MDUpdateAction');
    this.type = entry.at('MDEntryType');
    this.tradeable = entry.find('TradeableSize');
    const order = this.orders?.entry;
    this.orderId = order?.at('OrderID') ?? 0;
    this.priority = order?.at('MDOrderPriority') ?? 0;
    this.qty = order?.at('MDDisplayQty') ?? 0;
    this.reference = order?.at('ReferenceID') ?? 0;
    this.orderAction = order?.at('OrderUpdateAction') ?? 0;
  }
}

/** Orders alone: 43, 47, their snapshots 44, 53, and the top orders of 59. */
export class OrderBookLayout {
  readonly entries: GroupLayout;
  readonly orderId: number;
  readonly priority: number;
  readonly px: number;
  readonly qty: number;
  readonly type: number;
  /** `absent` in snapshots. */
  readonly securityId: number;
  readonly action: number;

  constructor(readonly message: MessageLayout) {
    this.entries = message.group('NoMDEntries');
    const { entry } = this.entries;
    this.orderId = entry.at('OrderID');
    this.priority = entry.at('MDOrderPriority');
    this.px = entry.at('MDEntryPx');
    this.qty = entry.at('MDDisplayQty');
    this.type = entry.at('MDEntryType');
    this.securityId = entry.find('SecurityID');
    this.action = entry.find('MDUpdateAction');
  }
}

/** Trades: 42, 48, 65. */
export class TradeLayout {
  readonly entries: GroupLayout;
  readonly orders: GroupLayout;
  readonly px: number;
  readonly size: number;
  readonly securityId: number;
  readonly rptSeq: number;
  readonly numberOfOrders: number;
  readonly aggressor: number;
  readonly tradeId: number;
  readonly orderId: number;
  readonly lastQty: number;

  constructor(readonly message: MessageLayout) {
    this.entries = message.group('NoMDEntries');
    this.orders = message.group('NoOrderIDEntries');
    const { entry } = this.entries;
    this.px = entry.at('MDEntryPx');
    this.size = entry.at('MDEntrySize');
    this.securityId = entry.at('SecurityID');
    this.rptSeq = entry.at('RptSeq');
    this.numberOfOrders = entry.at('NumberOfOrders');
    this.aggressor = entry.at('AggressorSide');
    this.tradeId = entry.find('MDTradeEntryID');
    this.orderId = this.orders.entry.at('OrderID');
    this.lastQty = this.orders.entry.at('LastQty');
  }
}

/** One entry a figure of an instrument: volumes, statistics of the session and the day, limits. */
export class FigureLayout {
  readonly entries: GroupLayout;
  readonly entry: Block;
  readonly px: number;
  readonly size: number;
  readonly securityId: number;
  readonly rptSeq: number;
  readonly action: number;
  readonly type: number;
  readonly openCloseSettlFlag: number;
  readonly settlPriceType: number;
  readonly referenceDate: number;
  readonly highLimit: number;
  readonly lowLimit: number;
  readonly maxVariation: number;

  constructor(readonly message: MessageLayout) {
    this.entries = message.group('NoMDEntries');
    const { entry } = this.entries;
    this.entry = entry;
    this.px = entry.find('MDEntryPx');
    this.size = entry.find('MDEntrySize');
    this.securityId = entry.at('SecurityID');
    this.rptSeq = entry.at('RptSeq');
    this.action = entry.find('MDUpdateAction');
    this.type = entry.find('MDEntryType');
    this.openCloseSettlFlag = entry.find('OpenCloseSettlFlag');
    this.settlPriceType = entry.find('SettlPriceType');
    this.referenceDate = entry.find('TradingReferenceDate');
    this.highLimit = entry.find('HighLimitPrice');
    this.lowLimit = entry.find('LowLimitPrice');
    this.maxVariation = entry.find('MaxPriceVariation');
  }
}

/** Books by price in snapshots: 38, 52, 69. */
export class SnapshotLayout {
  readonly entries: GroupLayout;
  readonly px: number;
  readonly size: number;
  readonly numberOfOrders: number;
  readonly level: number;
  readonly type: number;
  readonly openCloseSettlFlag: number;
  readonly settlPriceType: number;
  readonly referenceDate: number;

  constructor(readonly message: MessageLayout) {
    this.entries = message.group('NoMDEntries');
    const { entry } = this.entries;
    this.px = entry.at('MDEntryPx');
    this.size = entry.at('MDEntrySize');
    this.numberOfOrders = entry.at('NumberOfOrders');
    this.level = entry.at('MDPriceLevel');
    this.type = entry.at('MDEntryType');
    this.openCloseSettlFlag = entry.find('OpenCloseSettlFlag');
    this.settlPriceType = entry.find('SettlPriceType');
    this.referenceDate = entry.find('TradingReferenceDate');
  }
}

/** The templates of one generation, and how its prices and sizes are written. */
export interface Family {
  /** Decimals of prices. */
  readonly decimals: number;
  /** Sizes have 64 bits. */
  readonly isLong: boolean;
  readonly book: BookLayout;
  /** Null in versions that tell no orders. */
  readonly orderBook: OrderBookLayout | null;
  readonly trade: TradeLayout;
  readonly volume: FigureLayout;
  readonly sessionStatistics: FigureLayout;
  readonly dailyStatistics: FigureLayout;
  readonly limits: FigureLayout;
  readonly snapshot: SnapshotLayout;
  readonly orderSnapshot: OrderBookLayout | null;
}

/** What a version has; where two are null the others are the only ones. */
export interface Families {
  readonly decimals7: Family | null;
  readonly decimals9: Family | null;
  readonly long: Family | null;
}

/** The generations that a version of the schema defines. */
export function familiesOf(layouts: Layouts): Families {
  const has = (id: number) => layouts.find(id) !== undefined;
  const { version } = layouts.schema;
  const families = {
    decimals7: has(32) ? family(layouts, [32, 43, 42, 37, 35, 33, 34, 38, 44], 7, false) : null,
    decimals9: has(46) ? family(layouts, [46, 47, 48, 37, 51, 49, 50, 52, 53], 9, false) : null,
    long: has(64) ? family(layouts, [64, 47, 65, 66, 67, 49, 50, 69, 53], 9, true) : null,
  };
  if (families.decimals7 === null && families.decimals9 === null) {
    throw new RangeError(`version ${version} has no book messages`);
  }
  return families;
}

/** Template ids in the order of the members of `Family`. */
function family(layouts: Layouts, ids: readonly number[], decimals: number, isLong: boolean): Family {
  const [book, orderBook, trade, volume, sessionStatistics, dailyStatistics, limits, snapshot, orderSnapshot] = ids;
  const figures = (id: number) => new FigureLayout(layouts.get(id));
  const orders = (id: number) => {
    const layout = layouts.find(id);
    return layout === undefined ? null : new OrderBookLayout(layout);
  };
  return {
    decimals,
    isLong,
    book: new BookLayout(layouts.get(book)),
    orderBook: orders(orderBook),
    trade: new TradeLayout(layouts.get(trade)),
    volume: figures(volume),
    sessionStatistics: figures(sessionStatistics),
    dailyStatistics: figures(dailyStatistics),
    limits: figures(limits),
    snapshot: new SnapshotLayout(layouts.get(snapshot)),
    orderSnapshot: orders(orderSnapshot),
  };
}
