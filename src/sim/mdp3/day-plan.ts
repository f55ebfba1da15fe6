/** What a session has at its appointed times: states, limits, statistics of the day, a halt, newcomers, a reset. */
import type { Action, Agenda } from '../agenda.js';
import { ask, bid, none } from '../order-books.js';
import type { Definitions } from './definitions.js';
import { FigureList, maxFigures, noFlag } from './event-lists.js';
import { lastStatsMsg, recoveryMsg } from './event-writer.js';
import type { Instrument } from './instruments.js';
import {
  type Market,
  mostOfEvent,
  statusClose,
  statusHalt,
  statusPostClose,
  statusPreOpen,
  statusReady,
} from './market.js';
import {
  collateralTemplate,
  groupSchedule,
  impliedMatchingOn,
  instrumentActivation,
  type Notices,
  noCancel,
  noEvent,
  oldTradeTemplate,
  surveillance,
  workupTemplate,
} from './notices.js';
import type { OrderFlow } from './order-flow.js';
import type { RecoveryLoops } from './recovery-loops.js';
import type { Mdp3Hours } from './session-clock.js';
import { indicativeOpen, openType } from './statistics.js';

const settlementType = 0x36;
const clearedVolumeType = 0x42;
const openInterestType = 0x43;
const fixingType = 0x57;
const limitsType = 0x67;
/** SettlPriceType: final of the day, actual. */
const finalActual = 0x03;
const privateWorkup = 201;
const publicWorkup = 202;
/** Messages of the appointed times by group, by newcomer, of a halt and of a workup. */
const ofGroup = 8;
const ofNewcomer = 3;
const ofHalt = 3;
const ofWorkup = 3;
/** Messages that tell an instrument's volume, book and statistics anew, at most; its orders are cut down to these. */
const ofRestatement = 10;
const keptOrders = 40;
/** Collateral is priced, and workups begin, so many times, where messages are free. */
const repetitions = 16;

/** What the plan sets in motion. */
export interface Parts {
  readonly market: Market;
  readonly flow: OrderFlow;
  readonly notices: Notices;
  readonly definitions: Definitions;
  readonly loops: RecoveryLoops;
}

export class DayPlan {
  private readonly groups: Instrument[][];
  private readonly figures = new FigureList();
  private link = 1;

  constructor(
    private readonly parts: Parts,
    private readonly hours: Mdp3Hours,
    private readonly hasReset: boolean,
  ) {
    const groups = new Map<string, Instrument[]>();
    for (const instrument of parts.market.instruments) {
      const group = groups.get(instrument.securityGroup) ?? [];
      group.push(instrument);
      groups.set(instrument.securityGroup, group);
    }
    this.groups = [...groups.values()];
  }

  /** Messages of all that is planned. */
  get planned(): number {
    const { notices, market } = this.parts;
    const { instruments } = market;
    const listed = instruments.filter(({ isListed }) => isListed).length;
    let sum = listed + 3 + this.groups.length * ofGroup + (instruments.length - listed) * ofNewcomer + ofHalt;
    if (this.workupInstrument() !== undefined) sum += ofWorkup;
    if (notices.has(collateralTemplate)) sum++;
    if (notices.has(oldTradeTemplate)) sum++;
    return sum + (this.hasReset ? 1 + instruments.length * ofRestatement : 0);
  }

  /** Puts the session on the agenda, and promises its messages. */
  enter(agenda: Agenda): void {
    const { market, notices, loops } = this.parts;
    const { startNs, preOpenNs, openNs, closeNs, endNs } = this.hours;
    market.reserved = this.planned;
    const spanNs = endNs - startNs;
    const quarter = Math.floor((openNs - preOpenNs) / 4);
    const listed = market.instruments.filter(({ isListed }) => isListed).length;
    agenda.plan(
      startNs,
      this.spending(1, () => notices.heartbeat()),
    );
    agenda.plan(
      startNs + Math.floor(spanNs / 1024),
      this.spending(listed, () => loops.tellDefinitions()),
    );
    this.planGroups(agenda, preOpenNs, (group) => this.setStatus(group, statusPreOpen, noEvent));
    this.planGroups(agenda, preOpenNs + Math.floor(quarter / 2), (group) => this.tellDay(group, false));
    this.planGroups(agenda, preOpenNs + quarter, (group) => this.tellLimits(group));
    agenda.plan(openNs - quarter, () => this.tellIndications());
    this.planGroups(agenda, openNs - Math.floor(quarter / 2), (group) =>
      this.setStatus(group, statusPreOpen, noCancel),
    );
    this.planGroups(agenda, openNs, (group) => this.open(group));
    agenda.plan(openNs + Math.floor(spanNs / 512), () => this.trade());
    this.planMiddle(agenda);
    this.planGroups(agenda, closeNs, (group) => this.setStatus(group, statusClose, noEvent));
    const behind = Math.floor((endNs - closeNs) / 4);
    this.planGroups(agenda, closeNs + behind, (group) => this.tellDay(group, true));
    this.planGroups(agenda, closeNs + 2 * behind, (group) => this.setStatus(group, statusPostClose, noEvent));
    agenda.plan(
      endNs,
      this.spending(1, () => notices.heartbeat()),
    );
  }

  private planMiddle(agenda: Agenda): void {
    const { market, flow, notices } = this.parts;
    const { openNs, closeNs } = this.hours;
    const at = (part: number) => openNs + Math.floor(((closeNs - openNs) * part) / 64);
    const newcomers = market.instruments.filter(({ isNew }) => isNew);
    for (const [index, instrument] of newcomers.entries()) {
      agenda.plan(
        at(18 + 10 * index),
        this.spending(ofNewcomer, () => this.list(instrument)),
      );
    }
    agenda.plan(
      at(24),
      this.spending(1, () => flow.requestQuote()),
    );
    this.planHalt(agenda, at(27), at(29), at(30));
    if (notices.has(collateralTemplate)) {
      agenda.plan(
        at(32),
        this.spending(1, () => this.priceCollateral()),
      );
      for (let index = 1; index < repetitions; index++) {
        agenda.plan(
          at(4 * index - 1),
          this.where(1, () => this.priceCollateral()),
        );
      }
    }
    const workup = this.workupInstrument();
    if (workup !== undefined) {
      agenda.plan(at(22), (ns) => this.beginWorkup(agenda, workup, ns, ofWorkup));
      for (let index = 1; index < repetitions; index++) {
        agenda.plan(at(4 * index + 1), (ns) =>
          market.free > mostOfEvent ? this.beginWorkup(agenda, workup, ns, 0) : undefined,
        );
      }
    }
    if (notices.has(oldTradeTemplate)) {
      agenda.plan(
        at(33),
        this.spending(1, () => this.event(() => this.oldTrade(market.instruments[0], 5, 1))),
      );
    }
    if (this.hasReset) agenda.plan(at(36), () => this.reset());
  }

  /** At the price of the last trade, so that no other figure changes. */
  private oldTrade(instrument: Instrument, lots: number, tradeId: number): void {
    const { market, notices } = this.parts;
    const price = instrument.last ?? instrument.fair;
    const qty = lots * instrument.lot;
    market.statistics.trade(instrument, price, qty);
    market.tally.add(instrument, price, qty, 0, 0, market.queue.nowNs);
    notices.oldTrade(instrument, price, qty, tradeId);
  }

  /** One action a group, all at one time, each an event. */
  private planGroups(agenda: Agenda, atNs: number, act: (group: readonly Instrument[]) => void): void {
    for (const group of this.groups)
      agenda.plan(
        atNs,
        this.spending(1, () => act(group)),
      );
  }

  private planHalt(agenda: Agenda, haltNs: number, preOpenNs: number, openNs: number): void {
    const { market } = this.parts;
    const group = this.groups[this.groups.length > 1 ? 1 : 0];
    agenda.plan(
      haltNs,
      this.spending(1, () => this.setStatus(group, statusHalt, noEvent, surveillance)),
    );
    agenda.plan(haltNs + 1000, () => {
      // Who halts a group may empty a book of it.
      if (market.free > mostOfEvent) this.event(() => market.resetBook(group[0].index));
      return undefined;
    });
    agenda.plan(
      preOpenNs,
      this.spending(1, () => this.setStatus(group, statusPreOpen, noEvent)),
    );
    agenda.plan(
      openNs,
      this.spending(1, () => this.setStatus(group, statusReady, noEvent)),
    );
  }

  /** An action whose messages are promised. */
  private spending(messages: number, act: () => void): Action {
    return () => {
      this.parts.market.reserved -= messages;
      act();
      return undefined;
    };
  }

  /** An action of so many messages that is left out where they are not free. */
  private where(messages: number, act: () => void): Action {
    return () => {
      if (this.parts.market.free >= messages) act();
      return undefined;
    };
  }

  private event(act: () => void): void {
    const { market } = this.parts;
    market.begin();
    act();
    market.end();
  }

  private setStatus(group: readonly Instrument[], status: number, event: number, reason = groupSchedule): void {
    for (const instrument of group) if (instrument.isListed) instrument.status = status;
    this.event(() => this.parts.notices.status(group[0], status, reason, event));
  }

  private open(group: readonly Instrument[]): void {
    const isImplied = group.some(({ kind }) => kind === 'spread');
    if (isImplied) this.parts.market.implied.isOn = true;
    this.setStatus(group, statusReady, isImplied ? impliedMatchingOn : noEvent);
  }

  /** Where the market would open. */
  private tellIndications(): undefined {
    const { market } = this.parts;
    for (const instrument of market.instruments) {
      const { index, kind, isListed, family } = instrument;
      const best = market.books.head(index, bid);
      if (!isListed || kind !== 'future' || best === none || market.free <= mostOfEvent) continue;
      this.event(() => {
        this.figures.clear();
        this.figures.add(index, openType, market.books.price(best), Number.NaN, indicativeOpen);
        market.writer.figures(family.sessionStatistics, this.figures, lastStatsMsg);
      });
    }
    return undefined;
  }

  /** Opening trades: nobody is the aggressor. */
  private trade(): undefined {
    const { market } = this.parts;
    for (const { index, status, kind } of market.instruments) {
      const first = market.books.head(index, ask);
      const isLate = status !== statusReady || kind === 'spread' || market.free <= mostOfEvent;
      if (isLate || first === none || market.books.ordersOn[index * 2 + ask] < 4) continue;
      this.event(() => market.execute(index, ask, market.books.shares(first), market.books.price(first), 0, false));
    }
    return undefined;
  }

  private tellLimits(group: readonly Instrument[]): void {
    const { market, flow } = this.parts;
    this.figures.clear();
    for (const { index, limits, isListed } of group.slice(0, maxFigures)) {
      if (isListed) this.figures.add(index, limitsType, limits);
    }
    if (this.figures.count === 0) flow.requestQuote();
    else this.event(() => market.writer.figures(group[0].family.limits, this.figures, 0));
  }

  /** Settlement, cleared volume, open interest: of the day before or, at the end, of this one. */
  private tellDay(group: readonly Instrument[], isFinal: boolean): void {
    const { market } = this.parts;
    this.figures.clear();
    for (const instrument of group) {
      if (!instrument.isListed || this.figures.count + 4 > maxFigures) continue;
      const { index } = instrument;
      if (isFinal) {
        instrument.settlement = instrument.last ?? instrument.fair;
        instrument.clearedVolume = Math.min(2_000_000_000, instrument.volume);
        instrument.openInterest += Math.min(1_000_000, Math.floor(instrument.volume / (3 * instrument.lot)));
      }
      const { settlement, clearedVolume, openInterest, kind } = instrument;
      this.figures.add(index, settlementType, settlement, Number.NaN, noFlag, 0, isFinal ? finalActual : 0x02);
      this.figures.add(index, clearedVolumeType, Number.NaN, clearedVolume);
      this.figures.add(index, openInterestType, Number.NaN, openInterest);
      if (kind === 'fx' && isFinal) this.figures.add(index, fixingType, settlement);
    }
    if (this.figures.count === 0) this.parts.flow.requestQuote();
    else this.event(() => market.writer.figures(group[0].family.dailyStatistics, this.figures, 0));
  }

  /** A new instrument on the incremental feed. */
  private list(instrument: Instrument): void {
    const { market, definitions, notices } = this.parts;
    instrument.isListed = true;
    instrument.status = statusPreOpen;
    this.event(() => definitions.announce(instrument));
    this.event(() => {
      this.figures.clear();
      this.figures.add(instrument.index, limitsType, instrument.limits);
      market.writer.figures(instrument.family.limits, this.figures, 0);
    });
    instrument.status = statusReady;
    this.event(() => notices.status(instrument, statusReady, instrumentActivation, noEvent, true));
  }

  private priceCollateral(): void {
    const { market, notices } = this.parts;
    this.event(() => notices.collateral((n) => market.draw(n)));
  }

  private workupInstrument(): Instrument | undefined {
    const { notices, market } = this.parts;
    return notices.has(workupTemplate) ? market.instruments.find(({ kind }) => kind === 'fixedIncome') : undefined;
  }

  /** Private, then public, then over; trades at the workup's price meanwhile. `promised` messages are. */
  private beginWorkup(agenda: Agenda, instrument: Instrument, atNs: number, promised: number): undefined {
    const { market, flow, notices } = this.parts;
    const { index } = instrument;
    if (promised === 0) market.reserved += ofWorkup;
    if (flow.stopped[index] === 1) {
      market.reserved -= ofWorkup;
      return undefined;
    }
    const price = instrument.last ?? instrument.fair;
    const link = this.link++;
    const orderIds = [7_000_000_000 + 2 * link, 7_000_000_001 + 2 * link];
    const lengthNs = Math.floor((this.hours.closeNs - this.hours.openNs) / 512);
    const tell = (status: number) => {
      market.reserved--;
      this.event(() => notices.workup({ instrument, status, price, link, orderIds }));
    };
    const print = () => {
      if (market.free > mostOfEvent) this.event(() => market.print(index, price, 1 + market.draw(20), 1));
    };
    flow.stopped[index] = 1;
    tell(privateWorkup);
    agenda.plan(atNs + lengthNs, () => {
      print();
      tell(publicWorkup);
      return undefined;
    });
    agenda.plan(atNs + 2 * lengthNs, () => {
      print();
      tell(statusReady);
      flow.stopped[index] = 0;
      return undefined;
    });
    return undefined;
  }

  /** Both components of the channel failed: all books are emptied and told anew, numbers of instruments begin again. */
  private reset(): undefined {
    const { market, notices } = this.parts;
    const { books, instruments, queue, statistics } = market;
    market.reserved -= 1 + instruments.length * ofRestatement;
    queue.flush();
    this.event(() => notices.channelReset());
    for (const instrument of instruments) {
      const { index } = instrument;
      instrument.rptSeq = 0;
      market.published.clear(index);
      market.implied.clear(index);
      while (books.liveOf[index] > keptOrders) books.remove(books.oldest[index]);
    }
    market.writer.marks = recoveryMsg;
    for (const instrument of instruments) {
      if (!instrument.isListed) continue;
      this.event(() => {
        if (instrument.volume > 0) market.tellVolume(instrument);
        market.restate(instrument.index);
        statistics.restate(instrument);
      });
    }
    market.writer.marks = 0;
    return undefined;
  }
}
