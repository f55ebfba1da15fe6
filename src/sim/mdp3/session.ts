/**
 * A session of one channel of CME MDP 3.0 made from a seed: packets of the incremental feed and of the three feeds that
 * serve recovery, with as many messages in all as asked for, told as a real market of orders would have them. The same
 * options give the same bytes on every platform. Memory does not grow with the number of messages.
 */
import { UsageError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { parseDate } from '../../core/time.js';
import { mdp3SchemaOf } from '../../protocol/mdp3/index.js';
import { createSbeCodec } from '../../schema/sbe/codec.js';
import { Agenda } from '../agenda.js';
import { Pace } from '../pace.js';
import { DayPlan } from './day-plan.js';
import { Definitions } from './definitions.js';
import { familiesOf } from './families.js';
import { defaultInstruments, type Instrument, kindsOf, makeInstruments, maxInstruments } from './instruments.js';
import { Layouts } from './layout.js';
import { Market, mostOfEvent } from './market.js';
import { Notices } from './notices.js';
import { OrderFlow } from './order-flow.js';
import { type FeedName, feedNames, PacketQueue } from './packet-queue.js';
import { RecoveryLoops } from './recovery-loops.js';
import { type Mdp3HoursOptions, mdp3Hours, mdp3Slices, SessionClock } from './session-clock.js';
import { TopOrders, topOrdersTemplate } from './top-orders.js';
import { describeMdp3Truth, type Mdp3SessionTruth } from './truth.js';

/** What a session is made from; everything has a default but the number of messages. */
export interface Mdp3SessionOptions extends Mdp3HoursOptions {
  /** Of all feeds together. */
  readonly messages: number;
  /** In proportion to the messages where absent. */
  readonly instruments?: number;
  readonly seed?: number | string;
  /** `YYYY-MM-DD`. */
  readonly date?: string;
  /** 5, 6 or 8 to 13; 13. */
  readonly schemaVersion?: number;
  /** Its number is told in definitions and in a reset; 310. */
  readonly channel?: number;
  /** Bytes of an IP packet at most; 1500. */
  readonly mtu?: number;
  /** The channel is reset in the middle of the session, and its books are told anew. */
  readonly channelReset?: boolean;
}

export const defaultSchemaVersion = 13;
export const defaultChannel = 310;
const defaultSeed = 1;
const defaultDate = '2026-01-05';
const defaultMtu = 1500;
/** A snapshot of a whole book by price fits one packet. */
const leastMtu = 1280;
const mostMtu = 9000;
/** Bytes of an IPv6 header, the longer, and of a UDP header. */
const headersOfPacket = 48;
/** One message in so many is of the feeds that serve recovery. */
const loopEvery = 5;
/** A feed that says nothing for so long sends a heartbeat. */
const silenceNs = 30e9;
/** Messages of the incremental feed are at least such a part of all. */
const incrementalPart = 0.7;

/** A pull source of packets: `next()` sets the fields, which hold until it is called again. */
export class Mdp3Session {
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly offset = 0;
  length = 0;
  /** SendingTime. */
  seconds = 0;
  nanoseconds = 0;
  /** Which of the channel's feeds sends it: an index of `feedNames`. */
  feed = 0;
  /** Its number and its messages. */
  sequence = 0;
  packetMessages = 0;
  /** Messages of the packets taken so far. */
  count = 0;
  readonly messages: number;
  readonly instruments: number;
  readonly schemaVersion: number;
  readonly channel: number;
  readonly date: string;
  readonly seed: number | string;
  /** Codes of what is traded, each with its security groups. */
  readonly products: readonly { readonly code: string; readonly groups: readonly string[] }[];
  private readonly clock: SessionClock;
  private readonly queue: PacketQueue;
  private readonly market: Market;
  private readonly agenda = new Agenda();
  private readonly pace: Pace;
  private readonly flow: OrderFlow;
  private readonly notices: Notices;
  private readonly loops: RecoveryLoops;
  private loopCredit = 0;
  private paced = 0;
  private pacedMessages = 0;
  private packets = 0;
  private lastNs = 0;
  private firstNs = 0;

  /** Throws UsageError for what no session can be. */
  constructor(options: Mdp3SessionOptions) {
    const hours = mdp3Hours(options);
    this.messages = options.messages;
    this.instruments = options.instruments ?? defaultInstruments(this.messages);
    this.seed = options.seed ?? defaultSeed;
    this.date = parseDate(options.date ?? defaultDate);
    this.schemaVersion = options.schemaVersion ?? defaultSchemaVersion;
    this.channel = options.channel ?? defaultChannel;
    refuse(options, this.instruments);
    const schema = mdp3SchemaOf(this.schemaVersion);
    const codec = createSbeCodec(schema);
    const layouts = new Layouts(schema);
    const random = new Random(this.seed);
    this.clock = new SessionClock(this.date);
    const instruments = makeInstruments(this.instruments, kindsOf(layouts), familiesOf(layouts), random, this.clock);
    const payload = (options.mtu ?? defaultMtu) - headersOfPacket;
    const delays = new Random(`${this.seed} delays`);
    const { midnight, tradeDate } = this.clock;
    this.queue = new PacketQueue(schema, midnight, payload, (below) => delays.below(below));
    this.queue.nowNs = hours.startNs;
    const { queue, clock } = this;
    const tops = layouts.find(topOrdersTemplate) === undefined ? null : new TopOrders(layouts, queue);
    this.products = productsOf(instruments);
    this.market = new Market(instruments, queue, random, this.messages, tradeDate, tops);
    const { startNs } = hours;
    const definitions = new Definitions(instruments, layouts, codec, clock, queue, this.channel, startNs);
    this.notices = new Notices(layouts, codec, clock, queue, this.channel);
    this.loops = new RecoveryLoops(this.market, definitions, tradeDate);
    this.pace = new Pace(mdp3Slices(hours), random);
    this.flow = new OrderFlow(this.market, this.pace, this.notices);
    const { market, flow, notices, loops } = this;
    const plan = new DayPlan({ market, flow, notices, definitions, loops }, hours, options.channelReset ?? false);
    if (this.messages < plan.planned) {
      const text = `a session of ${this.instruments} instruments has at least ${plan.planned} messages`;
      throw new UsageError('messages', `${text}, not ${this.messages}`);
    }
    plan.enter(this.agenda);
    this.pace.advance(hours.preOpenNs, this.eventsLeft(), 0);
  }

  /** Messages of the incremental feed, at least: what faults can be spread over. */
  get incrementalMessages(): number {
    return Math.max(1, Math.floor(this.messages * incrementalPart));
  }

  /** Moves on to the next packet; false behind the last. */
  next(): boolean {
    const { queue } = this;
    while (queue.isEmpty) {
      if (queue.written === this.messages && this.agenda.nextNs === Number.POSITIVE_INFINITY) {
        queue.flush();
        if (queue.isEmpty) return false;
        break;
      }
      this.produce();
    }
    const packet = queue.take();
    const second = Math.floor(packet.sentNs / 1e9);
    this.view = packet.view;
    this.length = packet.length;
    this.feed = packet.feed;
    this.seconds = this.clock.midnight + second;
    this.nanoseconds = packet.sentNs - second * 1e9;
    this.sequence = packet.view.getUint32(0, true);
    this.packetMessages = packet.messages;
    this.count += packet.messages;
    this.lastNs = packet.sentNs;
    if (this.packets++ === 0) this.firstNs = packet.sentNs;
    return true;
  }

  /** What a reader of the session must find; complete behind the last packet. */
  truth(): Mdp3SessionTruth {
    const { seed, date, schemaVersion, channel, clock, firstNs, lastNs } = this;
    const rounds = feedNames.map((_, feed) => this.loops.roundsOf(feed));
    return describeMdp3Truth(this.market, { seed, date, schemaVersion, channel, clock, firstNs, lastNs, rounds });
  }

  /** Lets happen whatever is next: something planned, an event of the order flow, or a heartbeat in silence. */
  private produce(): void {
    const { agenda, pace, market, queue } = this;
    const plannedNs = agenda.nextNs;
    const nextNs = Math.min(plannedNs, pace.nextNs);
    if (nextNs === Number.POSITIVE_INFINITY) {
      throw new Error(`the session ended behind ${queue.written} of ${this.messages} messages`);
    }
    if (nextNs - queue.nowNs > silenceNs && market.free > mostOfEvent) {
      queue.flush();
      queue.nowNs += silenceNs;
      this.notices.heartbeat();
      return;
    }
    queue.nowNs = Math.max(queue.nowNs, nextNs);
    const before = queue.written;
    if (plannedNs <= pace.nextNs) {
      queue.flush();
      agenda.runNext();
    } else {
      if (market.free > 0) this.flow.event();
      this.serveRecovery(queue.written - before);
      this.paced++;
      this.pacedMessages += queue.written - before;
    }
    pace.advance(queue.nowNs, this.eventsLeft(), 0);
  }

  /** Gives the other feeds their share. */
  private serveRecovery(messages: number): void {
    const { queue, market } = this;
    this.loopCredit += messages;
    while (this.loopCredit >= loopEvery - 1 && market.free > mostOfEvent) {
      const before = queue.written;
      this.loops.step(market.free - mostOfEvent);
      this.loopCredit -= Math.max(1, queue.written - before) * (loopEvery - 1);
    }
  }

  /** Events of the flow for which there are messages, as many each as so far. */
  private eventsLeft(): number {
    const free = Math.max(0, this.market.free);
    return this.paced < 64 ? Math.ceil(free / 2) : Math.ceil((free * this.paced) / this.pacedMessages);
  }
}

/** The name of a feed, as in the exchange's configuration. */
export function feedNameOf(feed: number): FeedName {
  return feedNames[feed];
}

/** Throws UsageError for what no session can be. */
function productsOf(instruments: readonly Instrument[]) {
  const groups = new Map<string, Set<string>>();
  for (const { asset, securityGroup } of instruments) {
    const known = groups.get(asset) ?? new Set();
    groups.set(asset, known.add(securityGroup));
  }
  return [...groups].map(([code, of]) => ({ code, groups: [...of] }));
}

function refuse(options: Mdp3SessionOptions, instruments: number): void {
  const { messages, mtu = defaultMtu, channel = defaultChannel, schemaVersion = defaultSchemaVersion } = options;
  if (!Number.isInteger(instruments) || instruments < 1 || instruments > maxInstruments) {
    throw new UsageError('instruments', `a session has 1 to ${maxInstruments} instruments, not ${instruments}`);
  }
  if (!Number.isSafeInteger(messages)) throw new UsageError('messages', `${messages} is no number of messages`);
  if (![5, 6, 8, 9, 10, 11, 12, 13].includes(schemaVersion)) {
    throw new UsageError('schema-version', `versions 5, 6 and 8 to 13 of the schema are known, not ${schemaVersion}`);
  }
  if (!Number.isInteger(mtu) || mtu < leastMtu || mtu > mostMtu) {
    throw new UsageError('mtu', `packets of this feed have ${leastMtu} to ${mostMtu} bytes at most, not ${mtu}`);
  }
  if (!Number.isInteger(channel) || channel < 1 || channel > 32_767) {
    throw new UsageError('channel', `channels have numbers from 1 to 32767, not ${channel}`);
  }
}
