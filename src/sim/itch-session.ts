/**
 * A day of NASDAQ TotalView-ITCH 5.0 (specification of 19 February 2026) made from a seed: as many messages as asked
 * for, consistent with each other as a market's are, in the proportions and with the bursts of a real day. The same
 * options give the same bytes on every platform. Memory does not grow with the number of messages.
 */
import { UsageError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { newYorkMidnight, parseDate } from '../core/time.js';
import { Agenda } from './agenda.js';
import { Auctions } from './auctions.js';
import { DayPlan } from './day-plan.js';
import { Halts } from './halts.js';
import { Listings, maxPrice, maxSymbols } from './listings.js';
import { Market } from './market.js';
import { OrderFlow } from './order-flow.js';
import { Pace } from './pace.js';
import { defaultSymbols, leastMessages } from './proportions.js';
import { type DayOptions, slicesOf, type TradingDay, tradingDay } from './trading-day.js';
import { describeTruth, type SessionTruth } from './truth.js';

/** What a session is made from; everything has a default but the number of messages. */
export interface ItchSessionOptions extends DayOptions {
  readonly messages: number;
  /** Symbols that are listed, at most 65,535; in proportion to the messages where absent. */
  readonly symbols?: number;
  readonly seed?: number | string;
  /** `YYYY-MM-DD`. */
  readonly date?: string;
  /** Prices that symbols begin the day with, in dollars; 0.50 to 600. */
  readonly lowestPrice?: number;
  readonly highestPrice?: number;
  /** Breaches level 1 of the market-wide circuit breaker in the middle of the day. */
  readonly marketWideHalt?: boolean;
  /** Orders live at once at most; 262,144. */
  readonly liveOrders?: number;
}

export const defaultSeed = 1;
export const defaultDate = '2026-01-05';
const defaultLowestPrice = 0.5;
const defaultHighestPrice = 600;
const unitsPerDollar = 10_000;
/** Deletions behind the end of system hours: such a part of the messages, and at most so many. */
const keptPart = 1 / 2000;
const mostKept = 200;
const leastLiveOrders = 1024;

/** A pull source of messages: `next()` sets the fields, which hold until it is called again. */
export class ItchSession {
  readonly view: DataView;
  offset = 0;
  length = 0;
  /** The exchange's time as an epoch stamp. */
  seconds = 0;
  nanoseconds = 0;
  /** Messages taken so far. */
  count = 0;
  readonly messages: number;
  readonly symbols: number;
  readonly date: string;
  readonly seed: number | string;
  private readonly midnight: number;
  private readonly market: Market;
  private readonly agenda = new Agenda();
  private readonly pace: Pace;
  private readonly flow: OrderFlow;
  private readonly halts: Halts;
  private firstNs = 0;
  private lastNs = 0;

  constructor(options: ItchSessionOptions) {
    const day = tradingDay(options);
    this.messages = options.messages;
    this.symbols = options.symbols ?? defaultSymbols(this.messages);
    this.seed = options.seed ?? defaultSeed;
    this.date = parseDate(options.date ?? defaultDate);
    this.midnight = newYorkMidnight(this.date);
    refuse(options, this.symbols);
    const random = new Random(this.seed);
    const plan = new DayPlan(day, this.messages, this.symbols, random, options.marketWideHalt ?? false);
    const listings = new Listings(this.symbols, random, priceRange(options), plan.newcomers);
    const kept = Math.min(mostKept, Math.floor(this.messages * keptPart));
    this.market = new Market(listings, random, { messages: this.messages, kept, liveOrders: options.liveOrders });
    this.view = this.market.queue.view;
    this.pace = new Pace(slicesOf(day), random);
    this.flow = new OrderFlow(this.market, this.pace);
    const auctions = new Auctions(this.market);
    this.halts = new Halts(this.market, this.flow, auctions, this.agenda, day);
    plan.enter(this.agenda, this.market, this.flow, auctions, this.halts);
    this.advance(day);
  }

  /** Moves on to the next message; false behind the last. */
  next(): boolean {
    const { market } = this;
    const { queue } = market;
    if (this.count === this.messages) return false;
    while (queue.isEmpty) this.produce();
    queue.take();
    this.offset = queue.offset;
    this.length = queue.length;
    const second = Math.floor(queue.timestampNs / 1e9);
    this.seconds = this.midnight + second;
    this.nanoseconds = queue.timestampNs - second * 1e9;
    this.lastNs = queue.timestampNs;
    if (this.count++ === 0) this.firstNs = this.lastNs;
    return true;
  }

  /** What a reader of the session must find; complete behind the last message. */
  truth(): SessionTruth {
    const { seed, date, midnight, firstNs, lastNs } = this;
    return describeTruth(this.market, { seed, date, midnight, firstNs, lastNs });
  }

  /** Lets happen whatever is next: something planned, or a message of the order flow. */
  private produce(): void {
    const { agenda, pace, market } = this;
    const { queue } = market;
    const plannedNs = agenda.nextNs;
    if (plannedNs <= pace.nextNs) {
      if (plannedNs === Number.POSITIVE_INFINITY) throw new Error('the day ended before its messages were made');
      queue.nowNs = Math.max(queue.nowNs, plannedNs);
      agenda.runNext();
      pace.postpone(this.halts.marketHaltedUntilNs);
      return;
    }
    queue.nowNs = Math.max(queue.nowNs, pace.nextNs);
    const isWanted = pace.isAfterEnd ? market.spare > 0 : market.free > 0;
    if (isWanted) this.flow.message();
    pace.advance(queue.nowNs, market.spare, market.kept);
  }

  private advance(day: TradingDay): void {
    this.pace.advance(day.systemStartNs, this.market.spare, this.market.kept);
  }
}

function priceRange({ lowestPrice = defaultLowestPrice, highestPrice = defaultHighestPrice }: ItchSessionOptions) {
  return { lowest: Math.round(lowestPrice * unitsPerDollar), highest: Math.round(highestPrice * unitsPerDollar) };
}

/** Throws UsageError for what no session can be. */
function refuse(options: ItchSessionOptions, symbols: number): void {
  const { messages, liveOrders = leastLiveOrders } = options;
  if (!Number.isInteger(symbols) || symbols < 1 || symbols > maxSymbols) {
    throw new UsageError('symbols', `a session has 1 to ${maxSymbols} symbols, not ${symbols}`);
  }
  const least = leastMessages(symbols, options.marketWideHalt ?? false);
  if (!Number.isSafeInteger(messages) || messages < least) {
    const text = `a session of ${symbols} ${symbols === 1 ? 'symbol' : 'symbols'} has at least ${least} messages`;
    throw new UsageError('messages', `${text}, not ${messages}`);
  }
  const { lowest, highest } = priceRange(options);
  if (!(lowest >= 2 && highest >= lowest && highest <= maxPrice)) {
    throw new UsageError('prices', 'prices begin at 0.0002 to 200000 dollars, the highest not below the lowest');
  }
  if (!(Number.isInteger(liveOrders) && liveOrders >= leastLiveOrders)) {
    throw new UsageError('live-orders', `at least ${leastLiveOrders} orders may be live at once`);
  }
}
