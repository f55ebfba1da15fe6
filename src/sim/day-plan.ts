/** What a day has at its appointed times: the spins before it, system events, crosses, and who is halted when. */
import type { Random } from '../core/random.js';
import type { Action, Agenda } from './agenda.js';
import type { Auctions } from './auctions.js';
import type { Halts } from './halts.js';
import { halted, type Market, trading } from './market.js';
import type { OrderFlow } from './order-flow.js';
import { expected, leastMessages } from './proportions.js';
import type { TradingDay } from './trading-day.js';

const minuteNs = 60e9;
const secondNs = 1e9;
/** Fewer messages or symbols than these have no halts and no newcomers. */
const leastForHalts = 5000;
const leastSymbolsForHalts = 4;
const leastSymbolsForDirectListing = 8;
const messagesOfNewcomer = 2_000_000;
const mostNewcomers = 5;
/** Positions of market participants told for one symbol. */
const mostPositions = 40;
/** Shares of the NOII messages that come before the opening and the closing cross. */
const partBeforeOpen = 0.3;
const partBeforeClose = 0.65;
/** NOII messages come every five seconds, in the two minutes before the open and the ten before the close. */
const tellEveryNs = 5e9;
const openTellings = 24;
const closeTellings = 120;
/** Messages of a spin or of a cross are so far apart at most. */
const mostStepNs = 2000;
/** A spin may take such a part of the time before system hours. */
const spinPart = 16;
const mostDirectListingUpdates = 300;
/** Index points from which the circuit breaker's levels are 7, 13 and 20 % below. */
const indexPoints = 6000;
const price8 = 1e8;

export class DayPlan {
  /** Symbols that begin to trade on this day; the last is a direct listing where there are several. */
  readonly newcomers: readonly number[];
  private readonly halted: readonly number[];
  private readonly interrupted: readonly number[];
  private readonly stepNs: number;

  constructor(
    private readonly day: TradingDay,
    private readonly messages: number,
    private readonly symbols: number,
    private readonly random: Random,
    private readonly hasMarketHalt: boolean,
  ) {
    const drawn = new Set<number>();
    const isEventful = messages >= leastForHalts && symbols >= leastSymbolsForHalts;
    const others = Math.min(mostNewcomers, 1 + Math.floor(messages / messagesOfNewcomer));
    const newcomers = symbols < leastSymbolsForDirectListing ? 1 : Math.min(others + 1, Math.floor(symbols / 4));
    this.newcomers = isEventful ? this.drawSymbols(newcomers, drawn) : [];
    // Three halts in 100,000 messages have their H in proportion.
    const halts = atLeastOne(expected('H', messages) / 13, Math.floor(symbols / 4));
    this.halted = isEventful ? this.drawSymbols(halts, drawn) : [];
    const interruptions = atLeastOne(expected('h', messages) / 2, Math.floor(symbols / 8));
    this.interrupted = isEventful ? this.drawSymbols(interruptions, drawn) : [];
    const spinNs = day.systemStartNs - day.startNs;
    this.stepNs = Math.max(1, Math.min(mostStepNs, Math.floor(spinNs / (spinPart * symbols))));
  }

  /** Puts the day on the agenda. */
  enter(agenda: Agenda, market: Market, flow: OrderFlow, auctions: Auctions, halts: Halts): void {
    const { day } = this;
    market.reserved = leastMessages(this.symbols, this.hasMarketHalt);
    const event = (code: string): Action => {
      return () => {
        market.reserved--;
        market.queue.systemEvent(code.charCodeAt(0));
        return undefined;
      };
    };
    agenda.plan(day.startNs, event('O'));
    this.planSpins(agenda, market, flow);
    agenda.plan(day.systemStartNs, event('S'));
    agenda.plan(day.systemStartNs + (day.openNs - day.systemStartNs) * 0.9, () => {
      if (market.free > 0) this.tellLevels(market);
      return undefined;
    });
    agenda.plan(day.openNs, event('Q'));
    agenda.plan(day.closeNs, event('M'));
    this.planCross(agenda, market, auctions, day.openNs, 'O');
    this.planCross(agenda, market, auctions, day.closeNs, 'C');
    agenda.plan(day.systemEndNs, event('E'));
    agenda.plan(day.endNs, event('C'));
    this.planHalts(agenda, halts);
    this.planNewcomers(agenda, market, halts);
  }

  /** Directory, trading states, short sale states and market makers of every symbol, one spin behind the other. */
  private planSpins(agenda: Agenda, market: Market, flow: OrderFlow): void {
    const { queue, listings } = market;
    const positions = Math.min(mostPositions, Math.round((expected('L', this.messages) * 0.96) / this.symbols));
    const spins: ((symbol: number) => void)[] = [
      (symbol) => queue.directory(symbol + 1, listings.entries[symbol]),
      (symbol) => {
        const isNew = this.newcomers.includes(symbol);
        market.setState(symbol, isNew ? halted : trading, isNew ? 'H' : 'T', isNew ? 'IPO1' : '');
        if (isNew) market.tally.halted(symbol, 'IPO1', queue.nowNs);
      },
      (symbol) => {
        const isRestricted = market.draw(40) === 0;
        flow.shortSales[symbol] = isRestricted ? 1 : 0;
        queue.regSho(symbol + 1, isRestricted ? '2' : '0');
      },
    ];
    let fromNs = this.day.startNs + secondNs * this.day.scale;
    for (const spin of spins) {
      agenda.plan(
        fromNs,
        this.forEachSymbol((symbol) => {
          market.reserved--;
          spin(symbol);
        }),
      );
      fromNs += this.symbols * this.stepNs;
    }
    agenda.plan(
      fromNs,
      this.forEachSymbol((symbol) => {
        const first = market.draw(listings.mpids.length);
        for (let index = 0; index < positions && market.free > 0; index++) {
          const mpid = listings.mpids[(first + index) % listings.mpids.length];
          queue.participant(symbol + 1, mpid, index === 0 ? 'Y' : 'N', 'N', 'A');
        }
      }),
    );
  }

  /** NOII messages of all symbols in rounds, then their crosses. */
  private planCross(agenda: Agenda, market: Market, auctions: Auctions, atNs: number, type: string): void {
    const part = type === 'O' ? partBeforeOpen : partBeforeClose;
    const most = type === 'O' ? openTellings : closeTellings;
    const roomNs = atNs - (type === 'O' ? this.day.systemStartNs : this.day.openNs);
    const wanted = Math.round((expected('I', this.messages) * part) / this.symbols);
    const rounds = Math.min(wanted, 8 * most, Math.floor(roomNs / (4 * this.symbols * this.stepNs)));
    // More rounds than fit at the usual distance come closer together.
    const usualNs = Math.min(tellEveryNs, (tellEveryNs * most) / Math.max(1, rounds)) * this.day.scale;
    const everyNs = Math.floor(Math.min(usualNs, roomNs / (2 * rounds)));
    for (let round = 1; round <= rounds; round++) {
      agenda.plan(
        atNs - round * everyNs,
        this.forEachSymbol((symbol) => {
          if (market.isTrading(symbol) && market.free > 0) auctions.tell(symbol, type);
        }),
      );
    }
    agenda.plan(
      atNs + this.stepNs,
      this.forEachSymbol((symbol) => {
        if (market.isTrading(symbol)) auctions.cross(symbol, type);
        market.reserved--;
      }),
    );
  }

  private planHalts(agenda: Agenda, halts: Halts): void {
    const { day, random } = this;
    const hoursNs = day.closeNs - day.openNs;
    const someTime = (): number => day.openNs + Math.floor(hoursNs * (0.05 + 0.65 * random.float()));
    for (const symbol of this.halted) {
      agenda.plan(someTime(), (ns) => {
        halts.halt(symbol, ns);
        return undefined;
      });
    }
    for (const symbol of this.interrupted) {
      const centre = random.pick(['Q', 'B', 'X']);
      agenda.plan(someTime(), (ns) => {
        halts.haltOperationally(symbol, centre, ns);
        return undefined;
      });
    }
    if (!this.hasMarketHalt) return;
    agenda.plan(day.openNs + Math.floor(hoursNs * 0.4), (ns) => {
      halts.breachMarket(ns, this.stepNs);
      return undefined;
    });
  }

  /** Quoting periods announced in the morning, quotations from 10:10 on, and what a direct listing tells besides. */
  private planNewcomers(agenda: Agenda, market: Market, halts: Halts): void {
    const { day } = this;
    const minute = minuteNs * day.scale;
    for (const [index, symbol] of this.newcomers.entries()) {
      const quoteNs = day.openNs + Math.floor((40 + 5 * index) * minute);
      const price = market.listings.price[symbol];
      const announce = (releaseNs: number): Action => {
        return () => {
          if (market.free > 0) market.queue.quotingPeriod(symbol + 1, Math.ceil(releaseNs / secondNs), price);
          return undefined;
        };
      };
      const lengthNs = Math.floor(12 * minute);
      agenda.plan(day.openNs - Math.floor((day.openNs - day.systemStartNs) / 3), announce(quoteNs - 10 * minute));
      agenda.plan(day.openNs + Math.floor(10 * minute), announce(quoteNs));
      halts.planNewcomer(symbol, quoteNs, lengthNs);
      if (this.newcomers.length > 1 && index === this.newcomers.length - 1) {
        this.planDirectListing(agenda, market, symbol, quoteNs, lengthNs);
      }
    }
  }

  private planDirectListing(agenda: Agenda, market: Market, symbol: number, quoteNs: number, lengthNs: number): void {
    const price = market.listings.price[symbol];
    const updates = atLeastOne(expected('O', this.messages), mostDirectListingUpdates);
    const everyNs = Math.min(secondNs * this.day.scale, Math.floor(lengthNs / (updates + 1)));
    let told = 0;
    agenda.plan(quoteNs + everyNs, (ns) => {
      const nearNs = Math.floor(quoteNs + lengthNs);
      if (market.free > 0)
        market.queue.directListing(symbol + 1, price - Math.ceil(price / 5), price * 2, price, nearNs);
      return ++told < updates ? ns + everyNs : undefined;
    });
  }

  private tellLevels(market: Market): void {
    const percent = (indexPoints + this.random.below(1000)) * (price8 / 100);
    market.queue.declineLevels(percent * 93, percent * 87, percent * 80);
  }

  /** An action for one symbol after the other. */
  private forEachSymbol(act: (symbol: number) => void): Action {
    let symbol = 0;
    return (ns) => {
      act(symbol);
      return ++symbol < this.symbols ? ns + this.stepNs : undefined;
    };
  }

  private drawSymbols(count: number, drawn: Set<number>): number[] {
    const symbols: number[] = [];
    while (symbols.length < count) {
      const symbol = this.random.below(this.symbols);
      if (drawn.has(symbol)) continue;
      drawn.add(symbol);
      symbols.push(symbol);
    }
    return symbols;
  }
}

function atLeastOne(wanted: number, most: number): number {
  return Math.max(1, Math.min(Math.round(wanted), most));
}
