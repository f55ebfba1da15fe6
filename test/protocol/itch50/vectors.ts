/**
 * Messages whose bytes were built by hand from the printed offsets, type by type, beside the values that they carry.
 *
 * No capture at hand holds V, W, K, h, B or O: these vectors and the printed offsets are all that pins them.
 */

/** One message: its bytes in hexadecimal, one group a field in the specification's order, and its values in JSON. */
export interface HandBuilt {
  readonly bytes: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Stock locate 258, tracking number 3, 09:30:00.000000001 as 34,200,000,000,001 ns: 0x1f1aced9f001. */
const header = '0102 0003 1f1aced9f001';
const headerValues = { stockLocate: 258, trackingNumber: 3, timestamp: 34_200_000_000_001 };
/** `ZVZZT` and three spaces. */
const stock = '5a565a5a54202020';

export const handBuilt: readonly HandBuilt[] = [
  {
    bytes: `56 0000 0003 1f1aced9f001 0000005d21dba000 00000053d1ac1000 0000004cd5886400`,
    values: {
      type: 'V',
      name: 'MwcbDeclineLevel',
      ...headerValues,
      stockLocate: 0,
      level1: '400000000000',
      level2: '360000000000',
      level3: '330000000000',
    },
  },
  {
    bytes: '57 0000 0003 1f1aced9f001 32',
    values: { type: 'W', name: 'MwcbStatus', ...headerValues, stockLocate: 0, breachedLevel: '2' },
  },
  {
    bytes: `4b ${header} ${stock} 00009858 41 00030d40`,
    values: {
      type: 'K',
      name: 'QuotingPeriodUpdate',
      ...headerValues,
      stock: 'ZVZZT',
      ipoQuotationReleaseTime: 39_000,
      ipoQuotationReleaseQualifier: 'A',
      ipoPrice: 200_000,
    },
  },
  {
    bytes: `68 ${header} ${stock} 51 48`,
    values: {
      type: 'h',
      name: 'OperationalHalt',
      ...headerValues,
      stock: 'ZVZZT',
      marketCode: 'Q',
      operationalHaltAction: 'H',
    },
  },
  {
    bytes: `42 ${header} fffffffffffffffe`,
    values: { type: 'B', name: 'BrokenTrade', ...headerValues, matchNumber: '18446744073709551614' },
  },
  {
    bytes: `4f ${header} ${stock} 59 00000001 00000002 00000003 00001f1aced9f001 00000004 77359400`,
    values: {
      type: 'O',
      name: 'DirectListingWithCapitalRaise',
      ...headerValues,
      stock: 'ZVZZT',
      openEligibilityStatus: 'Y',
      minimumAllowablePrice: 1,
      maximumAllowablePrice: 2,
      nearExecutionPrice: 3,
      nearExecutionTime: '34200000000001',
      lowerPriceRangeCollar: 4,
      upperPriceRangeCollar: 2_000_000_000,
    },
  },
  {
    bytes: '53 0000 0003 1f1aced9f001 4f',
    values: { type: 'S', name: 'SystemEvent', ...headerValues, stockLocate: 0, eventCode: 'O' },
  },
  {
    bytes: `52 ${header} ${stock} 51 4e 00000064 4e 43 5a20 50 4e 20 31 59 00000003 59`,
    values: {
      type: 'R',
      name: 'StockDirectory',
      ...headerValues,
      stock: 'ZVZZT',
      marketCategory: 'Q',
      financialStatusIndicator: 'N',
      roundLotSize: 100,
      roundLotsOnly: 'N',
      issueClassification: 'C',
      issueSubType: 'Z',
      authenticity: 'P',
      shortSaleThresholdIndicator: 'N',
      ipoFlag: '',
      luldReferencePriceTier: '1',
      etpFlag: 'Y',
      etpLeverageFactor: 3,
      inverseIndicator: 'Y',
    },
  },
  {
    bytes: `48 ${header} ${stock} 50 20 4c554450`,
    values: {
      type: 'H',
      name: 'StockTradingAction',
      ...headerValues,
      stock: 'ZVZZT',
      tradingState: 'P',
      reserved: '',
      reason: 'LUDP',
    },
  },
  {
    bytes: `59 ${header} ${stock} 31`,
    values: { type: 'Y', name: 'RegShoRestriction', ...headerValues, stock: 'ZVZZT', regShoAction: '1' },
  },
  {
    bytes: `4c ${header} 4e495445 ${stock} 59 4e 41`,
    values: {
      type: 'L',
      name: 'MarketParticipantPosition',
      ...headerValues,
      mpid: 'NITE',
      stock: 'ZVZZT',
      primaryMarketMaker: 'Y',
      marketMakerMode: 'N',
      marketParticipantState: 'A',
    },
  },
  {
    bytes: `4a ${header} ${stock} 00000001 00000002 00000003 00000004`,
    values: {
      type: 'J',
      name: 'LuldAuctionCollar',
      ...headerValues,
      stock: 'ZVZZT',
      auctionCollarReferencePrice: 1,
      upperAuctionCollarPrice: 2,
      lowerAuctionCollarPrice: 3,
      auctionCollarExtension: 4,
    },
  },
  {
    bytes: `41 ${header} 0000000100000002 42 00000064 ${stock} 0001e078`,
    values: {
      type: 'A',
      name: 'AddOrder',
      ...headerValues,
      orderReferenceNumber: '4294967298',
      buySellIndicator: 'B',
      shares: 100,
      stock: 'ZVZZT',
      price: 123_000,
    },
  },
  {
    bytes: `46 ${header} 0020000000000001 53 ffffffff ${stock} 00000001 47534320`,
    values: {
      type: 'F',
      name: 'AddOrderMpid',
      ...headerValues,
      orderReferenceNumber: '9007199254740993',
      buySellIndicator: 'S',
      shares: 4_294_967_295,
      stock: 'ZVZZT',
      price: 1,
      attribution: 'GSC',
    },
  },
  {
    bytes: `45 ${header} 0000000000000001 00000002 0000000000000003`,
    values: {
      type: 'E',
      name: 'OrderExecuted',
      ...headerValues,
      orderReferenceNumber: '1',
      executedShares: 2,
      matchNumber: '3',
    },
  },
  {
    bytes: `43 ${header} 0000000000000001 00000002 0000000000000003 4e 00000004`,
    values: {
      type: 'C',
      name: 'OrderExecutedWithPrice',
      ...headerValues,
      orderReferenceNumber: '1',
      executedShares: 2,
      matchNumber: '3',
      printable: 'N',
      executionPrice: 4,
    },
  },
  {
    bytes: `58 ${header} 0000000000000001 00000002`,
    values: { type: 'X', name: 'OrderCancel', ...headerValues, orderReferenceNumber: '1', cancelledShares: 2 },
  },
  {
    bytes: `44 ${header} 0000000000000001`,
    values: { type: 'D', name: 'OrderDelete', ...headerValues, orderReferenceNumber: '1' },
  },
  {
    bytes: `55 ${header} 0000000000000001 0000000000000002 00000003 00000004`,
    values: {
      type: 'U',
      name: 'OrderReplace',
      ...headerValues,
      originalOrderReferenceNumber: '1',
      newOrderReferenceNumber: '2',
      shares: 3,
      price: 4,
    },
  },
  {
    bytes: `50 ${header} 0000000000000000 42 00000001 ${stock} 00000002 0000000000000003`,
    values: {
      type: 'P',
      name: 'Trade',
      ...headerValues,
      orderReferenceNumber: '0',
      buySellIndicator: 'B',
      shares: 1,
      stock: 'ZVZZT',
      price: 2,
      matchNumber: '3',
    },
  },
  {
    bytes: `51 ${header} 0000000000000001 ${stock} 00000002 0000000000000003 4f`,
    values: {
      type: 'Q',
      name: 'CrossTrade',
      ...headerValues,
      shares: '1',
      stock: 'ZVZZT',
      crossPrice: 2,
      matchNumber: '3',
      crossType: 'O',
    },
  },
  {
    bytes: `49 ${header} 0000000000000001 0000000000000002 4e ${stock} 00000003 00000004 00000005 4f 20`,
    values: {
      type: 'I',
      name: 'NetOrderImbalanceIndicator',
      ...headerValues,
      pairedShares: '1',
      imbalanceShares: '2',
      imbalanceDirection: 'N',
      stock: 'ZVZZT',
      farPrice: 3,
      nearPrice: 4,
      currentReferencePrice: 5,
      crossType: 'O',
      priceVariationIndicator: '',
    },
  },
  {
    bytes: `4e ${header} ${stock} 41`,
    values: { type: 'N', name: 'RetailInterest', ...headerValues, stock: 'ZVZZT', interestFlag: 'A' },
  },
];

/** The bytes of a vector. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
