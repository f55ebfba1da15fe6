/**
 * Halts of single symbols, first trading of newcomers, operational halts, and the market-wide circuit breaker. In a
 * halt orders only leave the book. In the quotation period that follows they come as well, and may cross it; the cross
 * clears it, and trading goes on.
 */
import type { Agenda } from './agenda.js';
import type { Auctions } from './auctions.js';
import { maxPrice, onGrid, tickAt } from './listings.js';
import { halted, type Market, maxOrdersOfSymbol, quoting, trading } from './market.js';
import { ask, bid } from './order-books.js';
import type { OrderFlow } from './order-flow.js';
import type { TradingDay } from './trading-day.js';

const minuteNs = 60e9;
const secondNs = 1e9;
/** The reopening auction's collar: so much of the reference price, or so many 1/10,000 dollars. */
const collarPart = 0.05;
const leastCollar = 1500;
/** Orders of a quotation period lie so many steps either side of the reference price. */
const widestSteps = 3;
/** Above the highest bid an ask still finds a price. */
const highestBid = maxPrice - 100;
const mostTold = 8;
/** A halt takes at most such a part of the messages that are not promised. */
const partOfFree = 0.25;

interface Reasons {
  readonly state: string;
  readonly halt: readonly string[];
  readonly quote: string;
  readonly resume: string;
}

/** Appendix C of the specification. */
const volatility: Reasons = { state: 'P', halt: ['LUDP'], quote: 'T7', resume: 'R2' };
const straddle: Reasons = { state: 'P', halt: ['LUDS'], quote: 'T7', resume: 'R2' };
const news: Reasons = { state: 'H', halt: ['T1', 'T2'], quote: 'T3', resume: 'R2' };
const activity: Reasons = { state: 'H', halt: ['T6'], quote: 'T3', resume: 'R2' };
const newcomer: Reasons = { state: 'H', halt: ['IPO1'], quote: 'IPOQ', resume: 'R1' };
const marketWide: Reasons = { state: 'H', halt: ['MWC1'], quote: 'MWCQ', resume: 'MWCQ' };
const singleKinds = [volatility, volatility, volatility, volatility, straddle, news, activity];

export class Halts {
  /** While the whole market stands still: when it goes on; else 0. */
  marketHaltedUntilNs = 0;
  private readonly promised: Int32Array;

  constructor(
    private readonly market: Market,
    private readonly flow: OrderFlow,
    private readonly auctions: Auctions,
    private readonly agenda: Agenda,
    private readonly day: TradingDay,
  ) {
    this.promised = new Int32Array(market.listings.count);
  }

  /** A halt or pause, to its resumption; left out where the symbol does not trade or messages are few. */
  halt(symbol: number, atNs: number): void {
    const { market, agenda } = this;
    const reasons = market.random.pick(singleKinds);
    const isPause = reasons.state === 'P';
    const extensions = isPause ? 2 + market.draw(3) : 0;
    const orders = 8 + market.draw(16);
    if (!market.isTrading(symbol) || !this.promise(symbol, orders, extensions)) return;
    const state = isPause && !market.listings.isNasdaqListed(symbol) ? 'H' : reasons.state;
    const stepNs = 5 * minuteNs * this.day.scale;
    market.listings.price[symbol] = Math.max(2, onGrid(market.middle(symbol), 0));
    this.scripted(symbol, () => {
      market.setState(symbol, halted, state, reasons.halt[0]);
      if (isPause) this.collar(symbol, 0);
    });
    market.tally.halted(symbol, reasons.halt[0], market.queue.nowNs);
    for (let extension = 1; extension <= extensions; extension++) {
      agenda.plan(atNs + extension * stepNs, () => {
        this.scripted(symbol, () => this.collar(symbol, extension));
        return undefined;
      });
    }
    for (const [index, reason] of reasons.halt.slice(1).entries()) {
      agenda.plan(atNs + (index + 1) * stepNs, () => {
        this.scripted(symbol, () => market.setState(symbol, halted, 'H', reason));
        return undefined;
      });
    }
    this.planReopening(symbol, reasons, atNs + (extensions + 1.5) * stepNs, orders, stepNs * 0.75);
  }

  /** First trading of a newcomer, which the day begins halted. */
  planNewcomer(symbol: number, quoteNs: number, lengthNs: number): void {
    this.agenda.plan(quoteNs, () => {
      const orders = 24 + this.market.draw(40);
      if (this.promise(symbol, orders, 0)) this.planReopening(symbol, newcomer, quoteNs, orders, lengthNs);
      return undefined;
    });
  }

  /** An interruption on one market centre; on NASDAQ's own only cancellations come meanwhile. */
  haltOperationally(symbol: number, centre: string, atNs: number): void {
    const { market } = this;
    if (!market.isTrading(symbol) || market.free < 2) return;
    market.reserved++;
    if (centre === 'Q') market.operationallyHalted[symbol] = 1;
    market.queue.operationalHalt(symbol + 1, centre, 'H');
    this.agenda.plan(atNs + 4 * minuteNs * this.day.scale, () => {
      market.reserved--;
      market.operationallyHalted[symbol] = 0;
      market.queue.operationalHalt(symbol + 1, centre, 'T');
      return undefined;
    });
  }

  /** Level 1 of the circuit breaker: every symbol that trades is halted, quoted and crossed. */
  breachMarket(atNs: number, stepNs: number): void {
    const { market, agenda, day } = this;
    const { count } = market.listings;
    const quoteNs = atNs + 10 * minuteNs * day.scale;
    const resumeNs = Math.floor(atNs + 15 * minuteNs * day.scale);
    const isHalted = new Uint8Array(count);
    this.marketHaltedUntilNs = resumeNs + count * stepNs;
    market.reserved--;
    market.queue.mwcbStatus('1');
    const chain = (fromNs: number, messages: number, act: (symbol: number) => void): void => {
      let symbol = 0;
      agenda.plan(fromNs, (ns) => {
        act(symbol);
        market.reserved -= messages;
        return ++symbol < count ? ns + stepNs : undefined;
      });
    };
    chain(atNs + stepNs, 1, (symbol) => {
      if (!market.isTrading(symbol)) return;
      isHalted[symbol] = 1;
      market.setState(symbol, halted, 'H', marketWide.halt[0]);
      market.listings.price[symbol] = Math.max(2, onGrid(market.middle(symbol), 0));
      market.tally.halted(symbol, marketWide.halt[0], market.queue.nowNs);
    });
    chain(quoteNs, 1, (symbol) => {
      if (isHalted[symbol] === 1) market.setState(symbol, quoting, 'Q', marketWide.quote);
    });
    chain(resumeNs, 2, (symbol) => {
      if (isHalted[symbol] === 1) this.resume(symbol, marketWide);
    });
  }

  private planReopening(symbol: number, reasons: Reasons, quoteNs: number, orders: number, lengthNs: number): void {
    const { market, agenda } = this;
    agenda.plan(quoteNs, (ns) => {
      if (this.marketHaltedUntilNs > ns) return this.marketHaltedUntilNs;
      this.scripted(symbol, () => market.setState(symbol, quoting, 'Q', reasons.quote));
      const resumeNs = ns + lengthNs;
      let entered = 0;
      agenda.plan(ns + Math.floor(lengthNs / (orders + 1)), (orderNs) => {
        this.scripted(symbol, () => this.enter(symbol));
        return ++entered < orders ? orderNs + Math.floor(lengthNs / (orders + 1)) : undefined;
      });
      let told = 0;
      const everyNs = Math.max(secondNs * this.day.scale, Math.floor(lengthNs / (mostTold + 1)));
      agenda.plan(ns + everyNs, (tellNs) => {
        if (tellNs >= resumeNs) return undefined;
        this.scripted(symbol, () => this.auctions.tell(symbol, 'H'));
        return ++told < mostTold ? tellNs + everyNs : undefined;
      });
      agenda.plan(resumeNs, (crossNs) => {
        if (this.marketHaltedUntilNs > crossNs) return this.marketHaltedUntilNs;
        this.scripted(symbol, () => this.resume(symbol, reasons));
        market.reserved -= this.promised[symbol];
        this.promised[symbol] = 0;
        return undefined;
      });
      return undefined;
    });
  }

  private resume(symbol: number, reasons: Reasons): void {
    const { market } = this;
    this.auctions.cross(symbol, 'H');
    market.setState(symbol, trading, 'T', reasons.resume);
    market.tally.resumed(symbol, market.queue.nowNs);
  }

  /** Sets messages aside for all that the halt may write: at most every order of the book executes in its cross. */
  private promise(symbol: number, orders: number, extensions: number): boolean {
    const { market } = this;
    const ends = 5;
    const messages = market.books.liveOf[symbol] + 2 * orders + extensions + 1 + mostTold + ends;
    if (messages > market.free * partOfFree || !market.canSpare(market.books.liveOf[symbol])) return false;
    market.reserved += messages;
    this.promised[symbol] = messages;
    return true;
  }

  /** Writes what was promised. */
  private scripted(symbol: number, write: () => void): void {
    const { market } = this;
    const before = market.queue.written;
    write();
    const messages = market.queue.written - before;
    market.reserved -= messages;
    this.promised[symbol] -= messages;
  }

  private collar(symbol: number, extension: number): void {
    const { market } = this;
    const reference = market.listings.price[symbol];
    const band = Math.max(leastCollar, Math.floor(reference * collarPart)) * (1 + extension);
    const upper = onGrid(reference + band, 0);
    market.queue.collar(symbol + 1, reference, upper, Math.max(1, onGrid(reference - band, 1)), extension);
  }

  /** An order of the quotation period, which may cross the book. */
  private enter(symbol: number): void {
    const { market, flow } = this;
    const { books } = market;
    if (books.live === books.capacity || books.liveOf[symbol] >= maxOrdersOfSymbol) return;
    const reference = market.listings.price[symbol];
    const steps = market.draw(2 * widestSteps + 1) - widestSteps;
    const side = market.draw(2) === 0 ? bid : ask;
    const price = onGrid(Math.max(2, reference + steps * tickAt(reference)), side);
    market.add(symbol, side, Math.min(price, highestBid), flow.drawShares(), 0);
  }
}
