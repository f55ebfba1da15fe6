/**
 * The 23 messages of NASDAQ TotalView-ITCH 5.0, specification of 19 February 2026, sections 1.1 to 1.8, in its order.
 * The layouts are the same in the NASDAQ (2023), BX (2022) and PSX (2026) editions; BX lacks K and O, PSX K, N and O.
 */
import { alpha, char, u16, u32, u48, u64 } from '../../schema/field.js';
import { message } from '../../schema/table.js';
import {
  financialStatuses,
  issueClassifications,
  issueSubTypes,
  marketCategories,
  priceVariations,
  tradingActionReasons,
} from './codes.js';

const price4 = { decimals: 4 };
const price8 = { decimals: 8 };
const yesNo = { Y: 'yes', N: 'no' };
const yesNoUnknown = { ...yesNo, ' ': 'not available' };
const buySell = { B: 'buy', S: 'sell' };
const crossTypes = { O: 'opening cross', C: 'closing cross', H: 'cross for IPO and halted or paused securities' };

/** Stock locate, tracking number and time stamp, which every message begins with. */
const header = [
  u16('stockLocate', 1, { note: 'locate code of the security for the day; 0 where the message concerns no stock' }),
  u16('trackingNumber', 3, { note: 'NASDAQ internal' }),
  u48('timestamp', 5, { unit: 'ns since midnight' }),
] as const;

export const systemEvent = message(
  'S',
  'SystemEvent',
  12,
  [
    ...header,
    char('eventCode', 11, {
      O: 'start of messages',
      S: 'start of system hours',
      Q: 'start of market hours',
      M: 'end of market hours',
      E: 'end of system hours',
      C: 'end of messages',
    }),
  ],
  { section: '1.1', summary: 'a market or feed event' },
);

export const stockDirectory = message(
  'R',
  'StockDirectory',
  39,
  [
    ...header,
    alpha('stock', 11, 8),
    char('marketCategory', 19, marketCategories),
    char('financialStatusIndicator', 20, financialStatuses),
    u32('roundLotSize', 21, { unit: 'shares' }),
    char('roundLotsOnly', 25, { Y: 'only round lots are accepted', N: 'no order size restriction' }),
    char('issueClassification', 26, issueClassifications),
    alpha('issueSubType', 27, 2, { values: issueSubTypes }),
    char('authenticity', 29, { P: 'live/production', T: 'test' }),
    char('shortSaleThresholdIndicator', 30, {
      Y: 'restricted under SEC Rule 203(b)(3)',
      N: 'not restricted',
      ' ': 'not available',
    }),
    char('ipoFlag', 31, {
      Y: 'set up as a new IPO security',
      N: 'not set up as a new IPO security',
      Z: 'non-IPO new listed security',
      ' ': 'not available',
    }),
    char('luldReferencePriceTier', 32, {
      1: 'tier 1 NMS stocks and select ETPs',
      2: 'tier 2 NMS stocks',
      ' ': 'not available',
    }),
    char('etpFlag', 33, yesNoUnknown),
    u32('etpLeverageFactor', 34, { note: 'rounded to the integer below' }),
    char('inverseIndicator', 38, yesNo),
  ],
  { section: '1.2.1', summary: 'one active symbol, at the start of the day' },
);

export const stockTradingAction = message(
  'H',
  'StockTradingAction',
  25,
  [
    ...header,
    alpha('stock', 11, 8),
    char('tradingState', 19, {
      H: 'halted across all US equity markets',
      P: 'paused across all US equity markets (NASDAQ-listed only)',
      Q: 'quotation only period for cross-SRO halt or pause',
      T: 'trading on NASDAQ',
    }),
    char('reserved', 20),
    alpha('reason', 21, 4, { values: tradingActionReasons }),
  ],
  { section: '1.2.2', summary: 'trading status of a security' },
);

export const regShoRestriction = message(
  'Y',
  'RegShoRestriction',
  20,
  [
    ...header,
    alpha('stock', 11, 8),
    char('regShoAction', 19, {
      0: 'no price test in place',
      1: 'restriction in effect due to an intra-day price drop',
      2: 'restriction remains in effect',
    }),
  ],
  { section: '1.2.3', summary: 'Reg SHO short sale price test restriction' },
);

export const marketParticipantPosition = message(
  'L',
  'MarketParticipantPosition',
  26,
  [
    ...header,
    alpha('mpid', 11, 4),
    alpha('stock', 15, 8),
    char('primaryMarketMaker', 23, { Y: 'primary market maker', N: 'non-primary market maker' }),
    char('marketMakerMode', 24, { N: 'normal', P: 'passive', S: 'syndicate', R: 'pre-syndicate', L: 'penalty' }),
    char('marketParticipantState', 25, {
      A: 'active',
      E: 'excused/withdrawn',
      W: 'withdrawn',
      S: 'suspended',
      D: 'deleted',
    }),
  ],
  { section: '1.2.4', summary: 'registration of a market participant in a security' },
);

export const mwcbDeclineLevel = message(
  'V',
  'MwcbDeclineLevel',
  35,
  [...header, u64('level1', 11, price8), u64('level2', 19, price8), u64('level3', 27, price8)],
  { section: '1.2.5.1', summary: 'breach points of the market-wide circuit breaker for the day' },
);

export const mwcbStatus = message(
  'W',
  'MwcbStatus',
  12,
  [...header, char('breachedLevel', 11, { 1: 'level 1', 2: 'level 2', 3: 'level 3' })],
  { section: '1.2.5.2', summary: 'the market-wide circuit breaker has breached a level' },
);

export const quotingPeriodUpdate = message(
  'K',
  'QuotingPeriodUpdate',
  28,
  [
    ...header,
    alpha('stock', 11, 8),
    u32('ipoQuotationReleaseTime', 19, { unit: 's since midnight', note: '0 when cancelled or postponed' }),
    char('ipoQuotationReleaseQualifier', 23, {
      A: 'anticipated quotation release time',
      C: 'IPO release cancelled or postponed',
    }),
    u32('ipoPrice', 24, { ...price4, note: '0 when cancelled or postponed' }),
  ],
  { section: '1.2.6', summary: 'anticipated IPO quotation release time' },
);

export const luldAuctionCollar = message(
  'J',
  'LuldAuctionCollar',
  35,
  [
    ...header,
    alpha('stock', 11, 8),
    u32('auctionCollarReferencePrice', 19, price4),
    u32('upperAuctionCollarPrice', 23, price4),
    u32('lowerAuctionCollarPrice', 27, price4),
    u32('auctionCollarExtension', 31, { note: 'number of extensions to the reopening auction' }),
  ],
  { section: '1.2.7', summary: 'thresholds within which a paused security can reopen' },
);

export const operationalHalt = message(
  'h',
  'OperationalHalt',
  21,
  [
    ...header,
    alpha('stock', 11, 8),
    char('marketCode', 19, { Q: 'NASDAQ', B: 'NASDAQ Texas (formerly BX)', X: 'PSX' }),
    char('operationalHaltAction', 20, {
      H: 'operationally halted on the identified market',
      T: 'operational halt lifted, trading resumed',
    }),
  ],
  { section: '1.2.8', summary: 'service interruption of a security on one market centre' },
);

export const addOrder = message(
  'A',
  'AddOrder',
  36,
  [
    ...header,
    u64('orderReferenceNumber', 11),
    char('buySellIndicator', 19, buySell),
    u32('shares', 20, { unit: 'shares' }),
    alpha('stock', 24, 8),
    u32('price', 32, price4),
  ],
  { section: '1.3.1', summary: 'an order without attribution enters the book' },
);

export const addOrderMpid = message(
  'F',
  'AddOrderMpid',
  40,
  [
    ...header,
    u64('orderReferenceNumber', 11),
    char('buySellIndicator', 19, buySell),
    u32('shares', 20, { unit: 'shares' }),
    alpha('stock', 24, 8),
    u32('price', 32, price4),
    alpha('attribution', 36, 4, { note: 'market participant identifier' }),
  ],
  { section: '1.3.2', summary: 'an order with attribution enters the book' },
);

export const orderExecuted = message(
  'E',
  'OrderExecuted',
  31,
  [...header, u64('orderReferenceNumber', 11), u32('executedShares', 19, { unit: 'shares' }), u64('matchNumber', 23)],
  { section: '1.4.1', summary: 'an order is executed, in whole or in part, at its price' },
);

export const orderExecutedWithPrice = message(
  'C',
  'OrderExecutedWithPrice',
  36,
  [
    ...header,
    u64('orderReferenceNumber', 11),
    u32('executedShares', 19, { unit: 'shares' }),
    u64('matchNumber', 23),
    char('printable', 31, { Y: 'printable', N: 'non-printable' }),
    u32('executionPrice', 32, price4),
  ],
  { section: '1.4.2', summary: 'an order is executed at a price other than its own' },
);

export const orderCancel = message(
  'X',
  'OrderCancel',
  23,
  [...header, u64('orderReferenceNumber', 11), u32('cancelledShares', 19, { unit: 'shares' })],
  { section: '1.4.3', summary: 'an order loses shares by partial cancellation' },
);

export const orderDelete = message('D', 'OrderDelete', 19, [...header, u64('orderReferenceNumber', 11)], {
  section: '1.4.4',
  summary: 'an order leaves the book',
});

export const orderReplace = message(
  'U',
  'OrderReplace',
  35,
  [
    ...header,
    u64('originalOrderReferenceNumber', 11),
    u64('newOrderReferenceNumber', 19),
    u32('shares', 27, { unit: 'shares' }),
    u32('price', 31, price4),
  ],
  { section: '1.4.5', summary: 'an order is replaced; side, stock and attribution stay' },
);

export const trade = message(
  'P',
  'Trade',
  44,
  [
    ...header,
    u64('orderReferenceNumber', 11, { note: '0 since 6 December 2010' }),
    char('buySellIndicator', 19, buySell, { note: 'always B since 14 July 2014' }),
    u32('shares', 20, { unit: 'shares' }),
    alpha('stock', 24, 8),
    u32('price', 32, price4),
    u64('matchNumber', 36),
  ],
  { section: '1.5.1', summary: 'a non-displayed order is matched' },
);

export const crossTrade = message(
  'Q',
  'CrossTrade',
  40,
  [
    ...header,
    u64('shares', 11, { unit: 'shares' }),
    alpha('stock', 19, 8),
    u32('crossPrice', 27, price4),
    u64('matchNumber', 31),
    char('crossType', 39, { ...crossTypes, I: 'cross network, intraday and post-close (BX and PSX only)' }),
  ],
  { section: '1.5.2', summary: 'bulk print of a cross' },
);

export const brokenTrade = message('B', 'BrokenTrade', 19, [...header, u64('matchNumber', 11)], {
  section: '1.5.3',
  summary: 'an execution is broken',
});

export const netOrderImbalanceIndicator = message(
  'I',
  'NetOrderImbalanceIndicator',
  50,
  [
    ...header,
    u64('pairedShares', 11, { unit: 'shares' }),
    u64('imbalanceShares', 19, { unit: 'shares' }),
    char('imbalanceDirection', 27, {
      B: 'buy imbalance',
      S: 'sell imbalance',
      N: 'no imbalance',
      O: 'insufficient orders to calculate',
      P: 'paused',
    }),
    alpha('stock', 28, 8),
    u32('farPrice', 36, price4),
    u32('nearPrice', 40, price4),
    u32('currentReferencePrice', 44, price4),
    char('crossType', 48, { ...crossTypes, A: 'extended trading close' }),
    char('priceVariationIndicator', 49, priceVariations),
  ],
  { section: '1.6', summary: 'NOII: indicative price and imbalance before a cross' },
);

export const retailInterest = message(
  'N',
  'RetailInterest',
  20,
  [
    ...header,
    alpha('stock', 11, 8),
    char('interestFlag', 19, {
      B: 'RPI orders available on the buy side',
      S: 'RPI orders available on the sell side',
      A: 'RPI orders available on both sides',
      N: 'no RPI orders available',
    }),
  ],
  { section: '1.7', summary: 'RPII: retail price improvement interest' },
);

export const directListingWithCapitalRaise = message(
  'O',
  'DirectListingWithCapitalRaise',
  48,
  [
    ...header,
    alpha('stock', 11, 8),
    char('openEligibilityStatus', 19, { Y: 'eligible', N: 'not eligible' }),
    u32('minimumAllowablePrice', 20, price4),
    u32('maximumAllowablePrice', 24, price4),
    u32('nearExecutionPrice', 28, price4),
    u64('nearExecutionTime', 32, { unit: 'ns since midnight' }),
    u32('lowerPriceRangeCollar', 40, price4),
    u32('upperPriceRangeCollar', 44, price4),
  ],
  { section: '1.8', summary: 'DLCR price discovery, once a second' },
);
