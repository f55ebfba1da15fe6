/**
 * The types of CME MDP 3.0 (SBE schema 1, `mktdata`): numbers, text, decimals, bitmaps and headers.
 *
 * What a version brought says so; names are the exchange's. The enumerations are in `enums.ts`.
 */
import { at, bitmap, composite, constant, encoding, optional, renamed, since, text } from '../../schema/sbe/table.js';

export const int8 = encoding('Int8', 'int8');
export const int16 = encoding('Int16', 'int16');
export const int32 = encoding('Int32', 'int32');
export const uInt8 = encoding('uInt8', 'uint8');
export const uInt16 = encoding('uInt16', 'uint16', { sinceVersion: 12 });
export const uInt32 = encoding('uInt32', 'uint32');
export const uInt64 = encoding('uInt64', 'uint64');
export const char = encoding('CHAR', 'char');

// The greatest value stands for none throughout, of signed integers too, where SBE's default would be the least.
export const int8Null = optional('Int8NULL', 'int8', 127);
export const int32Null = optional('Int32NULL', 'int32', 2147483647);
export const uInt8Null = optional('uInt8NULL', 'uint8', 255);
export const uInt16Null = optional('uInt16NULL', 'uint16', 65535, { sinceVersion: 9 });
export const uInt32Null = optional('uInt32NULL', 'uint32', 4294967295);
export const uInt64Null = optional('uInt64NULL', 'uint64', 18446744073709551615n, { sinceVersion: 7 });

/** Days since the epoch. */
export const localMktDate = optional('LocalMktDate', 'uint16', 65535, { semanticType: 'LocalMktDate' });

const string = { semanticType: 'String' };
const string10 = { ...string, sinceVersion: 10 };

export const asset = text('Asset', 6, string);
export const cfiCode = text('CFICode', 6, string);
export const countryCode = text('CountryCode', 2, string10);
export const currency = text('Currency', 3, { semanticType: 'Currency' });
export const longName = text('LongName', 35, string10);
export const mdFeedType = text('MDFeedType', 3, string);
export const quoteReqId = text('QuoteReqId', 23, string);
export const securityExchange = text('SecurityExchange', 4, { semanticType: 'Exchange' });
export const securityGroup = text('SecurityGroup', 6, string);
export const securitySubType = text('SecuritySubType', 5, string);
export const securityType = text('SecurityType', 6, string);
export const string3 = text('String3', 3, string10);
export const string5 = text('String5', 5, string10);
export const string6 = text('String6', 6, string10);
export const string7 = text('String7', 7, { ...string, sinceVersion: 12 });
export const string8 = text('String8', 8, string10);
export const string12 = text('String12', 12, string10);
export const string20 = text('String20', 20, string10);
export const string25 = text('String25', 25, string10);
export const symbol = text('Symbol', 20, string);
export const text180 = text('Text', 180, string);
export const underlyingSymbol = text('UnderlyingSymbol', 20, string);
export const unitOfMeasure = text('UnitOfMeasure', 30, string);
export const userDefinedInstrument = encoding('UserDefinedInstrument', 'char', { semanticType: 'char' });

// Constants are not on the wire.
export const instAttribType = constant('InstAttribType', 'int8', 24);
export const mdEntryTypeChannelReset = constant('MDEntryTypeChannelReset', 'char', 'J');
export const mdEntryTypeLimits = constant('MDEntryTypeLimits', 'char', 'g');
export const mdEntryTypeTrade = constant('MDEntryTypeTrade', 'char', '2');
export const mdEntryTypeVol = constant('MDEntryTypeVol', 'char', 'e');
export const mdUpdateActionNew = constant('MDUpdateActionNew', 'int8', 0);
export const mdUpdateTypeNew = constant('MDUpdateTypeNew', 'int8', 0);
export const securityIdSource = constant('SecurityIDSource', 'char', '8', { semanticType: 'char' });
export const securityAltIdSourceIsin = constant('SecurityAltIDSourceISIN', 'uint8', 4, {
  semanticType: 'int',
  sinceVersion: 12,
});

const mantissa = encoding('mantissa', 'int64');
const mantissaNull = optional('mantissa', 'int64', 9223372036854775807n);
const tenths7 = constant('exponent', 'int8', -7);
const tenths9 = constant('exponent', 'int8', -9);
const since9 = { sinceVersion: 9 };

/** Up to version 9 prices have seven decimals; since then those of new templates have nine. */
export const price = composite('PRICE', { mantissa, exponent: tenths7 });
export const priceNull = composite('PRICENULL', { mantissa: mantissaNull, exponent: tenths7 });
export const float = composite('FLOAT', { mantissa, exponent: tenths7 });
export const price9 = composite('PRICE9', { mantissa, exponent: tenths9 }, since9);
export const priceNull9 = composite('PRICENULL9', { mantissa: mantissaNull, exponent: tenths9 }, since9);
export const decimal9 = composite('Decimal9', { mantissa, exponent: tenths9 }, since9);
export const decimal9Null = composite('Decimal9NULL', { mantissa: mantissaNull, exponent: tenths9 }, since9);
export const decimalQty = composite(
  'DecimalQty',
  { mantissa: optional('mantissa', 'int32', 2147483647), exponent: constant('exponent', 'int8', -4) },
  { semanticType: 'Qty' },
);

export const maturityMonthYear = composite(
  'MaturityMonthYear',
  {
    year: optional('year', 'uint16', 65535),
    month: optional('month', 'uint8', 255),
    day: optional('day', 'uint8', 255),
    week: optional('week', 'uint8', 255),
  },
  { semanticType: 'MonthYear' },
);

const uint8 = encoding('uint8', 'uint8');
const uint16 = encoding('uint16', 'uint16');

export const messageHeader = composite('messageHeader', {
  blockLength: uint16,
  templateId: uint16,
  schemaId: uint16,
  version: uint16,
});
export const groupSize = composite('groupSize', { blockLength: uint16, numInGroup: uint8 });
/** Five bytes of padding in the middle. */
export const groupSize8Byte = composite('groupSize8Byte', { blockLength: uint16, numInGroup: at(7, uint8) });

/** What ends with this message, of an event of several messages. */
export const matchEventIndicator = bitmap('MatchEventIndicator', 'uint8', {
  LastTradeMsg: 0,
  LastVolumeMsg: 1,
  LastQuoteMsg: 2,
  LastStatsMsg: 3,
  LastImpliedMsg: 4,
  RecoveryMsg: 5,
  Reserved: 6,
  EndOfEvent: 7,
});

export const settlPriceType = bitmap('SettlPriceType', 'uint8', {
  FinalDaily: renamed(0, { 8: 'Final' }),
  Actual: 1,
  Rounded: 2,
  Intraday: since(4, 3),
  ReservedBits: 4,
  NullValue: 7,
});

export const instAttribValue = bitmap('InstAttribValue', 'uint32', {
  ElectronicMatchEligible: 0,
  OrderCrossEligible: 1,
  BlockTradeEligible: 2,
  EFPEligible: 3,
  EBFEligible: 4,
  EFSEligible: 5,
  EFREligible: 6,
  OTCEligible: 7,
  iLinkIndicativeMassQuotingEligible: 8,
  NegativeStrikeEligible: 9,
  NegativePriceOutrightEligible: 10,
  IsFractional: 11,
  VolatilityQuotedOption: 12,
  RFQCrossEligible: 13,
  ZeroPriceOutrightEligible: 14,
  DecayingProductEligibility: 15,
  VariableProductEligibility: 16,
  DailyProductEligibility: 17,
  GTOrdersEligibility: 18,
  ImpliedMatchingEligibility: 19,
  TriangulationEligible: since(9, 20),
  VariableCabEligible: since(9, 21),
  InvertedBook: since(10, 22),
  IsAoNInstrument: since(10, 23),
  SEFRegulated: since(12, 24),
  MTFRegulated: since(12, 25),
  eFIXInstrument: since(12, 26),
  HedgeInstrument: since(12, 27),
});
