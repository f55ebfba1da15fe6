/**
 * The checksum that all decoding cases share, through the library's typed handlers: the sum, modulo 2^32, of every
 * field's 32-bit words. The type byte and fields of 1 to 4 bytes are one word, 48 and 64-bit integers a high and a low
 * one, text one for each four bytes. Sums are cut to 32 bits at each step, which keeps them in integer registers; a
 * message's is added to the total at its end, so that the next one's additions need not wait for this one's.
 */
import type { Handlers, Itch50Table } from 'tickreel';

/** Not exported: an exported variable is read through its module's cell, which costs each handler a check. */
const total = { sum: 0 };

/** Starts a new sum. */
export function resetChecksum(): void {
  total.sum = 0;
}

/** The sum since the last reset. */
export function checksum(): number {
  return total.sum >>> 0;
}

/** Reads every field of every message. */
export const checksumHandlers: Handlers<Itch50Table> = {
  SystemEvent(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.eventCodeCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  StockDirectory(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.marketCategoryCode) | 0;
    sum = (sum + m.financialStatusIndicatorCode) | 0;
    sum = (sum + m.roundLotSize) | 0;
    sum = (sum + m.roundLotsOnlyCode) | 0;
    sum = (sum + m.issueClassificationCode) | 0;
    sum = (sum + m.issueSubTypeWord0) | 0;
    sum = (sum + m.authenticityCode) | 0;
    sum = (sum + m.shortSaleThresholdIndicatorCode) | 0;
    sum = (sum + m.ipoFlagCode) | 0;
    sum = (sum + m.luldReferencePriceTierCode) | 0;
    sum = (sum + m.etpFlagCode) | 0;
    sum = (sum + m.etpLeverageFactor) | 0;
    sum = (sum + m.inverseIndicatorCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  StockTradingAction(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.tradingStateCode) | 0;
    sum = (sum + m.reservedCode) | 0;
    sum = (sum + m.reasonWord0) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  RegShoRestriction(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.regShoActionCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  MarketParticipantPosition(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.mpidWord0) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.primaryMarketMakerCode) | 0;
    sum = (sum + m.marketMakerModeCode) | 0;
    sum = (sum + m.marketParticipantStateCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  MwcbDeclineLevel(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.level1High) | 0;
    sum = (sum + m.level1Low) | 0;
    sum = (sum + m.level2High) | 0;
    sum = (sum + m.level2Low) | 0;
    sum = (sum + m.level3High) | 0;
    sum = (sum + m.level3Low) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  MwcbStatus(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.breachedLevelCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  QuotingPeriodUpdate(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.ipoQuotationReleaseTime) | 0;
    sum = (sum + m.ipoQuotationReleaseQualifierCode) | 0;
    sum = (sum + m.ipoPrice) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  LuldAuctionCollar(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.auctionCollarReferencePrice) | 0;
    sum = (sum + m.upperAuctionCollarPrice) | 0;
    sum = (sum + m.lowerAuctionCollarPrice) | 0;
    sum = (sum + m.auctionCollarExtension) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OperationalHalt(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.marketCodeCode) | 0;
    sum = (sum + m.operationalHaltActionCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  AddOrder(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.buySellIndicatorCode) | 0;
    sum = (sum + m.shares) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.price) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  AddOrderMpid(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.buySellIndicatorCode) | 0;
    sum = (sum + m.shares) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.price) | 0;
    sum = (sum + m.attributionWord0) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OrderExecuted(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.executedShares) | 0;
    sum = (sum + m.matchNumberHigh) | 0;
    sum = (sum + m.matchNumberLow) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OrderExecutedWithPrice(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.executedShares) | 0;
    sum = (sum + m.matchNumberHigh) | 0;
    sum = (sum + m.matchNumberLow) | 0;
    sum = (sum + m.printableCode) | 0;
    sum = (sum + m.executionPrice) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OrderCancel(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.cancelledShares) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OrderDelete(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  OrderReplace(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.originalOrderReferenceNumberHigh) | 0;
    sum = (sum + m.originalOrderReferenceNumberLow) | 0;
    sum = (sum + m.newOrderReferenceNumberHigh) | 0;
    sum = (sum + m.newOrderReferenceNumberLow) | 0;
    sum = (sum + m.shares) | 0;
    sum = (sum + m.price) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  Trade(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.orderReferenceNumberHigh) | 0;
    sum = (sum + m.orderReferenceNumberLow) | 0;
    sum = (sum + m.buySellIndicatorCode) | 0;
    sum = (sum + m.shares) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.price) | 0;
    sum = (sum + m.matchNumberHigh) | 0;
    sum = (sum + m.matchNumberLow) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  CrossTrade(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.sharesHigh) | 0;
    sum = (sum + m.sharesLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.crossPrice) | 0;
    sum = (sum + m.matchNumberHigh) | 0;
    sum = (sum + m.matchNumberLow) | 0;
    sum = (sum + m.crossTypeCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  BrokenTrade(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.matchNumberHigh) | 0;
    sum = (sum + m.matchNumberLow) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  NetOrderImbalanceIndicator(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.pairedSharesHigh) | 0;
    sum = (sum + m.pairedSharesLow) | 0;
    sum = (sum + m.imbalanceSharesHigh) | 0;
    sum = (sum + m.imbalanceSharesLow) | 0;
    sum = (sum + m.imbalanceDirectionCode) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.farPrice) | 0;
    sum = (sum + m.nearPrice) | 0;
    sum = (sum + m.currentReferencePrice) | 0;
    sum = (sum + m.crossTypeCode) | 0;
    sum = (sum + m.priceVariationIndicatorCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  RetailInterest(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.interestFlagCode) | 0;
    total.sum = (total.sum + sum) | 0;
  },
  DirectListingWithCapitalRaise(m) {
    let sum = m.messageTypeCode;
    sum = (sum + m.stockLocate) | 0;
    sum = (sum + m.trackingNumber) | 0;
    sum = (sum + m.timestampHigh) | 0;
    sum = (sum + m.timestampLow) | 0;
    sum = (sum + m.stockWord0) | 0;
    sum = (sum + m.stockWord1) | 0;
    sum = (sum + m.openEligibilityStatusCode) | 0;
    sum = (sum + m.minimumAllowablePrice) | 0;
    sum = (sum + m.maximumAllowablePrice) | 0;
    sum = (sum + m.nearExecutionPrice) | 0;
    sum = (sum + m.nearExecutionTimeHigh) | 0;
    sum = (sum + m.nearExecutionTimeLow) | 0;
    sum = (sum + m.lowerPriceRangeCollar) | 0;
    sum = (sum + m.upperPriceRangeCollar) | 0;
    total.sum = (total.sum + sum) | 0;
  },
};
