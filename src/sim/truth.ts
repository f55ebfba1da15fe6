/** The truth about a session, as plain data: what whoever reads its file must find. */
import type { Market } from './market.js';
import { ask, bid, none } from './order-books.js';
import type { CrossRecord, HaltRecord, ShareFigures } from './tally.js';

/** Price in 1/10,000 dollars, shares and number of orders of one level. */
export type LevelTruth = readonly [price: number, shares: number, orders: number];

/** A symbol's book behind the last message; levels from the best to the worst. */
export interface BookTruth {
  readonly symbol: string;
  readonly locate: number;
  /** Printable shares: executions, trades and crosses. */
  readonly volume: number;
  readonly liveOrders: number;
  readonly bids: LevelTruth[];
  readonly asks: LevelTruth[];
}

export interface SessionTruth {
  readonly seed: number | string;
  readonly date: string;
  readonly messages: number;
  readonly messagesByType: Readonly<Record<string, number>>;
  /** Epoch stamps as decimal text, `seconds.nanoseconds`. */
  readonly first: string;
  readonly last: string;
  readonly shares: ShareFigures;
  readonly liveOrders: number;
  readonly peakLiveOrders: number;
  readonly crosses: readonly CrossRecord[];
  readonly halts: readonly HaltRecord[];
  /** Crosses and halts beyond the most that are kept. */
  readonly recordsLeftOut: number;
  readonly books: BookTruth[];
}

/** What the session knows beside its market; times in nanoseconds since midnight. */
export interface SessionFacts {
  readonly seed: number | string;
  readonly date: string;
  /** Epoch seconds. */
  readonly midnight: number;
  readonly firstNs: number;
  readonly lastNs: number;
}

export function describeTruth(market: Market, facts: SessionFacts): SessionTruth {
  const { queue, tally, books, listings } = market;
  const messagesByType: Record<string, number> = {};
  for (const [code, count] of queue.counts.entries()) {
    if (count > 0) messagesByType[String.fromCharCode(code)] = count;
  }
  return {
    seed: facts.seed,
    date: facts.date,
    messages: queue.written,
    messagesByType,
    first: stamp(facts.midnight, facts.firstNs),
    last: stamp(facts.midnight, facts.lastNs),
    shares: { ...tally.shares },
    liveOrders: books.live,
    peakLiveOrders: books.peakLive,
    crosses: [...tally.crosses],
    halts: tally.halts.map((halt) => ({ ...halt })),
    recordsLeftOut: tally.recordsLeftOut,
    books: listings.names.map((symbol, index) => ({
      symbol,
      locate: index + 1,
      volume: tally.volume[index],
      liveOrders: books.liveOf[index],
      bids: levels(market, index, bid),
      asks: levels(market, index, ask),
    })),
  };
}

function levels({ books }: Market, symbol: number, side: number): LevelTruth[] {
  const found: LevelTruth[] = [];
  for (let level = books.best[symbol * 2 + side]; level !== none; level = books.worse(level)) {
    found.push([books.levelPrice(level), books.levelShares(level), books.levelOrders(level)]);
  }
  return found;
}

function stamp(midnight: number, ns: number): string {
  const second = Math.floor(ns / 1e9);
  return `${midnight + second}.${String(ns - second * 1e9).padStart(9, '0')}`;
}
