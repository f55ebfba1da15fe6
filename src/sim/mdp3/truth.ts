/** The truth about a session, as plain data: what whoever reads its packets must find. */
import { ask, bid, none } from '../order-books.js';
import type { Instrument } from './instruments.js';
import type { Market } from './market.js';
import { type FeedName, feedNames } from './packet-queue.js';
import { formatPrice } from './price-text.js';
import type { SessionClock } from './session-clock.js';

/** Price as a decimal, size and number of orders of one level. */
export type Mdp3LevelTruth = readonly [price: string, size: number, orders: number];
/** One order; the best first. */
export type Mdp3OrderTruth = readonly [orderId: number, price: string, size: number];

/** An instrument behind the last message; null for what never was. */
export interface Mdp3InstrumentTruth {
  readonly symbol: string;
  readonly securityId: number;
  readonly kind: string;
  readonly securityGroup: string;
  /** Of its latest entry on the incremental feed. */
  readonly rptSeq: number;
  /** SecurityTradingStatus. */
  readonly status: number;
  readonly volume: number;
  readonly trades: number;
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly highestBid: string | null;
  readonly lowestOffer: string | null;
  readonly last: string | null;
  readonly settlement: string;
  readonly clearedVolume: number;
  readonly openInterest: number;
  readonly impliedBid: readonly [price: string, size: number] | null;
  readonly impliedOffer: readonly [price: string, size: number] | null;
  /** Every level, of which a client by price sees the first ten. */
  readonly bids: Mdp3LevelTruth[];
  readonly offers: Mdp3LevelTruth[];
  /** Empty in versions that tell no orders. */
  readonly bidOrders: Mdp3OrderTruth[];
  readonly offerOrders: Mdp3OrderTruth[];
}

/** What a feed sent. */
export interface Mdp3FeedTruth {
  readonly feed: FeedName;
  readonly packets: number;
  readonly messages: number;
  /** MsgSeqNum of the latest packet. */
  readonly sequence: number;
  /** Whole rounds; 0 of the incremental feed. */
  readonly rounds: number;
}

/** A trade at one price. */
export interface Mdp3TradeTruth {
  readonly securityId: number;
  readonly price: string;
  readonly quantity: number;
  /** Filled, the incoming one included; 0 where the message does not tell. */
  readonly orders: number;
  /** AggressorSide. */
  readonly aggressor: number;
  /** TransactTime, `seconds.nanoseconds` since the epoch. */
  readonly time: string;
}

export interface Mdp3SessionTruth {
  readonly seed: number | string;
  readonly date: string;
  readonly schemaVersion: number;
  readonly channel: number;
  readonly messages: number;
  readonly messagesByTemplate: Readonly<Record<string, number>>;
  /** SendingTime of the first and last packet, `seconds.nanoseconds` since the epoch. */
  readonly first: string;
  readonly last: string;
  readonly feeds: readonly Mdp3FeedTruth[];
  readonly tradeCount: number;
  readonly tradeQuantity: number;
  readonly trades: readonly Mdp3TradeTruth[];
  /** Trades beyond the most that are listed. */
  readonly tradesLeftOut: number;
  readonly liveOrders: number;
  readonly peakLiveOrders: number;
  readonly instruments: readonly Mdp3InstrumentTruth[];
}

/** What the session knows beside its market; times in nanoseconds since midnight. */
export interface Mdp3Facts {
  readonly seed: number | string;
  readonly date: string;
  readonly schemaVersion: number;
  readonly channel: number;
  readonly clock: SessionClock;
  readonly firstNs: number;
  readonly lastNs: number;
  /** By feed. */
  readonly rounds: readonly number[];
}

export function describeMdp3Truth(market: Market, facts: Mdp3Facts): Mdp3SessionTruth {
  const { queue, tally, books, instruments } = market;
  const { clock } = facts;
  const bySecurityId = new Map(instruments.map((instrument) => [instrument.securityId, instrument]));
  return {
    seed: facts.seed,
    date: facts.date,
    schemaVersion: facts.schemaVersion,
    channel: facts.channel,
    messages: queue.written,
    messagesByTemplate: queue.messagesByTemplate(),
    first: clock.stamp(facts.firstNs),
    last: clock.stamp(facts.lastNs),
    feeds: feedNames.map((feed, index) => {
      const { packets, messages, sequence } = queue.feeds[index];
      return { feed, packets, messages, sequence, rounds: facts.rounds[index] };
    }),
    tradeCount: tally.count,
    tradeQuantity: tally.quantity,
    trades: tally.records.map(({ price, timestampNs, ...record }) => ({
      ...record,
      price: priceOf(bySecurityId.get(record.securityId) as Instrument, price),
      time: clock.stamp(timestampNs),
    })),
    tradesLeftOut: tally.count - tally.records.length,
    liveOrders: books.live,
    peakLiveOrders: books.peakLive,
    instruments: instruments.map((instrument) => describe(market, instrument)),
  };
}

function describe(market: Market, instrument: Instrument): Mdp3InstrumentTruth {
  const { index, symbol, securityId, kind, securityGroup, rptSeq, status, volume, trades } = instrument;
  const price = (steps: number | null) => (steps === null ? null : priceOf(instrument, steps));
  const { open, high, low, highestBid, lowestOffer, last, settlement, clearedVolume, openInterest } = instrument;
  const implied = (side: number) => {
    const size = market.implied.size[index * 2 + side];
    return size === 0 ? null : ([priceOf(instrument, market.implied.price[index * 2 + side]), size] as const);
  };
  return {
    symbol,
    securityId,
    kind,
    securityGroup,
    rptSeq,
    status,
    volume,
    trades,
    open: price(open),
    high: price(high),
    low: price(low),
    highestBid: price(highestBid),
    lowestOffer: price(lowestOffer),
    last: price(last),
    settlement: priceOf(instrument, settlement),
    clearedVolume,
    openInterest,
    impliedBid: implied(bid),
    impliedOffer: implied(ask),
    bids: levels(market, instrument, bid),
    offers: levels(market, instrument, ask),
    bidOrders: orders(market, instrument, bid),
    offerOrders: orders(market, instrument, ask),
  };
}

function levels({ books }: Market, instrument: Instrument, side: number): Mdp3LevelTruth[] {
  const found: Mdp3LevelTruth[] = [];
  for (let level = books.best[instrument.index * 2 + side]; level !== none; level = books.worse(level)) {
    found.push([priceOf(instrument, books.levelPrice(level)), books.levelShares(level), books.levelOrders(level)]);
  }
  return found;
}

function orders({ books }: Market, instrument: Instrument, side: number): Mdp3OrderTruth[] {
  const found: Mdp3OrderTruth[] = [];
  if (instrument.family.orderBook === null) return found;
  for (let order = books.head(instrument.index, side); order !== none; order = books.after(order)) {
    found.push([books.reference(order), priceOf(instrument, books.price(order)), books.shares(order)]);
  }
  return found;
}

function priceOf({ step, family }: Instrument, steps: number): string {
  return formatPrice(steps * step, family.decimals);
}
