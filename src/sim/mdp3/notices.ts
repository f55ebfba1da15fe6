/** Messages that come rarely, or carry no book: encoded from plain values. */
import type { SbeCodec } from '../../schema/sbe/codec.js';
import type { Instrument } from './instruments.js';
import type { Layouts, MessageLayout } from './layout.js';
import { incremental, type PacketQueue } from './packet-queue.js';
import { formatPrice } from './price-text.js';
import type { SessionClock } from './session-clock.js';

export const heartbeatTemplate = 12;
export const channelResetTemplate = 4;
export const statusTemplate = 30;
export const oldTradeTemplate = 36;
export const quoteRequestTemplate = 39;
export const workupTemplate = 60;
export const collateralTemplate = 62;

/** HaltReason. */
export const groupSchedule = 0;
export const surveillance = 1;
export const instrumentActivation = 3;

/** SecurityTradingEvent. */
export const noEvent = 0;
export const noCancel = 1;
export const impliedMatchingOn = 5;
const endOfWorkup = 7;

/** Securities priced in one message. */
const collateralEntries = 4;

type Values = Record<string, unknown>;

/** What a workup says: its status, its price, and the orders that began it. */
export interface WorkupNotice {
  readonly instrument: Instrument;
  readonly status: number;
  /** In price steps. */
  readonly price: number;
  readonly link: number;
  readonly orderIds: readonly number[];
}

export class Notices {
  private readonly heartbeatMessage: Uint8Array;

  constructor(
    private readonly layouts: Layouts,
    private readonly codec: SbeCodec,
    private readonly clock: SessionClock,
    private readonly queue: PacketQueue,
    private readonly channel: number,
  ) {
    this.heartbeatMessage = this.encode(layouts.get(heartbeatTemplate), {});
  }

  has(template: number): boolean {
    return this.layouts.find(template) !== undefined;
  }

  heartbeat(): void {
    this.queue.put(incremental, this.layouts.get(heartbeatTemplate), this.heartbeatMessage);
  }

  /** Of a group of instruments or, where one is given, of that alone. */
  status(of: Instrument, status: number, haltReason: number, event: number, isAlone = false): void {
    this.put(statusTemplate, {
      SecurityGroup: of.securityGroup,
      Asset: of.asset,
      SecurityID: isAlone ? of.securityId : null,
      TradeDate: this.clock.tradeDate,
      SecurityTradingStatus: status,
      HaltReason: haltReason,
      SecurityTradingEvent: event,
    });
  }

  quoteRequest(instrument: Instrument, id: number, qty: number | null, side: number | null): void {
    this.put(quoteRequestTemplate, {
      QuoteReqID: `TQ${String(id).padStart(10, '0')}`,
      NoRelatedSym: [
        {
          Symbol: instrument.symbol.slice(0, 20),
          SecurityID: instrument.securityId,
          OrderQty: qty,
          QuoteType: 1,
          Side: side,
        },
      ],
    });
  }

  channelReset(): void {
    this.put(channelResetTemplate, { NoMDEntries: [{ ApplID: this.channel }] });
  }

  workup({ instrument, status, price, link, orderIds }: WorkupNotice): void {
    const { step, family, securityId } = instrument;
    this.put(workupTemplate, {
      MDEntryPx: formatPrice(price * step, family.decimals),
      SecurityID: securityId,
      TradeDate: this.clock.tradeDate,
      TradeLinkID: link,
      SecurityTradingStatus: status,
      HaltReason: groupSchedule,
      SecurityTradingEvent: status === 17 ? endOfWorkup : noEvent,
      NoOrderIDEntries: orderIds.map((orderId, index) => ({
        OrderID: orderId,
        Side: index === 0 ? 'Buy' : 'Sell',
        AggressorIndicator: index === 0 ? 'Aggressor' : 'NotAggressor',
      })),
    });
  }

  /** Prices of securities lent against; `draw` moves them. */
  collateral(draw: (n: number) => number): void {
    this.put(collateralTemplate, {
      NoMDEntries: Array.from({ length: collateralEntries }, (_, index) => {
        const price = 97_000_000_000 + draw(4096) * 1_000_000;
        return {
          UnderlyingSecurityAltID: `91282R${String(index).padStart(3, '0')}`,
          UnderlyingSecurityAltIDSource: 'CUSIP',
          CollateralMarketPrice: formatPrice(price, 9),
          DirtyPrice: formatPrice(price + 515_000_000, 9),
          UnderlyingInstrumentGUID: String(7_000_000_000 + index),
          MDStreamID: 'MarketPlaceAssistant',
        };
      }),
    });
  }

  /** A trade in the template without orders; counts in the instrument's numbers. */
  oldTrade(instrument: Instrument, price: number, qty: number, tradeId: number): void {
    instrument.rptSeq++;
    this.put(oldTradeTemplate, {
      NoMDEntries: [
        {
          MDEntryPx: formatPrice(price * instrument.step, instrument.family.decimals),
          MDEntrySize: qty,
          SecurityID: instrument.securityId,
          RptSeq: instrument.rptSeq,
          NumberOfOrders: null,
          TradeID: tradeId,
          AggressorSide: 'NoAggressor',
          MDUpdateAction: 'New',
        },
      ],
    });
  }

  private put(template: number, values: Values): void {
    const layout = this.layouts.get(template);
    const { nowNs } = this.queue;
    const message = this.encode(layout, { TransactTime: this.clock.epochNs(nowNs), MatchEventIndicator: 0, ...values });
    this.queue.put(incremental, layout, message);
  }

  private encode({ id, name }: MessageLayout, values: Values): Uint8Array {
    return this.codec.encode({ templateId: id, name, ...values } as never);
  }
}
