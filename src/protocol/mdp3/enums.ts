/** The enumerations of CME MDP 3.0 (SBE schema 1, `mktdata`): values as on the wire, names as version 13 has them. */
import { enumeration, renamed, since } from '../../schema/sbe/table.js';
import { uInt8Null } from './types.js';

export const aggressorFlag = enumeration(
  'AggressorFlag',
  uInt8Null,
  { NotAggressor: 0, Aggressor: 1 },
  { sinceVersion: 10 },
);

export const aggressorSide = enumeration('AggressorSide', uInt8Null, { NoAggressor: 0, Buy: 1, Sell: 2 });

export const eventType = enumeration('EventType', 'uint8', { Activation: 5, LastEligibleTradeDate: 7 });

export const haltReason = enumeration('HaltReason', 'uint8', {
  GroupSchedule: 0,
  SurveillanceIntervention: 1,
  MarketEvent: 2,
  InstrumentActivation: 3,
  InstrumentExpiration: 4,
  Unknown: 5,
  RecoveryInProcess: since(3, 6),
  TradeDateRoll: since(12, 7),
});

export const legSide = enumeration('LegSide', 'uint8', { BuySide: 1, SellSide: 2 });

export const mdEntryType = enumeration('MDEntryType', 'char', {
  Bid: '0',
  Offer: '1',
  Trade: '2',
  OpenPrice: renamed('4', { 5: 'OpeningPrice' }),
  SettlementPrice: '6',
  TradingSessionHighPrice: '7',
  TradingSessionLowPrice: '8',
  VWAP: since(10, '9'),
  ClearedVolume: renamed('B', { 5: 'TradeVolume' }),
  OpenInterest: 'C',
  ImpliedBid: 'E',
  ImpliedOffer: 'F',
  BookReset: renamed('J', { 5: 'EmptyBook' }),
  SessionHighBid: 'N',
  SessionLowOffer: 'O',
  FixingPrice: 'W',
  ElectronicVolume: 'e',
  ThresholdLimitsandPriceBandVariation: 'g',
  MarketBestOffer: since(12, 'w'),
  MarketBestBid: since(12, 'x'),
});

export const mdEntryTypeBook = enumeration('MDEntryTypeBook', 'char', {
  Bid: '0',
  Offer: '1',
  ImpliedBid: 'E',
  ImpliedOffer: 'F',
  BookReset: 'J',
  MarketBestOffer: since(12, 'w'),
  MarketBestBid: since(12, 'x'),
});

export const mdEntryTypeDailyStatistics = enumeration('MDEntryTypeDailyStatistics', 'char', {
  SettlementPrice: '6',
  ClearedVolume: 'B',
  OpenInterest: 'C',
  FixingPrice: 'W',
});

export const mdEntryTypeStatistics = enumeration('MDEntryTypeStatistics', 'char', {
  OpenPrice: '4',
  HighTrade: '7',
  LowTrade: '8',
  VWAP: since(10, '9'),
  HighestBid: 'N',
  LowestOffer: 'O',
});

export const mdUpdateAction = enumeration('MDUpdateAction', 'uint8', {
  New: 0,
  Change: 1,
  Delete: 2,
  DeleteThru: 3,
  DeleteFrom: 4,
  Overlay: 5,
});

export const moneyOrPar = enumeration('MoneyOrPar', uInt8Null, { Money: 1, Par: 2 }, { sinceVersion: 10 });

export const openCloseSettlFlag = enumeration('OpenCloseSettlFlag', uInt8Null, {
  DailyOpenPrice: 0,
  IndicativeOpeningPrice: 5,
  IntradayVWAP: since(10, 100),
  RepoAverage8_30AM: since(10, 101),
  RepoAverage10AM: since(10, 102),
  PrevSessionRepoAverage10AM: since(10, 103),
});

export const orderUpdateAction = enumeration(
  'OrderUpdateAction',
  'uint8',
  { New: 0, Update: 1, Delete: 2 },
  { sinceVersion: 7 },
);

export const priceSource = enumeration(
  'PriceSource',
  uInt8Null,
  { MarketPlaceAssistant: 0, Globex: 1, Refinitiv: 2, ICAP: 3 },
  { sinceVersion: 11 },
);

export const putOrCall = enumeration('PutOrCall', 'uint8', { Put: 0, Call: 1 }, { sinceVersion: 3 });

export const repoSubType = enumeration(
  'RepoSubType',
  'uint8',
  { Special: 0, GC: 1, GCForDBV: 2 },
  { sinceVersion: 10 },
);

export const securityAltIdSource = enumeration(
  'SecurityAltIDSource',
  uInt8Null,
  { CUSIP: 1, ISIN: 4 },
  { sinceVersion: 10 },
);

export const securityTradingEvent = enumeration('SecurityTradingEvent', 'uint8', {
  NoEvent: 0,
  NoCancel: 1,
  ResetStatistics: 4,
  ImpliedMatchingON: 5,
  ImpliedMatchingOFF: 6,
  EndOfWorkup: since(10, 7),
});

export const securityTradingStatus = enumeration('SecurityTradingStatus', uInt8Null, {
  TradingHalt: 2,
  Close: 4,
  NewPriceIndication: 15,
  ReadyToTrade: 17,
  NotAvailableForTrading: 18,
  UnknownorInvalid: 20,
  PreOpen: 21,
  PreCross: 24,
  Cross: 25,
  PostClose: 26,
  NoChange: 103,
  PrivateWorkup: since(11, 201),
  PublicWorkup: since(11, 202),
});

export const securityUpdateAction = enumeration('SecurityUpdateAction', 'char', { Add: 'A', Delete: 'D', Modify: 'M' });

export const side = enumeration('Side', 'uint8', { Buy: 1, Sell: 2 }, { sinceVersion: 10 });

export const workupTradingStatus = enumeration(
  'WorkupTradingStatus',
  'uint8',
  { ReadyToTrade: 17, NotAvailableForTrading: 18, PrivateWorkup: 201, PublicWorkup: 202 },
  { sinceVersion: 10 },
);
