/**
 * The checksum that all cases of MDP 3.0 share, through the library's typed handlers: the sum, modulo 2^32, of every
 * field's 32-bit words, of the root and of every entry of every group. Fields of 1 to 4 bytes are one word, 0 where
 * null or absent; 64-bit integers and mantissas of prices are a high and a low one, as they stand; enums and sets their
 * raw values.
 */
import type { Mdp3Table, SbeHandlers } from 'tickreel';

/** Not exported, see `handlers.ts`. */
const total = { sum: 0 };

/** Starts a new sum. */
export function resetMdpChecksum(): void {
  total.sum = 0;
}

/** The sum since the last reset. */
export function mdpChecksum(): number {
  return total.sum >>> 0;
}

/** Reads every field of every entry; a message that is not of these four, or not whole, ends the run. */
export const mdpChecksumHandlers: SbeHandlers<Mdp3Table> = {
  MDIncrementalRefreshBook46(m) {
    let sum = (total.sum + m.TransactTimeHigh) | 0;
    sum = (sum + m.TransactTimeLow) | 0;
    sum = (sum + m.MatchEventIndicator) | 0;
    const level = m.NoMDEntries;
    while (level.next()) {
      sum = (sum + level.MDEntryPxMantissaHigh) | 0;
      sum = (sum + level.MDEntryPxMantissaLow) | 0;
      sum = (sum + (level.MDEntrySize | 0)) | 0;
      sum = (sum + level.SecurityID) | 0;
      sum = (sum + level.RptSeq) | 0;
      sum = (sum + (level.NumberOfOrders | 0)) | 0;
      sum = (sum + level.MDPriceLevel) | 0;
      sum = (sum + level.MDUpdateActionCode) | 0;
      sum = (sum + level.MDEntryTypeCode) | 0;
      sum = (sum + (level.TradeableSize | 0)) | 0;
    }
    const order = m.NoOrderIDEntries;
    while (order.next()) {
      sum = (sum + order.OrderIDHigh) | 0;
      sum = (sum + order.OrderIDLow) | 0;
      sum = (sum + order.MDOrderPriorityHigh) | 0;
      sum = (sum + order.MDOrderPriorityLow) | 0;
      sum = (sum + (order.MDDisplayQty | 0)) | 0;
      sum = (sum + (order.ReferenceID | 0)) | 0;
      sum = (sum + order.OrderUpdateActionCode) | 0;
    }
    total.sum = sum;
  },
  MDIncrementalRefreshOrderBook47(m) {
    let sum = (total.sum + m.TransactTimeHigh) | 0;
    sum = (sum + m.TransactTimeLow) | 0;
    sum = (sum + m.MatchEventIndicator) | 0;
    const order = m.NoMDEntries;
    while (order.next()) {
      sum = (sum + order.OrderIDHigh) | 0;
      sum = (sum + order.OrderIDLow) | 0;
      sum = (sum + order.MDOrderPriorityHigh) | 0;
      sum = (sum + order.MDOrderPriorityLow) | 0;
      sum = (sum + order.MDEntryPxMantissaHigh) | 0;
      sum = (sum + order.MDEntryPxMantissaLow) | 0;
      sum = (sum + (order.MDDisplayQty | 0)) | 0;
      sum = (sum + order.SecurityID) | 0;
      sum = (sum + order.MDUpdateActionCode) | 0;
      sum = (sum + order.MDEntryTypeCode) | 0;
    }
    total.sum = sum;
  },
  MDIncrementalRefreshTradeSummary48(m) {
    let sum = (total.sum + m.TransactTimeHigh) | 0;
    sum = (sum + m.TransactTimeLow) | 0;
    sum = (sum + m.MatchEventIndicator) | 0;
    const trade = m.NoMDEntries;
    while (trade.next()) {
      sum = (sum + trade.MDEntryPxMantissaHigh) | 0;
      sum = (sum + trade.MDEntryPxMantissaLow) | 0;
      sum = (sum + trade.MDEntrySize) | 0;
      sum = (sum + trade.SecurityID) | 0;
      sum = (sum + trade.RptSeq) | 0;
      sum = (sum + trade.NumberOfOrders) | 0;
      sum = (sum + trade.AggressorSideCode) | 0;
      sum = (sum + trade.MDUpdateActionCode) | 0;
      sum = (sum + (trade.MDTradeEntryID | 0)) | 0;
    }
    const order = m.NoOrderIDEntries;
    while (order.next()) {
      sum = (sum + order.OrderIDHigh) | 0;
      sum = (sum + order.OrderIDLow) | 0;
      sum = (sum + order.LastQty) | 0;
    }
    total.sum = sum;
  },
  SnapshotFullRefresh52(m) {
    let sum = (total.sum + m.LastMsgSeqNumProcessed) | 0;
    sum = (sum + m.TotNumReports) | 0;
    sum = (sum + m.SecurityID) | 0;
    sum = (sum + m.RptSeq) | 0;
    sum = (sum + m.TransactTimeHigh) | 0;
    sum = (sum + m.TransactTimeLow) | 0;
    sum = (sum + m.LastUpdateTimeHigh) | 0;
    sum = (sum + m.LastUpdateTimeLow) | 0;
    sum = (sum + (m.TradeDate | 0)) | 0;
    sum = (sum + m.MDSecurityTradingStatusCode) | 0;
    sum = (sum + m.HighLimitPriceMantissaHigh) | 0;
    sum = (sum + m.HighLimitPriceMantissaLow) | 0;
    sum = (sum + m.LowLimitPriceMantissaHigh) | 0;
    sum = (sum + m.LowLimitPriceMantissaLow) | 0;
    sum = (sum + m.MaxPriceVariationMantissaHigh) | 0;
    sum = (sum + m.MaxPriceVariationMantissaLow) | 0;
    const level = m.NoMDEntries;
    while (level.next()) {
      sum = (sum + level.MDEntryPxMantissaHigh) | 0;
      sum = (sum + level.MDEntryPxMantissaLow) | 0;
      sum = (sum + (level.MDEntrySize | 0)) | 0;
      sum = (sum + (level.NumberOfOrders | 0)) | 0;
      sum = (sum + (level.MDPriceLevel | 0)) | 0;
      sum = (sum + (level.TradingReferenceDate | 0)) | 0;
      sum = (sum + level.OpenCloseSettlFlagCode) | 0;
      sum = (sum + level.SettlPriceType) | 0;
      sum = (sum + level.MDEntryTypeCode) | 0;
    }
    total.sum = sum;
  },
  onUnknown(_, offset) {
    throw new Error(`unknown message at ${offset}`);
  },
  onFault({ path, message }) {
    throw new Error(`${path}: ${message}`);
  },
};
