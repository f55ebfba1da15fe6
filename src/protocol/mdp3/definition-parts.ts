/**
 * What the instrument definitions of CME MDP 3.0 have in common.
 *
 * They begin alike up to the instrument's names, apart from the type of `UnderlyingProduct`, and end in the same
 * groups.
 */
import { eventType, securityTradingStatus, securityUpdateAction } from './enums.js';
import { repeating, tag } from './tags.js';
import * as type from './types.js';

/** Which definition this is, and of what channel and segment. */
export const update = [
  tag('MatchEventIndicator', type.matchEventIndicator, 0),
  tag('TotNumReports', type.uInt32Null, 1),
  tag('SecurityUpdateAction', securityUpdateAction, 5),
  tag('LastUpdateTime', type.uInt64, 6),
  tag('MDSecurityTradingStatus', securityTradingStatus, 14),
  tag('ApplID', type.int16, 15),
  tag('MarketSegmentID', type.uInt8, 17),
] as const;

/** What the instrument is called. */
export const instrument = [
  tag('SecurityExchange', type.securityExchange, 19),
  tag('SecurityGroup', type.securityGroup, 23),
  tag('Asset', type.asset, 29),
  tag('Symbol', type.symbol, 35),
  tag('SecurityID', type.int32, 55),
  tag('SecurityIDSource', type.securityIdSource),
  tag('SecurityType', type.securityType, 59),
  tag('CFICode', type.cfiCode, 65),
] as const;

/** Events of its life, books that are disseminated, what it is eligible for. */
export const commonGroups = [
  repeating('NoEvents', type.groupSize, 9, [tag('EventType', eventType, 0), tag('EventTime', type.uInt64, 1)]),
  repeating('NoMDFeedTypes', type.groupSize, 4, [
    tag('MDFeedType', type.mdFeedType, 0),
    tag('MarketDepth', type.int8, 3),
  ]),
  repeating('NoInstAttrib', type.groupSize, 4, [
    tag('InstAttribType', type.instAttribType),
    tag('InstAttribValue', type.instAttribValue, 0),
  ]),
] as const;

export const lotTypeRules = repeating('NoLotTypeRules', type.groupSize, 5, [
  tag('LotType', type.int8, 0),
  tag('MinLotSize', type.decimalQty, 1),
]);

export const underlyings = repeating('NoUnderlyings', type.groupSize, 24, [
  tag('UnderlyingSecurityID', type.int32, 0),
  tag('UnderlyingSecurityIDSource', type.securityIdSource),
  tag('UnderlyingSymbol', type.underlyingSymbol, 4),
]);
