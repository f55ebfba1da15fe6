/**
 * Every offset and length of ITCH 5.0, copied by hand from the printed tables of the specification of 19 February 2026
 * and not from the code: a wrong table cannot hide behind decoders that derive from it.
 */
import { describe, expect, it } from 'vitest';
import { itch50 } from '../../../src/protocol/itch50/index.js';

const header = 'stockLocate 1 2|trackingNumber 3 2|timestamp 5 6';

/** Name, total length, then `field offset length` as printed; the message type is at 0 in all. */
const printed: Record<string, [name: string, length: number, fields: string]> = {
  S: ['SystemEvent', 12, 'eventCode 11 1'],
  R: [
    'StockDirectory',
    39,
    'stock 11 8|marketCategory 19 1|financialStatusIndicator 20 1|roundLotSize 21 4|roundLotsOnly 25 1|' +
      'issueClassification 26 1|issueSubType 27 2|authenticity 29 1|shortSaleThresholdIndicator 30 1|ipoFlag 31 1|' +
      'luldReferencePriceTier 32 1|etpFlag 33 1|etpLeverageFactor 34 4|inverseIndicator 38 1',
  ],
  H: ['StockTradingAction', 25, 'stock 11 8|tradingState 19 1|reserved 20 1|reason 21 4'],
  Y: ['RegShoRestriction', 20, 'stock 11 8|regShoAction 19 1'],
  L: [
    'MarketParticipantPosition',
    26,
    'mpid 11 4|stock 15 8|primaryMarketMaker 23 1|marketMakerMode 24 1|marketParticipantState 25 1',
  ],
  V: ['MwcbDeclineLevel', 35, 'level1 11 8|level2 19 8|level3 27 8'],
  W: ['MwcbStatus', 12, 'breachedLevel 11 1'],
  K: [
    'QuotingPeriodUpdate',
    28,
    'stock 11 8|ipoQuotationReleaseTime 19 4|ipoQuotationReleaseQualifier 23 1|ipoPrice 24 4',
  ],
  J: [
    'LuldAuctionCollar',
    35,
    'stock 11 8|auctionCollarReferencePrice 19 4|upperAuctionCollarPrice 23 4|lowerAuctionCollarPrice 27 4|' +
      'auctionCollarExtension 31 4',
  ],
  h: ['OperationalHalt', 21, 'stock 11 8|marketCode 19 1|operationalHaltAction 20 1'],
  A: ['AddOrder', 36, 'orderReferenceNumber 11 8|buySellIndicator 19 1|shares 20 4|stock 24 8|price 32 4'],
  F: [
    'AddOrderMpid',
    40,
    'orderReferenceNumber 11 8|buySellIndicator 19 1|shares 20 4|stock 24 8|price 32 4|attribution 36 4',
  ],
  E: ['OrderExecuted', 31, 'orderReferenceNumber 11 8|executedShares 19 4|matchNumber 23 8'],
  C: [
    'OrderExecutedWithPrice',
    36,
    'orderReferenceNumber 11 8|executedShares 19 4|matchNumber 23 8|printable 31 1|executionPrice 32 4',
  ],
  X: ['OrderCancel', 23, 'orderReferenceNumber 11 8|cancelledShares 19 4'],
  D: ['OrderDelete', 19, 'orderReferenceNumber 11 8'],
  U: ['OrderReplace', 35, 'originalOrderReferenceNumber 11 8|newOrderReferenceNumber 19 8|shares 27 4|price 31 4'],
  P: [
    'Trade',
    44,
    'orderReferenceNumber 11 8|buySellIndicator 19 1|shares 20 4|stock 24 8|price 32 4|matchNumber 36 8',
  ],
  Q: ['CrossTrade', 40, 'shares 11 8|stock 19 8|crossPrice 27 4|matchNumber 31 8|crossType 39 1'],
  B: ['BrokenTrade', 19, 'matchNumber 11 8'],
  I: [
    'NetOrderImbalanceIndicator',
    50,
    'pairedShares 11 8|imbalanceShares 19 8|imbalanceDirection 27 1|stock 28 8|farPrice 36 4|nearPrice 40 4|' +
      'currentReferencePrice 44 4|crossType 48 1|priceVariationIndicator 49 1',
  ],
  N: ['RetailInterest', 20, 'stock 11 8|interestFlag 19 1'],
  O: [
    'DirectListingWithCapitalRaise',
    48,
    'stock 11 8|openEligibilityStatus 19 1|minimumAllowablePrice 20 4|maximumAllowablePrice 24 4|' +
      'nearExecutionPrice 28 4|nearExecutionTime 32 8|lowerPriceRangeCollar 40 4|upperPriceRangeCollar 44 4',
  ],
};

/** Fields that the specification calls Integer or Price: all others are Alpha. */
const numbers = new Map([
  ...'stockLocate trackingNumber timestamp roundLotSize etpLeverageFactor ipoQuotationReleaseTime'
    .concat(' auctionCollarExtension orderReferenceNumber shares executedShares matchNumber cancelledShares')
    .concat(' originalOrderReferenceNumber newOrderReferenceNumber pairedShares imbalanceShares nearExecutionTime')
    .split(' ')
    .map((name) => [name, 0] as const),
  ...'ipoPrice auctionCollarReferencePrice upperAuctionCollarPrice lowerAuctionCollarPrice price executionPrice'
    .concat(' crossPrice farPrice nearPrice currentReferencePrice minimumAllowablePrice maximumAllowablePrice')
    .concat(' nearExecutionPrice lowerPriceRangeCollar upperPriceRangeCollar')
    .split(' ')
    .map((name) => [name, 4] as const),
  ...['level1', 'level2', 'level3'].map((name) => [name, 8] as const),
]);

describe('ITCH 5.0 layout', () => {
  it('has the 23 types of the specification', () => {
    expect(itch50.messages.map(({ type }) => type).join(' ')).toBe('S R H Y L V W K J h A F E C X D U P Q B I N O');
    expect(Object.keys(printed)).toHaveLength(23);
  });

  it.each(Object.entries(printed))('%s is as printed', (type, [name, length, fields]) => {
    const message = itch50.messageOf(type.charCodeAt(0));
    expect(message?.name).toBe(name);
    expect(message?.length).toBe(length);
    expect(message?.fields.map((field) => `${field.name} ${field.offset} ${field.length}`)).toEqual(
      `${header}|${fields}`.split('|'),
    );
  });

  it('reads integers, prices and text as the specification says', () => {
    for (const { name, fields } of itch50.messages) {
      for (const field of fields) {
        const path = `${name}.${field.name}`;
        const isNumber = numbers.has(field.name);
        const kind = isNumber ? `u${field.length * 8}` : field.length === 1 ? 'char' : 'alpha';
        expect(`${path} ${field.kind}`).toBe(`${path} ${kind}`);
        expect(`${path} ${'decimals' in field ? field.decimals : 0}`).toBe(`${path} ${numbers.get(field.name) ?? 0}`);
      }
    }
  });

  it('knows lengths by type, and nothing of other types', () => {
    const view = new DataView(new ArrayBuffer(256));
    for (let code = 0; code < 256; code++) {
      view.setUint8(code, code);
      const length = printed[String.fromCharCode(code)]?.[1] ?? 0;
      expect(itch50.lengthOf(view, code)).toBe(length);
      expect(itch50.nameOf(code)).toBe(printed[String.fromCharCode(code)]?.[0]);
      for (let claimed = 0; claimed < 64; claimed++) {
        expect(itch50.isKnown(view, code, claimed)).toBe(length !== 0 && claimed === length);
      }
    }
  });
});
