/** CME MDP 3.0 incremental refreshes of statistics, limits and volumes, and values of collateral. */
import type { SbeComposite } from '../../schema/sbe/schema.js';
import { message } from '../../schema/sbe/table.js';
import {
  mdEntryTypeDailyStatistics,
  mdEntryTypeStatistics,
  mdUpdateAction,
  openCloseSettlFlag,
  priceSource,
  securityAltIdSource,
} from './enums.js';
import { refreshRoot } from './incremental.js';
import { repeating, tag } from './tags.js';
import * as type from './types.js';

const dailyStatistics = <const Price extends SbeComposite>(price: Price) =>
  [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('MDEntryPx', price, 0),
      tag('MDEntrySize', type.int32Null, 8),
      tag('SecurityID', type.int32, 12),
      tag('RptSeq', type.uInt32, 16),
      tag('TradingReferenceDate', type.localMktDate, 20),
      tag('SettlPriceType', type.settlPriceType, 22),
      tag('MDUpdateAction', mdUpdateAction, 23),
      tag('MDEntryType', mdEntryTypeDailyStatistics, 24),
    ]),
  ] as const;

export const mdIncrementalRefreshDailyStatistics33 = message(
  33,
  'MDIncrementalRefreshDailyStatistics33',
  11,
  refreshRoot,
  { semanticType: 'X', sinceVersion: 2, untilVersion: 9, groups: dailyStatistics(type.priceNull) },
);

export const mdIncrementalRefreshDailyStatistics49 = message(
  49,
  'MDIncrementalRefreshDailyStatistics49',
  11,
  refreshRoot,
  { semanticType: 'X', sinceVersion: 9, groups: dailyStatistics(type.priceNull9) },
);

const limitsBanding = <const Price extends SbeComposite>(price: Price) =>
  [
    repeating('NoMDEntries', type.groupSize, 32, [
      tag('HighLimitPrice', price, 0),
      tag('LowLimitPrice', price, 8),
      tag('MaxPriceVariation', price, 16),
      tag('SecurityID', type.int32, 24),
      tag('RptSeq', type.uInt32, 28),
      tag('MDUpdateAction', type.mdUpdateActionNew),
      tag('MDEntryType', type.mdEntryTypeLimits),
    ]),
  ] as const;

export const mdIncrementalRefreshLimitsBanding34 = message(34, 'MDIncrementalRefreshLimitsBanding34', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 2,
  untilVersion: 9,
  groups: limitsBanding(type.priceNull),
});

export const mdIncrementalRefreshLimitsBanding50 = message(50, 'MDIncrementalRefreshLimitsBanding50', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 9,
  groups: limitsBanding(type.priceNull9),
});

const sessionStatistics = <const Price extends SbeComposite>(price: Price) =>
  [
    tag('MDEntryPx', price, 0),
    tag('SecurityID', type.int32, 8),
    tag('RptSeq', type.uInt32, 12),
    tag('OpenCloseSettlFlag', openCloseSettlFlag, 16),
    tag('MDUpdateAction', mdUpdateAction, 17),
    tag('MDEntryType', mdEntryTypeStatistics, 18),
  ] as const;

export const mdIncrementalRefreshSessionStatistics35 = message(
  35,
  'MDIncrementalRefreshSessionStatistics35',
  11,
  refreshRoot,
  {
    semanticType: 'X',
    sinceVersion: 2,
    untilVersion: 9,
    groups: [
      repeating('NoMDEntries', type.groupSize, 24, [
        ...sessionStatistics(type.price),
        tag('MDEntrySize', type.int32Null, 19, { sinceVersion: 8 }),
      ]),
    ],
  },
);

export const mdIncrementalRefreshSessionStatistics51 = message(
  51,
  'MDIncrementalRefreshSessionStatistics51',
  11,
  refreshRoot,
  {
    semanticType: 'X',
    sinceVersion: 9,
    groups: [
      repeating('NoMDEntries', type.groupSize, 24, [
        ...sessionStatistics(type.price9),
        tag('MDEntrySize', type.int32Null, 19),
      ]),
    ],
  },
);

export const mdIncrementalRefreshSessionStatisticsLongQty67 = message(
  67,
  'MDIncrementalRefreshSessionStatisticsLongQty67',
  11,
  refreshRoot,
  {
    semanticType: 'X',
    sinceVersion: 12,
    groups: [
      repeating('NoMDEntries', type.groupSize, 32, [
        tag('MDEntryPx', type.price9, 0),
        tag('MDEntrySize', type.uInt64Null, 8),
        tag('SecurityID', type.int32, 16),
        tag('RptSeq', type.uInt32, 20),
        tag('OpenCloseSettlFlag', openCloseSettlFlag, 24),
        tag('MDUpdateAction', mdUpdateAction, 25),
        tag('MDEntryType', mdEntryTypeStatistics, 26),
      ]),
    ],
  },
);

export const mdIncrementalRefreshVolume37 = message(37, 'MDIncrementalRefreshVolume37', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 2,
  groups: [
    repeating('NoMDEntries', type.groupSize, 16, [
      tag('MDEntrySize', type.int32, 0),
      tag('SecurityID', type.int32, 4),
      tag('RptSeq', type.uInt32, 8),
      tag('MDUpdateAction', mdUpdateAction, 12),
      tag('MDEntryType', type.mdEntryTypeVol),
    ]),
  ],
});

export const mdIncrementalRefreshVolumeLongQty66 = message(66, 'MDIncrementalRefreshVolumeLongQty66', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 12,
  groups: [
    repeating('NoMDEntries', type.groupSize, 24, [
      tag('MDEntrySize', type.uInt64, 0),
      tag('SecurityID', type.int32, 8),
      tag('RptSeq', type.uInt32, 12),
      tag('MDUpdateAction', mdUpdateAction, 16),
      tag('MDEntryType', type.mdEntryTypeVol),
    ]),
  ],
});

export const collateralMarketValue62 = message(62, 'CollateralMarketValue62', 11, refreshRoot, {
  semanticType: 'X',
  sinceVersion: 11,
  groups: [
    repeating('NoMDEntries', type.groupSize, 40, [
      tag('UnderlyingSecurityAltID', type.string12, 0),
      tag('UnderlyingSecurityAltIDSource', securityAltIdSource, 12),
      tag('CollateralMarketPrice', type.price9, 13),
      tag('DirtyPrice', type.price9, 21),
      tag('UnderlyingInstrumentGUID', type.uInt64, 29),
      tag('MDStreamID', priceSource, 37),
    ]),
  ],
});
