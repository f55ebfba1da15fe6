/**
 * CME MDP 3.0 snapshots: of books by price and statistics, of books by order in chunks, and of the TCP recovery.
 *
 * Each was numbered anew in version 9 with prices of nine decimals, and some in version 12 with quantities of 64 bits.
 */
import type { SbeComposite } from '../../schema/sbe/schema.js';
import { message } from '../../schema/sbe/table.js';
import { mdEntryType, mdEntryTypeBook, openCloseSettlFlag, securityTradingStatus } from './enums.js';
import { repeating, tag } from './tags.js';
import * as type from './types.js';

const rootTo12 = [
  tag('LastMsgSeqNumProcessed', type.uInt32, 0),
  tag('TotNumReports', type.uInt32, 4),
  tag('SecurityID', type.int32, 8),
] as const;

const rootFrom16 = <const Price extends SbeComposite>(price: Price) =>
  [
    tag('TransactTime', type.uInt64, 16),
    tag('LastUpdateTime', type.uInt64, 24),
    tag('TradeDate', type.localMktDate, 32),
    tag('MDSecurityTradingStatus', securityTradingStatus, 34),
    tag('HighLimitPrice', price, 35),
    tag('LowLimitPrice', price, 43),
    tag('MaxPriceVariation', price, 51),
  ] as const;

const entries = <const Price extends SbeComposite>(price: Price) =>
  repeating('NoMDEntries', type.groupSize, 22, [
    tag('MDEntryPx', price, 0),
    tag('MDEntrySize', type.int32Null, 8),
    tag('NumberOfOrders', type.int32Null, 12),
    tag('MDPriceLevel', type.int8Null, 16),
    tag('TradingReferenceDate', type.localMktDate, 17),
    tag('OpenCloseSettlFlag', openCloseSettlFlag, 19),
    tag('SettlPriceType', type.settlPriceType, 20),
    tag('MDEntryType', mdEntryType, 21),
  ]);

const entriesLongQty = repeating('NoMDEntries', type.groupSize, 23, [
  tag('MDEntryPx', type.priceNull9, 0),
  tag('MDEntrySize', type.uInt64Null, 8),
  tag('NumberOfOrders', type.int32Null, 16),
  tag('MDPriceLevel', type.uInt8Null, 20),
  tag('OpenCloseSettlFlag', openCloseSettlFlag, 21),
  tag('MDEntryType', mdEntryType, 22),
]);

export const snapshotFullRefresh38 = message(
  38,
  'SnapshotFullRefresh38',
  59,
  [...rootTo12, tag('RptSeq', type.uInt32, 12, { semanticType: 'SeqNum' }), ...rootFrom16(type.priceNull)],
  { semanticType: 'W', sinceVersion: 2, untilVersion: 9, groups: [entries(type.priceNull)] },
);

export const snapshotFullRefresh52 = message(
  52,
  'SnapshotFullRefresh52',
  59,
  [...rootTo12, tag('RptSeq', type.uInt32, 12), ...rootFrom16(type.priceNull9)],
  { semanticType: 'W', sinceVersion: 9, groups: [entries(type.priceNull9)] },
);

export const snapshotFullRefreshLongQty69 = message(
  69,
  'SnapshotFullRefreshLongQty69',
  59,
  [...rootTo12, tag('RptSeq', type.uInt32, 12), ...rootFrom16(type.priceNull9)],
  { semanticType: 'W', sinceVersion: 12, groups: [entriesLongQty] },
);

const chunks = [
  tag('NoChunks', type.uInt32, 12),
  tag('CurrentChunk', type.uInt32, 16),
  tag('TransactTime', type.uInt64, 20),
] as const;

const orders = <const Price extends SbeComposite>(price: Price) =>
  repeating('NoMDEntries', type.groupSize, 29, [
    tag('OrderID', type.uInt64, 0),
    tag('MDOrderPriority', type.uInt64Null, 8),
    tag('MDEntryPx', price, 16),
    tag('MDDisplayQty', type.int32, 24),
    tag('MDEntryType', mdEntryTypeBook, 28),
  ]);

export const snapshotFullRefreshOrderBook44 = message(
  44,
  'SnapshotFullRefreshOrderBook44',
  28,
  [
    tag('LastMsgSeqNumProcessed', type.uInt32, 0),
    tag('TotNumReports', type.uInt32, 4),
    tag('SecurityID', type.int32, 8, { semanticType: 'String' }),
    ...chunks,
  ],
  { semanticType: 'W', sinceVersion: 7, untilVersion: 9, groups: [orders(type.price)] },
);

export const snapshotFullRefreshOrderBook53 = message(
  53,
  'SnapshotFullRefreshOrderBook53',
  28,
  [...rootTo12, ...chunks],
  { semanticType: 'W', sinceVersion: 9, groups: [orders(type.price9)] },
);

const eventOfSecurity = [
  tag('TransactTime', type.uInt64, 0),
  tag('MatchEventIndicator', type.matchEventIndicator, 8),
  tag('SecurityID', type.int32, 9),
] as const;

export const snapshotRefreshTopOrders59 = message(59, 'SnapshotRefreshTopOrders59', 13, eventOfSecurity, {
  semanticType: 'W',
  sinceVersion: 10,
  groups: [
    repeating('NoMDEntries', type.groupSize, 29, [
      tag('OrderID', type.uInt64, 0),
      tag('MDOrderPriority', type.uInt64, 8),
      tag('MDEntryPx', type.price9, 16),
      tag('MDDisplayQty', type.int32, 24),
      tag('MDEntryType', mdEntryTypeBook, 28),
    ]),
  ],
});

const limits = [
  tag('HighLimitPrice', type.priceNull9, 13),
  tag('LowLimitPrice', type.priceNull9, 21),
  tag('MaxPriceVariation', type.priceNull9, 29),
] as const;

export const snapshotFullRefreshTcp61 = message(61, 'SnapshotFullRefreshTCP61', 37, [...eventOfSecurity, ...limits], {
  semanticType: 'W',
  sinceVersion: 10,
  groups: [
    repeating('NoMDEntries', type.groupSize, 26, [
      tag('MDEntryPx', type.priceNull9, 0),
      tag('MDEntrySize', type.int32Null, 8),
      tag('TradeableSize', type.int32Null, 12),
      tag('NumberOfOrders', type.int32Null, 16),
      tag('MDPriceLevel', type.int8Null, 20),
      tag('OpenCloseSettlFlag', openCloseSettlFlag, 21),
      tag('MDEntryType', mdEntryType, 22),
      tag('TradingReferenceDate', type.localMktDate, 23),
      tag('SettlPriceType', type.settlPriceType, 25),
    ]),
  ],
});

export const snapshotFullRefreshTcpLongQty68 = message(
  68,
  'SnapshotFullRefreshTCPLongQty68',
  37,
  [...eventOfSecurity, ...limits],
  { semanticType: 'W', sinceVersion: 12, groups: [entriesLongQty] },
);
