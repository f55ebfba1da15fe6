/** What a session adds up as it goes: its trades. */
import type { TradeList } from './event-lists.js';
import type { Instrument } from './instruments.js';

/** One price that an incoming order traded at. */
export interface TradeRecord {
  readonly securityId: number;
  /** In the instrument's price steps. */
  readonly price: number;
  readonly quantity: number;
  /** Orders filled, the incoming one included; 0 where the message does not tell. */
  readonly orders: number;
  /** AggressorSide: 0 none, 1 buy, 2 sell. */
  readonly aggressor: number;
  /** TransactTime, in nanoseconds since midnight. */
  readonly timestampNs: number;
}

/** Trades kept one by one; those beyond are counted. */
export const maxTradeRecords = 10_000;

export class Tally {
  count = 0;
  quantity = 0;
  readonly records: TradeRecord[] = [];

  trade(instrument: Instrument, list: TradeList, index: number, timestampNs: number): void {
    this.add(instrument, list.price[index], list.qty[index], list.fills[index], list.aggressor, timestampNs);
  }

  add(
    { securityId }: Instrument,
    price: number,
    quantity: number,
    orders: number,
    aggressor: number,
    timestampNs: number,
  ): void {
    this.count++;
    this.quantity += quantity;
    if (this.records.length >= maxTradeRecords) return;
    this.records.push({ securityId, price, quantity, orders, aggressor, timestampNs });
  }
}
