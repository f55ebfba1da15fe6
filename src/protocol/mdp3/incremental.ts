/**
 * CME MDP 3.0 incremental refreshes of books, orders and trades.
 *
 * Each was numbered anew in version 9 with prices of nine decimals, and in version 12 with quantities of 64 bits.
 */
import type { SbeComposite } from '../../schema/sbe/schema.js';
import { message } from '../../schema/sbe/table.js';
import { aggressorSide, mdEntryTypeBook, mdUpdateAction, orderUpdateAction } from './enums.js';
import { repeating, tag } from './tags.js';
import * as type from './types.js';

/** The root of every incremental refresh. */
export const refreshRoot = [
  tag('TransactTime', type.uInt64, 0),
  tag('MatchEventIndicator', type.matchEventIndicator, 8),
] as const;

/** Orders behind the price levels of the same message; `ReferenceID` is the number of the level's entry, from 1. */
const ordersOfBook = [
  tag('OrderID', type.uInt64, 0),
  tag('MDOrderPriority', type.uInt64Null, 8),
  tag('MDDisplayQty', type.int32Null, 16),
  tag('ReferenceID', type.uInt8Null, 20),
  tag('OrderUpdateAction', orderUpdateAction, 21),
] as const;

const levelOfBook = <const Price extends SbeComposite>(price: Price) =>
  [
    tag('MDEntryPx', price, 0),
    tag('MDEntrySize', type.int32Null, 8),
    tag('SecurityID', type.int32, 12),
    tag('RptSeq', type.uInt32, 16),
    tag('NumberOfOrders', type.int32Null, 20),
    tag('MDPriceLevel', type.uInt8, 24),
    tag('MDUpdateAction', mdUpdateAction, 25),
    tag('MDEntryType', mdEntryTypeBook, 26),
  ] as const;

export const mdIncrementalRefreshBook32 = message(32, 'MDIncrementalRefreshBook32', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 2,
  untilVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, levelOfBook(type.priceNull)),
    repeating(
      'NoOrderIDEntries',
      type.groupSize8Byte,
      24,
      [
        tag('OrderID', type.uInt64, 0),
        tag('MDOrderPriority', type.uInt64Null, 8),
        tag('MDDisplayQty', type.int32Null, 16, { semanticType: 'int' }),
        tag('ReferenceID', type.uInt8Null, 20),
        tag('OrderUpdateAction', orderUpdateAction, 21),
      ],
      { sinceVersion: 7 },
    ),
  ],
});

export const mdIncrementalRefreshBook46 = message(46, 'MDIncrementalRefreshBook46', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, [
      ...levelOfBook(type.priceNull9),
      tag('TradeableSize', type.int32Null, 27, { sinceVersion: 10 }),
    ]),
    repeating('NoOrderIDEntries', type.groupSize8Byte, 24, ordersOfBook),
  ],
});

export const mdIncrementalRefreshBookLongQty64 = message(64, 'MDIncrementalRefreshBookLongQty64', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 12,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('MDEntryPx', type.priceNull9, 0),
      tag('MDEntrySize', type.uInt64Null, 8),
      tag('SecurityID', type.int32, 16),
      tag('RptSeq', type.uInt32, 20),
      tag('NumberOfOrders', type.int32Null, 24),
      tag('MDPriceLevel', type.uInt8, 28),
      tag('MDUpdateAction', mdUpdateAction, 29),
      tag('MDEntryType', mdEntryTypeBook, 30),
    ]),
    repeating('NoOrderIDEntries', type.groupSize8Byte, 24, ordersOfBook),
  ],
});

/** Market by order, orders only. */
export const mdIncrementalRefreshOrderBook43 = message(43, 'MDIncrementalRefreshOrderBook43', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 7,
  untilVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 40, [
      tag('OrderID', type.uInt64Null, 0, { semanticType: 'String' }),
      tag('MDOrderPriority', type.uInt64Null, 8),
      tag('MDEntryPx', type.priceNull, 16),
      tag('MDDisplayQty', type.int32Null, 24),
      tag('SecurityID', type.int32, 28),
      tag('MDUpdateAction', mdUpdateAction, 32),
      tag('MDEntryType', mdEntryTypeBook, 33),
    ]),
  ],
});

export const mdIncrementalRefreshOrderBook47 = message(47, 'MDIncrementalRefreshOrderBook47', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 40, [
      tag('OrderID', type.uInt64Null, 0),
      tag('MDOrderPriority', type.uInt64Null, 8),
      tag('MDEntryPx', type.priceNull9, 16),
      tag('MDDisplayQty', type.int32Null, 24),
      tag('SecurityID', type.int32, 28),
      tag('MDUpdateAction', mdUpdateAction, 32),
      tag('MDEntryType', mdEntryTypeBook, 33),
    ]),
  ],
});

/** The orders of the trades in the same message, trade by trade. */
const ordersOfTrades = repeating('NoOrderIDEntries', type.groupSize8Byte, 16, [
  tag('OrderID', type.uInt64, 0),
  tag('LastQty', type.int32, 8),
]);

export const mdIncrementalRefreshTrade36 = message(36, 'MDIncrementalRefreshTrade36', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 2,
  untilVersion: 8,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('MDEntryPx', type.price, 0),
      tag('MDEntrySize', type.int32, 8),
      tag('SecurityID', type.int32, 12),
      tag('RptSeq', type.uInt32, 16),
      tag('NumberOfOrders', type.int32Null, 20),
      tag('TradeID', type.int32, 24),
      tag('AggressorSide', aggressorSide, 28),
      tag('MDUpdateAction', mdUpdateAction, 29),
      tag('MDEntryType', type.mdEntryTypeTrade),
    ]),
  ],
});

export const mdIncrementalRefreshTradeSummary42 = message(42, 'MDIncrementalRefreshTradeSummary42', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 5,
  untilVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('MDEntryPx', type.price, 0),
      tag('MDEntrySize', type.int32, 8),
      tag('SecurityID', type.int32, 12),
      tag('RptSeq', type.uInt32, 16),
      tag('NumberOfOrders', type.int32Null, 20),
      tag('AggressorSide', aggressorSide, 24),
      tag('MDUpdateAction', mdUpdateAction, 25),
      tag('MDEntryType', type.mdEntryTypeTrade),
      tag('MDTradeEntryID', type.uInt32Null, 26, { sinceVersion: 7 }),
    ]),
    ordersOfTrades,
  ],
});

export const mdIncrementalRefreshTradeSummary48 = message(48, 'MDIncrementalRefreshTradeSummary48', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 9,
  groups: [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('MDEntryPx', type.price9, 0),
      tag('MDEntrySize', type.int32, 8),
      tag('SecurityID', type.int32, 12),
      tag('RptSeq', type.uInt32, 16),
      tag('NumberOfOrders', type.int32, 20),
      tag('AggressorSide', aggressorSide, 24),
      tag('MDUpdateAction', mdUpdateAction, 25),
      tag('MDEntryType', type.mdEntryTypeTrade),
      tag('MDTradeEntryID', type.uInt32Null, 26),
    ]),
    ordersOfTrades,
  ],
});

export const mdIncrementalRefreshTradeSummaryLongQty65 = message(
  65,
  'MDIncrementalRefreshTradeSummaryLongQty65',
  11,
  refreshRoot,
  {
    semanticType: 'X',
    sinceVersion: 12,
    groups: [
      repeating('NoMDEntries', type.groupSize, 40, [
        tag('MDEntryPx', type.price9, 0),
        tag('MDEntrySize', type.uInt64, 8),
        tag('SecurityID', type.int32, 16),
        tag('RptSeq', type.uInt32, 20),
        tag('NumberOfOrders', type.int32, 24),
        tag('MDTradeEntryID', type.uInt32, 28),
        tag('AggressorSide', aggressorSide, 32),
        tag('MDUpdateAction', mdUpdateAction, 33),
        tag('MDEntryType', type.mdEntryTypeTrade),
      ]),
      ordersOfTrades,
    ],
  },
);
