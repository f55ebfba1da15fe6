/**
 * What a suspicious reader of a session would check: a naive book builder over decoded messages that holds every one of
 * them against the rules of the market. It shares nothing with the generator but the message table.
 */

import { itch50 } from '../../src/protocol/itch50/index.js';
import type { ItchSession } from '../../src/sim/itch-session.js';
import type { SessionTruth } from '../../src/sim/truth.js';

type Values = Record<string, string | number>;

interface Order {
  locate: number;
  side: string;
  price: number;
  shares: number;
}

interface Symbol {
  name: string;
  listing: Values;
  state: string;
  wasHalted: boolean;
  operational: boolean;
  shortSale: string;
  interest: string;
  /** By side: price to references in order of time. */
  levels: Record<string, Map<number, number[]>>;
  volume: number;
  /** Executions of a cross that no print has covered yet. */
  inCross: Record<string, number>;
  crossPrices: Set<number>;
  crossTimes: Set<number>;
  crosses: string[];
  collar: Values | null;
  announced: number;
}

export class MarketChecker {
  readonly counts: Record<string, number> = {};
  readonly problems: string[] = [];
  readonly orders = new Map<number, Order>();
  readonly symbols = new Map<number, Symbol>();
  events = '';
  peak = 0;
  private lastReference = 0;
  private lastNs = 0;
  private readonly matches = new Map<number, { kind: string; shares: number }>();
  private readonly shares = { executed: 0, executedInCrosses: 0, traded: 0, crossed: 0, printable: 0, broken: 0 };
  private readonly crosses: object[] = [];
  private readonly halts: { locate: number; reason: string; fromNs: number; untilNs: number | null }[] = [];
  private index = 0;
  private current = '';

  /** One message of the session with its stamp. */
  message(view: DataView, offset: number, length: number): void {
    const values = itch50.toObject(view, offset, length, { int64: 'number' }) as Values | null;
    this.index++;
    if (values === null) {
      this.problems.push(`message ${this.index} is none`);
      return;
    }
    const type = String(values.type);
    this.current = `${this.index} ${type} ${JSON.stringify(values)}`;
    this.counts[type] = (this.counts[type] ?? 0) + 1;
    const ns = Number(values.timestamp);
    this.expect(ns >= this.lastNs, 'time runs backwards');
    this.lastNs = ns;
    this.expect(this.index === 1 ? values.eventCode === 'O' : true, 'begins with O');
    this.expect(!this.events.endsWith('C'), 'nothing comes behind C');
    this.expect(!this.events.includes('E') || 'SDB'.includes(type), 'behind E only deletions and breaks');
    if (type === 'S' || type === 'V' || type === 'W') this.expect(values.stockLocate === 0, 'no stock is concerned');
    const handler = (this as unknown as Record<string, (values: Values) => void>)[`on${type}`];
    handler.call(this, values);
    this.peak = Math.max(this.peak, this.orders.size);
  }

  /** What the generator says of itself, as this reader found it. */
  truth(): Partial<SessionTruth> {
    return {
      messages: this.index,
      messagesByType: this.counts,
      shares: this.shares,
      liveOrders: this.orders.size,
      peakLiveOrders: this.peak,
      crosses: this.crosses as SessionTruth['crosses'],
      halts: this.halts,
      recordsLeftOut: 0,
      books: [...this.symbols].map(([locate, symbol]) => ({
        symbol: symbol.name,
        locate,
        volume: symbol.volume,
        liveOrders: [...this.orders.values()].filter((order) => order.locate === locate).length,
        bids: this.levelsOf(symbol, 'B'),
        asks: this.levelsOf(symbol, 'S'),
      })),
    };
  }

  /** What can only be said at the end. */
  finish(): void {
    this.current = 'at the end';
    this.expect(this.events === 'OSQMEC', `system events ${this.events}`);
    for (const symbol of this.symbols.values()) {
      this.expect(symbol.inCross.B === 0 && symbol.inCross.S === 0, `${symbol.name}: a cross has no print`);
      this.expect(!symbol.operational, `${symbol.name}: an operational halt never ends`);
    }
  }

  protected onS(values: Values): void {
    this.events += values.eventCode;
  }

  protected onR(values: Values): void {
    const locate = Number(values.stockLocate);
    this.expect(locate === this.symbols.size + 1, 'locate codes count from 1');
    this.expect(![...this.symbols.values()].some(({ name }) => name === values.stock), 'a symbol is listed twice');
    const isFund = values.etpFlag === 'Y';
    this.expect(isFund === Number(values.etpLeverageFactor) > 0, 'leverage is of funds');
    this.expect(isFund || values.inverseIndicator === 'N', 'only funds are inverse');
    const isNasdaq = 'QGS'.includes(String(values.marketCategory));
    this.expect(isNasdaq === (values.ipoFlag !== ''), 'the IPO flag is of NASDAQ listings');
    this.symbols.set(locate, {
      name: String(values.stock),
      listing: values,
      state: '',
      wasHalted: false,
      operational: false,
      shortSale: '',
      interest: '',
      levels: { B: new Map(), S: new Map() },
      volume: 0,
      inCross: { B: 0, S: 0 },
      crossPrices: new Set(),
      crossTimes: new Set(),
      crosses: [],
      collar: null,
      announced: 0,
    });
  }

  protected onH(values: Values): void {
    const symbol = this.symbolOf(values);
    const state = String(values.tradingState);
    const before = symbol.state;
    const allowed: Record<string, string> = { '': 'TH', T: 'HP', H: 'HQ', P: 'Q', Q: 'T' };
    this.expect(allowed[before].includes(state), `${state} does not follow "${before}"`);
    this.expect(
      state !== 'P' || 'QGS'.includes(String(symbol.listing.marketCategory)),
      'pauses are of NASDAQ listings',
    );
    if (state === 'H' || state === 'P') {
      if (before === '' || before === 'T') {
        this.halts.push({
          locate: Number(values.stockLocate),
          reason: String(values.reason),
          fromNs: Number(values.timestamp),
          untilNs: null,
        });
      }
      this.expect(before !== '' || symbol.listing.ipoFlag === 'Y', 'only newcomers begin halted');
      symbol.wasHalted = true;
      symbol.collar = null;
    }
    if (before === 'Q') {
      this.expect(symbol.crosses.at(-1) === `H${values.timestamp}`, 'trading goes on after a cross');
      const halt = this.halts.findLast(({ locate }) => locate === values.stockLocate);
      if (halt !== undefined) halt.untilNs = Number(values.timestamp);
    }
    if (before === '' && state === 'T') this.expect(symbol.listing.ipoFlag !== 'Y', 'newcomers begin halted');
    symbol.state = state;
    this.checkSpread(symbol);
  }

  protected onY(values: Values): void {
    const symbol = this.symbolOf(values);
    const action = String(values.regShoAction);
    this.expect(symbol.shortSale === '' ? action !== '1' : action === '1', 'the restriction begins within the day');
    this.expect(symbol.shortSale === '' || symbol.shortSale === '0', 'it is restricted already');
    symbol.shortSale = action;
  }

  protected onL(values: Values): void {
    this.symbolOf(values);
    this.expect(/^[A-Z]{4}$/.test(String(values.mpid)), 'MPID');
    this.expect('AEWSD'.includes(String(values.marketParticipantState)), 'state of a participant');
  }

  protected onV(values: Values): void {
    this.expect(this.counts.V === 1 && !this.events.includes('Q'), 'levels are told once, before the open');
    const { level1, level2, level3 } = values;
    this.expect(level1 > level2 && level2 > level3 && Number(level3) > 0, 'levels fall');
  }

  protected onW(values: Values): void {
    this.expect(this.counts.W === 1 && values.breachedLevel === '1', 'level 1 is breached once');
  }

  protected onK(values: Values): void {
    const symbol = [...this.symbols.values()].find(({ name }) => name === values.stock);
    this.expect(values.stockLocate === 0 && symbol?.state === 'H' && symbol.listing.ipoFlag === 'Y', 'K of a newcomer');
    if (symbol === undefined) return;
    symbol.announced = Number(values.ipoQuotationReleaseTime);
    this.expect(symbol.announced * 1e9 >= Number(values.timestamp) && Number(values.ipoPrice) > 0, 'is to come');
  }

  protected onJ(values: Values): void {
    const symbol = this.symbolOf(values);
    this.expect('HP'.includes(symbol.state), 'collars are of pauses');
    const extension = Number(values.auctionCollarExtension);
    this.expect(
      extension === (symbol.collar === null ? 0 : Number(symbol.collar.auctionCollarExtension) + 1),
      'extension',
    );
    const {
      auctionCollarReferencePrice: middle,
      upperAuctionCollarPrice: upper,
      lowerAuctionCollarPrice: lower,
    } = values;
    this.expect(lower < middle && middle < upper, 'the collar is around its reference');
    symbol.collar = values;
  }

  protected onh(values: Values): void {
    const symbol = this.symbolOf(values);
    const isHalt = values.operationalHaltAction === 'H';
    if (values.marketCode !== 'Q') return;
    this.expect(isHalt !== symbol.operational, 'operational halts alternate');
    symbol.operational = isHalt;
  }

  protected onA(values: Values): void {
    const symbol = this.symbolOf(values);
    const reference = this.newReference(values.orderReferenceNumber);
    this.expect(this.isOpen() && this.takesOrders(symbol), 'orders are not taken');
    const { buySellIndicator: side, price, shares } = values;
    this.enter(symbol, reference, Number(values.stockLocate), String(side), Number(price), Number(shares));
  }

  protected onF(values: Values): void {
    this.expect(/^[A-Z]{4}$/.test(String(values.attribution)), 'attribution');
    this.expect(this.symbolOf(values).state === 'T', 'attributed orders while it trades');
    this.onA(values);
  }

  protected onU(values: Values): void {
    const symbol = this.symbolOf(values);
    const original = Number(values.originalOrderReferenceNumber);
    const order = this.orderOf(original, values);
    const reference = this.newReference(values.newOrderReferenceNumber);
    this.expect(this.isOpen() && symbol.state === 'T' && !symbol.operational, 'orders are not replaced');
    this.expect(order.price !== values.price || order.shares !== values.shares, 'replaced by the same');
    this.leave(symbol, original, order);
    this.enter(symbol, reference, order.locate, order.side, Number(values.price), Number(values.shares));
  }

  protected onE(values: Values): void {
    const { symbol, shares } = this.executes(values);
    this.expect(symbol.state === 'T' && !symbol.operational, 'executed in a halt');
    this.match(values, 'E', shares);
    this.shares.executed += shares;
    this.print(symbol, shares);
  }

  protected onC(values: Values): void {
    const price = Number(values.executionPrice);
    const reference = Number(values.orderReferenceNumber);
    const shown = this.orders.get(reference);
    const symbolBefore = this.symbolOf(values);
    const best = this.best(symbolBefore, 'B');
    const offered = this.best(symbolBefore, 'S');
    const { symbol, shares, side } = this.executes(values);
    this.match(values, values.printable === 'Y' ? 'C' : 'cross', shares);
    if (values.printable === 'Y') {
      this.expect(symbol.state === 'T' && !symbol.operational, 'executed in a halt');
      this.expect(price !== shown?.price, 'at its own price an order has no C');
      this.expect(price > best && (offered === 0 || price < offered), 'executed outside of the spread');
      this.shares.executed += shares;
      this.print(symbol, shares);
      return;
    }
    this.expect(side === 'B' ? price <= Number(shown?.price) : price >= Number(shown?.price), 'worse than its limit');
    this.shares.executedInCrosses += shares;
    symbol.inCross[side] += shares;
    symbol.crossPrices.add(price);
    symbol.crossTimes.add(Number(values.timestamp));
  }

  protected onX(values: Values): void {
    const reference = Number(values.orderReferenceNumber);
    const order = this.orderOf(reference, values);
    const shares = Number(values.cancelledShares);
    this.expect(this.isOpen() && shares > 0 && shares < order.shares, 'a partial cancellation leaves some');
    order.shares -= shares;
  }

  protected onD(values: Values): void {
    const reference = Number(values.orderReferenceNumber);
    const order = this.orderOf(reference, values);
    this.leave(this.symbolOf(values), reference, order);
  }

  protected onP(values: Values): void {
    const symbol = this.symbolOf(values);
    const shares = Number(values.shares);
    const price = Number(values.price);
    this.expect(this.isOpen() && symbol.state === 'T' && !symbol.operational, 'traded in a halt');
    const isInside = price >= this.best(symbol, 'B') && price <= this.best(symbol, 'S');
    this.expect(isInside && this.best(symbol, 'B') > 0, 'traded outside of the spread');
    this.expect(values.orderReferenceNumber === 0 && values.buySellIndicator === 'B' && shares > 0, 'P');
    this.match(values, 'P', shares);
    this.shares.traded += shares;
    this.print(symbol, shares);
  }

  protected onQ(values: Values): void {
    const symbol = this.symbolOf(values);
    const type = String(values.crossType);
    const shares = Number(values.shares);
    const price = Number(values.crossPrice);
    const ns = Number(values.timestamp);
    const { inCross, collar } = symbol;
    this.match(values, 'Q', shares);
    this.expect(shares >= Math.max(inCross.B, inCross.S), 'the print covers its executions');
    this.expect(shares > 0 ? price > 0 : price === 0, 'a price where there are shares');
    for (const executed of symbol.crossPrices) this.expect(executed === price, 'one price in a cross');
    for (const executed of symbol.crossTimes) this.expect(executed === ns, 'one time in a cross');
    if (type === 'H') this.expect(symbol.state === 'Q', 'a reopening cross ends a quotation period');
    else this.expect(symbol.state === 'T' && this.events.endsWith(type === 'O' ? 'Q' : 'M'), 'the time of a cross');
    this.expect(type === 'H' || !symbol.crosses.some((cross) => cross.startsWith(type)), 'one cross of a kind');
    if (type === 'H' && collar !== null && price > 0) {
      const { lowerAuctionCollarPrice: lower, upperAuctionCollarPrice: upper } = collar;
      this.expect(price >= Number(lower) && price <= Number(upper), 'reopened outside of the collar');
    }
    const best = this.best(symbol, 'B');
    const offered = this.best(symbol, 'S');
    if (price > 0) this.expect(best <= price && (offered === 0 || offered >= price), 'better orders were left out');
    this.expect(offered === 0 || best < offered, 'the book is crossed behind a cross');
    symbol.crosses.push(`${type}${ns}`);
    inCross.B = 0;
    inCross.S = 0;
    symbol.crossPrices.clear();
    symbol.crossTimes.clear();
    this.shares.crossed += shares;
    this.print(symbol, shares);
    this.crosses.push({ locate: values.stockLocate, type, price, shares, timestampNs: ns });
  }

  protected onB(values: Values): void {
    const match = this.matches.get(Number(values.matchNumber));
    this.expect(match !== undefined && 'ECP'.includes(match.kind), 'what is broken was executed');
    if (match === undefined) return;
    this.shares.broken += match.shares;
    match.kind = 'broken';
  }

  protected onI(values: Values): void {
    const symbol = this.symbolOf(values);
    const { crossType: type, imbalanceDirection: direction } = values;
    const near = Number(values.nearPrice);
    const reference = Number(values.currentReferencePrice);
    const before: Record<string, string> = { O: 'S', C: 'Q' };
    if (type === 'H') this.expect(symbol.state === 'Q', 'told in the quotation period');
    else this.expect(symbol.state === 'T' && this.events.endsWith(before[String(type)]), 'told before the cross');
    if (direction === 'O') {
      const isBlank = near === 0 && values.farPrice === 0 && values.pairedShares === 0 && values.imbalanceShares === 0;
      this.expect(isBlank && values.priceVariationIndicator === '', 'without orders nothing is known');
      return;
    }
    this.expect((direction === 'N') === (values.imbalanceShares === 0), 'direction of an imbalance');
    const percent = (100 * Math.abs(near - reference)) / reference;
    const code =
      percent < 1 ? 'L' : percent < 10 ? String(Math.floor(percent)) : percent < 20 ? 'A' : percent < 30 ? 'B' : 'C';
    this.expect(near > 0 && values.priceVariationIndicator === code, 'price variation');
  }

  protected onN(values: Values): void {
    const symbol = this.symbolOf(values);
    this.expect(values.interestFlag !== symbol.interest, 'interest has changed');
    symbol.interest = String(values.interestFlag);
  }

  protected onO(values: Values): void {
    const symbol = this.symbolOf(values);
    this.expect(symbol.listing.ipoFlag === 'Y' && 'HQ'.includes(symbol.state), 'a direct listing before it trades');
    const { minimumAllowablePrice: lowest, nearExecutionPrice: near, maximumAllowablePrice: highest } = values;
    this.expect(lowest < near && near < highest, 'within the range');
  }

  private executes(values: Values): { symbol: Symbol; shares: number; side: string } {
    const symbol = this.symbolOf(values);
    const reference = Number(values.orderReferenceNumber);
    const order = this.orderOf(reference, values);
    const shares = Number(values.executedShares);
    this.expect(this.isOpen() && shares > 0 && shares <= order.shares, 'more than is open');
    this.expect(order.price === this.best(symbol, order.side), 'not at the best level');
    this.expect(symbol.levels[order.side].get(order.price)?.[0] === reference, 'not the first of its level');
    order.shares -= shares;
    if (order.shares === 0) this.leave(symbol, reference, order);
    return { symbol, shares, side: order.side };
  }

  private enter(symbol: Symbol, reference: number, locate: number, side: string, price: number, shares: number): void {
    this.expect(price > 0 && shares > 0 && (price < 10_000 || price % 100 === 0), 'price and shares');
    this.orders.set(reference, { locate, side, price, shares });
    const levels = symbol.levels[side];
    const level = levels.get(price);
    if (level === undefined) levels.set(price, [reference]);
    else level.push(reference);
    this.checkSpread(symbol);
  }

  private leave(symbol: Symbol, reference: number, order: Order): void {
    this.orders.delete(reference);
    const levels = symbol.levels[order.side];
    const level = levels.get(order.price) ?? [];
    level.splice(level.indexOf(reference), 1);
    if (level.length === 0) levels.delete(order.price);
  }

  private checkSpread(symbol: Symbol): void {
    if (symbol.state !== 'T') return;
    const offered = this.best(symbol, 'S');
    this.expect(offered === 0 || this.best(symbol, 'B') < offered, 'the book is locked or crossed');
  }

  private best(symbol: Symbol, side: string): number {
    let best = 0;
    for (const price of symbol.levels[side].keys()) {
      if (best === 0 || (side === 'B' ? price > best : price < best)) best = price;
    }
    return best;
  }

  private levelsOf(symbol: Symbol, side: string): [number, number, number][] {
    const levels = [...symbol.levels[side]].sort(([a], [b]) => (side === 'B' ? b - a : a - b));
    return levels.map(([price, references]) => {
      const shares = references.reduce((sum, reference) => sum + (this.orders.get(reference)?.shares ?? 0), 0);
      return [price, shares, references.length];
    });
  }

  private takesOrders(symbol: Symbol): boolean {
    return (symbol.state === 'T' || symbol.state === 'Q') && !symbol.operational;
  }

  private isOpen(): boolean {
    return this.events.includes('S') && !this.events.includes('E');
  }

  private newReference(value: string | number): number {
    const reference = Number(value);
    this.expect(reference > this.lastReference, 'references increase');
    this.lastReference = reference;
    return reference;
  }

  private orderOf(reference: number, values: Values): Order {
    const order = this.orders.get(reference);
    if (order === undefined) throw new Error(`no such order is live: ${this.current}`);
    this.expect(order.locate === values.stockLocate, 'locate of the order');
    return order;
  }

  private symbolOf(values: Values): Symbol {
    const symbol = this.symbols.get(Number(values.stockLocate));
    if (symbol === undefined) throw new Error(`no such locate: ${this.current}`);
    if (values.stock !== undefined) this.expect(values.stock === symbol.name, 'symbol of the locate');
    return symbol;
  }

  private match(values: Values, kind: string, shares: number): void {
    const match = Number(values.matchNumber);
    this.expect(match > 0 && !this.matches.has(match), 'match numbers are unique');
    this.matches.set(match, { kind, shares });
  }

  private print(symbol: Symbol, shares: number): void {
    symbol.volume += shares;
    this.shares.printable += shares;
  }

  private expect(holds: boolean, what: string): void {
    if (!holds && this.problems.length < 20) this.problems.push(`${what}: ${this.current}`);
  }
}

/** Reads a session to its end through a checker. */
export function check(session: ItchSession): MarketChecker {
  const checker = new MarketChecker();
  while (session.next()) checker.message(session.view, session.offset, session.length);
  checker.finish();
  return checker;
}
