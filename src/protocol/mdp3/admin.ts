/** CME MDP 3.0 messages of channels and sessions, states of instruments, and quote requests. */
import { message } from '../../schema/sbe/table.js';
import {
  aggressorFlag,
  haltReason,
  securityTradingEvent,
  securityTradingStatus,
  side,
  workupTradingStatus,
} from './enums.js';
import { repeating, tag } from './tags.js';
import * as type from './types.js';

/** Books and statistics of the channel start anew. */
export const channelReset4 = message(
  4,
  'ChannelReset4',
  9,
  [tag('TransactTime', type.uInt64, 0), tag('MatchEventIndicator', type.matchEventIndicator, 8)],
  {
    semanticType: 'X',
    groups: [
      repeating('NoMDEntries', type.groupSize, 2, [
        tag('MDUpdateAction', type.mdUpdateTypeNew, 0, { sinceVersion: 2 }),
        tag('MDEntryType', type.mdEntryTypeChannelReset),
        tag('ApplID', type.int16, 0, { sinceVersion: 3 }),
      ]),
    ],
  },
);

export const adminHeartbeat12 = message(12, 'AdminHeartbeat12', 0, [], { semanticType: '0' });

export const adminLogin15 = message(15, 'AdminLogin15', 1, [tag('HeartBtInt', type.int8, 0)], { semanticType: 'A' });

export const adminLogout16 = message(16, 'AdminLogout16', 180, [tag('Text', type.text180, 0)], { semanticType: '5' });

export const securityStatus30 = message(
  30,
  'SecurityStatus30',
  30,
  [
    tag('TransactTime', type.uInt64, 0),
    tag('SecurityGroup', type.securityGroup, 8),
    tag('Asset', type.asset, 14),
    tag('SecurityID', type.int32Null, 20),
    tag('TradeDate', type.localMktDate, 24),
    tag('MatchEventIndicator', type.matchEventIndicator, 26),
    tag('SecurityTradingStatus', securityTradingStatus, 27),
    tag('HaltReason', haltReason, 28),
    tag('SecurityTradingEvent', securityTradingEvent, 29),
  ],
  { semanticType: 'f', sinceVersion: 2 },
);

export const quoteRequest39 = message(
  39,
  'QuoteRequest39',
  35,
  [
    tag('TransactTime', type.uInt64, 0),
    tag('QuoteReqID', type.quoteReqId, 8),
    tag('MatchEventIndicator', type.matchEventIndicator, 31),
  ],
  {
    semanticType: 'R',
    sinceVersion: 3,
    groups: [
      repeating('NoRelatedSym', type.groupSize, 32, [
        tag('Symbol', type.symbol, 0),
        tag('SecurityID', type.int32, 20),
        tag('OrderQty', type.int32Null, 24),
        tag('QuoteType', type.int8, 28),
        tag('Side', type.int8Null, 29),
      ]),
    ],
  },
);

/** The state of a workup: trading at one price after a trade. */
export const securityStatusWorkup60 = message(
  60,
  'SecurityStatusWorkup60',
  30,
  [
    tag('TransactTime', type.uInt64, 0),
    tag('MDEntryPx', type.priceNull9, 8),
    tag('SecurityID', type.int32, 16),
    tag('MatchEventIndicator', type.matchEventIndicator, 20),
    tag('TradeDate', type.localMktDate, 21),
    tag('TradeLinkID', type.uInt32, 23),
    tag('SecurityTradingStatus', workupTradingStatus, 27),
    tag('HaltReason', haltReason, 28),
    tag('SecurityTradingEvent', securityTradingEvent, 29),
  ],
  {
    semanticType: 'f',
    sinceVersion: 10,
    groups: [
      repeating('NoOrderIDEntries', type.groupSize, 10, [
        tag('OrderID', type.uInt64, 0),
        tag('Side', side, 8),
        tag('AggressorIndicator', aggressorFlag, 9),
      ]),
    ],
  },
);
