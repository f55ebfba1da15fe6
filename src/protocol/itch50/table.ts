/** NASDAQ TotalView-ITCH 5.0 as one table: the messages in the specification's order. */
import { protocol } from '../../schema/table.js';
import * as messages from './messages.js';

/** The protocol's table, from which everything about ITCH 5.0 derives. */
export const itch50Table = protocol({
  id: 'itch50',
  name: 'ITCH 5.0',
  version: 'NASDAQ TotalView-ITCH 5.0, 19 February 2026',
  timestamp: 'timestamp',
  messages: [
    messages.systemEvent,
    messages.stockDirectory,
    messages.stockTradingAction,
    messages.regShoRestriction,
    messages.marketParticipantPosition,
    messages.mwcbDeclineLevel,
    messages.mwcbStatus,
    messages.quotingPeriodUpdate,
    messages.luldAuctionCollar,
    messages.operationalHalt,
    messages.addOrder,
    messages.addOrderMpid,
    messages.orderExecuted,
    messages.orderExecutedWithPrice,
    messages.orderCancel,
    messages.orderDelete,
    messages.orderReplace,
    messages.trade,
    messages.crossTrade,
    messages.brokenTrade,
    messages.netOrderImbalanceIndicator,
    messages.retailInterest,
    messages.directListingWithCapitalRaise,
  ],
});

/** The table's type: message names, field names and kinds. */
export type Itch50Table = typeof itch50Table;
