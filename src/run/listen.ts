/**
 * Receives a feed from sockets, its lines merged where asked: decodes it, checks its sequence, counts what the kernel
 * dropped, measures latency.
 */
import { DamageLog, type FileDamage } from '../analysis/damage-log.js';
import { openProtocols } from '../analysis/definitions.js';
import { ExchangeClock } from '../analysis/exchange-clock.js';
import { forcedFraming, type InputSpec } from '../analysis/input.js';
import { recordNear, summaryOf } from '../analysis/latency-histogram.js';
import { type LineSpec, noLines } from '../analysis/line-names.js';
import { ProtocolGate } from '../analysis/protocol-gate.js';
import type { Protocols } from '../analysis/protocols.js';
import { TypeCounts } from '../analysis/type-counts.js';
import { flowBetween } from '../capture/endpoint.js';
import { type EpochTime, MonotonicClock, WallClock } from '../core/clock.js';
import { initHistograms, SignedHistogram } from '../core/histogram.js';
import type { Flow, Stream } from '../core/seams.js';
import type { Sender } from '../io/senders.js';
import { openUdpReceiver, type ReceiveAddress, type ReceivePath, type UdpReceiver } from '../io/udp-receiver.js';
import { itch50 } from '../protocol/itch50/index.js';
import { SessionDemux } from '../session/demux.js';
import { MDP3_HEADER_LENGTH } from '../session/mdp3-header.js';
import { HEADER_LENGTH } from '../session/moldudp64.js';
import { Arbitration } from './arbitration.js';
import { ReferenceSchedule } from './reference-schedule.js';
import type { ReplaySpec } from './replay-spec.js';

/** After every session has ended it must be quiet for so long: packets may be under way, or the next loop begin. */
const lingerNs = 100e6;
const watchMs = 50;
/** Of one packet in so many it is measured how long it waited: reading a clock costs as much as decoding. */
const deliverySample = 16;

export interface ListenSpec {
  host: string;
  port: number;
  iface: string | null;
  via?: ReceivePath;
  busyPollUs?: number;
  /** Whether runs of datagrams may come as one; true unless told. */
  coalesce?: boolean;
  /** Further addresses that are listened to. */
  more?: readonly ReceiveAddress[];
  /** Merge the lines of each feed; which flows are A and B is told by `lines`, or found out. */
  arbitrate?: boolean;
  lines?: LineSpec;
  bufferBytes: number;
  /** How the datagrams are taken; the path plays no part. */
  input: InputSpec;
  /** Time at most, ms; Infinity for none. */
  durationMs: number;
  /** Packets at most. */
  limit: number;
  /** Ends when nothing came for so long after the first packet, ms. */
  idleMs: number;
  /** Goes on when every session has ended: for a receiver that is asked for its count. */
  outlivesSessions?: boolean;
  /** The replay that is listened to and the origin that it printed. */
  reference: { replay: ReplaySpec; origin: EpochTime } | null;
}

export type ListenEnd = 'stopped' | 'duration' | 'limit' | 'idle' | 'end of session';

/** The object that `listen --json` prints. */
export type ListenReport = ReturnType<Listener['report']>;

export class Listener {
  receiver: UdpReceiver | undefined;
  readonly damage: DamageLog;
  packets = 0;
  bytes = 0;
  messages = 0;
  endReason: ListenEnd = 'stopped';
  private readonly spec: ListenSpec;
  private readonly reference: ReferenceSchedule | null;
  private readonly clock = new MonotonicClock();
  private readonly wall = new WallClock(this.clock);
  private readonly exchange = new ExchangeClock();
  private readonly protocols: Protocols;
  private readonly gate: ProtocolGate;
  /** Of all that is decoded: what came, or what lines were merged to. */
  private readonly demux: SessionDemux;
  private readonly arbitration: Arbitration | null;
  private readonly addresses: readonly ReceiveAddress[];
  private readonly byType = new TypeCounts();
  private readonly exchangeLatency = new SignedHistogram();
  private readonly transactLatency = new SignedHistogram();
  private readonly scheduleLatency = new SignedHistogram();
  private readonly deliveryLatency = new SignedHistogram();
  /** By the sender's index, as are the addresses that they send to. */
  private readonly flows: Flow[] = [];
  private readonly addressOf: ReceiveAddress[] = [];
  private readonly originNs: number;
  private unmatched = 0;
  private matched = 0;
  private firstNs = 0;
  private lastNs = 0;
  private arrivalNs = 0;
  private sinceMidnightNs = 0;
  private arrivalSeconds = 0;
  private arrivalNanoseconds = 0;
  /** Packets decoded, and the one whose SendingTime was compared last. */
  private decoded = 0;
  private comparedPacket = 0;
  private endedSessions = 0;
  /** When the latest message came, or the latest end of a session. */
  private activeNs = 0;
  private kernelDrops: number | null = null;
  private resolveEnd: (reason: ListenEnd) => void = () => {};
  private readonly ended = new Promise<ListenEnd>((resolve) => {
    this.resolveEnd = resolve;
  });

  private constructor(
    spec: ListenSpec,
    protocols: Protocols,
    reference: ReferenceSchedule | null,
    onDamage: (damage: FileDamage) => void,
  ) {
    this.spec = spec;
    this.protocols = protocols;
    this.reference = reference;
    this.originNs = spec.reference
      ? this.wall.fromEpoch(spec.reference.origin.seconds, spec.reference.origin.nanoseconds)
      : 0;
    this.addresses = [{ host: spec.host, port: spec.port, iface: spec.iface }, ...(spec.more ?? [])];
    this.damage = new DamageLog(this.addresses.map(({ host, port }) => `udp://${host}:${port}`).join(', '), onDamage);
    this.gate = new ProtocolGate({
      applicationOf: (stream) => protocols.of(stream),
      isForced: (stream) => protocols.isSettled(spec.input, stream),
      onDamage: (damage) => this.damage.add(damage),
    });
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
          this.onMessage(view, offset, length, sequence, stream),
        onEndOfSession: () => this.onEndOfSession(),
        // Of lines that are merged each tells its own.
        ...(spec.arbitrate ? {} : { onDamage: (damage) => this.damage.add(damage) }),
      },
      { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(spec.input) },
    );
    this.arbitration = spec.arbitrate ? this.openArbitration(spec, protocols) : null;
  }

  private openArbitration({ input, lines = noLines }: ListenSpec, protocols: Protocols): Arbitration {
    return new Arbitration(
      {
        onPacket: (view, offset, length, seconds, nanoseconds, flow) => {
          this.setArrival(seconds, nanoseconds);
          this.decode(view, offset, length, flow);
        },
        onEndOfSession: () => this.onEndOfSession(),
        onDamage: (damage) => this.damage.add(damage),
      },
      { input, protocols, lines, interfaceOf: ({ index }) => this.addressOf[index]?.iface ?? null },
    );
  }

  /** Reads the reference, then opens the socket; rejects with SinkError where that fails. */
  static async open(spec: ListenSpec, onDamage: (damage: FileDamage) => void = () => {}): Promise<Listener> {
    await initHistograms();
    const protocols = await openProtocols(spec.input, onDamage);
    // Before anything comes: built at the first packet of MDP, it would keep those behind waiting.
    protocols.mdp3.prepare();
    const reference = spec.reference ? await ReferenceSchedule.load(spec.reference.replay, protocols, onDamage) : null;
    const listener = new Listener(spec, protocols, reference, onDamage);
    const groups = listener.addresses;
    listener.receiver = await openUdpReceiver({ ...spec, groups }, (view, offset, length, from, seconds, nanoseconds) =>
      listener.onDatagram(view, offset, length, from, seconds, nanoseconds),
    );
    return listener;
  }

  /** Listens until an end condition or `stop()`, then closes the socket. */
  async run(): Promise<void> {
    const { spec } = this;
    const startNs = this.clock.nowNs();
    const watch = setInterval(() => {
      const nowNs = this.clock.nowNs();
      this.passTime(nowNs);
      if (nowNs - startNs >= spec.durationMs * 1e6) this.resolveEnd('duration');
      else if (!spec.outlivesSessions && this.allEnded && nowNs - this.activeNs >= lingerNs)
        this.resolveEnd('end of session');
      else if (this.packets > 0 && nowNs - this.lastNs >= spec.idleMs * 1e6) this.resolveEnd('idle');
    }, watchMs);
    this.endReason = await this.ended;
    clearInterval(watch);
    this.kernelDrops = this.receiver?.kernelDrops() ?? null;
    await this.receiver?.close();
    this.arbitration?.flush();
  }

  /** Gaps are declared by time where nothing comes. */
  private passTime(nowNs: number): void {
    if (this.arbitration === null) return;
    const { seconds, nanoseconds } = this.wall.toEpoch(nowNs);
    this.arbitration.advance(seconds, nanoseconds);
  }

  /** Ends the run, also one that has not begun. */
  stop(): void {
    this.resolveEnd('stopped');
  }

  /** Frees the histograms' memory; there is no report after. */
  destroy(): void {
    this.exchangeLatency.destroy();
    this.transactLatency.destroy();
    this.scheduleLatency.destroy();
    this.deliveryLatency.destroy();
    this.arbitration?.destroy();
  }

  /** Figures now, for a progress line. */
  progress() {
    const gaps = this.demux.streams.reduce((sum, stream) => sum + stream.missing, 0);
    return { packets: this.packets, messages: this.messages, missing: gaps, kernelDrops: this.receiver?.kernelDrops() };
  }

  private onDatagram(
    view: DataView,
    offset: number,
    length: number,
    from: Sender,
    seconds: number,
    nanoseconds: number,
  ): void {
    if (this.packets >= this.spec.limit) return;
    this.takeArrival(seconds, nanoseconds);
    if (this.packets++ === 0) this.firstNs = this.arrivalNs;
    this.bytes += length;
    const flow = this.flows[from.index] ?? this.addFlow(from);
    if (this.arbitration === null) this.decode(view, offset, length, flow);
    else this.arbitration.datagram(view, offset, length, this.arrivalSeconds, this.arrivalNanoseconds, flow);
    if (this.packets >= this.spec.limit) this.resolveEnd('limit');
  }

  private decode(view: DataView, offset: number, length: number, flow: Flow): void {
    this.decoded++;
    if (this.demux.datagram(view, offset, length, this.arrivalNs, flow, this.packets, 0) && this.reference) {
      this.compare(view, offset, length, flow, this.reference);
    }
  }

  /** The kernel's stamp, or where there is none, now. */
  private takeArrival(seconds: number, nanoseconds: number): void {
    if (seconds === 0) {
      const now = this.wall.toEpoch(this.clock.nowNs());
      this.setArrival(now.seconds, now.nanoseconds);
    } else {
      this.setArrival(seconds, nanoseconds);
      if (this.packets % deliverySample === 0) this.deliveryLatency.record(this.clock.nowNs() - this.arrivalNs);
    }
    this.lastNs = this.arrivalNs;
  }

  private setArrival(seconds: number, nanoseconds: number): void {
    this.arrivalNs = this.wall.fromEpoch(seconds, nanoseconds);
    this.arrivalSeconds = seconds;
    this.arrivalNanoseconds = nanoseconds;
    this.sinceMidnightNs = this.exchange.sinceMidnightNs(seconds, nanoseconds);
  }

  private onMessage(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void {
    this.messages++;
    this.activeNs = this.arrivalNs;
    const verdict = this.gate.judge(view, offset, length, this.packets, sequence, stream);
    if (verdict !== 'known') return;
    const application = this.protocols.of(stream);
    this.byType.add(application, application.typeOf(view, offset, length));
    if (application.id === 'mdp3') this.compareMdp3(view, offset, length, stream);
    else this.exchangeLatency.record(this.sinceMidnightNs - itch50.timestampOf(view, offset));
  }

  /** Of each packet its arrival with SendingTime, of each message SendingTime with its TransactTime. */
  private compareMdp3(view: DataView, offset: number, length: number, stream: Stream): void {
    const { sendingSeconds = 0, sendingNanoseconds = 0 } = stream;
    const { mdp3 } = this.protocols;
    if (mdp3.readTransactTime(view, offset, length)) {
      const sinceSeconds = sendingSeconds - mdp3.transactSeconds;
      recordNear(this.transactLatency, sinceSeconds, sendingNanoseconds - mdp3.transactNanoseconds);
    }
    if (this.decoded === this.comparedPacket) return;
    this.comparedPacket = this.decoded;
    const sinceNs = this.arrivalNanoseconds - sendingNanoseconds;
    recordNear(this.exchangeLatency, this.arrivalSeconds - sendingSeconds, sinceNs);
  }

  /** What comes, line by line. */
  private get received(): SessionDemux {
    return this.arbitration?.demux ?? this.demux;
  }

  private get allEnded(): boolean {
    return this.endedSessions > 0 && this.endedSessions === this.received.streams.length;
  }

  private onEndOfSession(): void {
    const ended = this.received.streams.filter((stream) => stream.endOfSession).length;
    // Publishers repeat the packet: the first one counts.
    if (ended > this.endedSessions) this.activeNs = this.arrivalNs;
    this.endedSessions = ended;
  }

  private compare(view: DataView, offset: number, length: number, flow: Flow, reference: ReferenceSchedule): void {
    const isOfMdp3 = this.demux.recognisedAs(flow) === 'MDP3';
    if (length <= (isOfMdp3 ? MDP3_HEADER_LENGTH - 1 : HEADER_LENGTH)) return;
    const dueNs = isOfMdp3 ? reference.findMdp3(view, offset) : reference.find(view, offset);
    if (Number.isNaN(dueNs)) this.unmatched++;
    else {
      this.matched++;
      this.scheduleLatency.record(this.arrivalNs - this.originNs - dueNs);
    }
  }

  private addFlow({ address, port, index, group }: Sender): Flow {
    const source = { address, port };
    const to = this.addresses[group] as ReceiveAddress;
    const destination = { address: to.host, port: this.receiver?.bound[group]?.port ?? to.port };
    this.addressOf[index] = to;
    const flow = flowBetween('UDP', source, destination, index);
    this.flows[index] = flow;
    return flow;
  }

  /** The finished report; plain data with a stable shape. */
  report() {
    const { packets, messages, bytes, demux, gate, receiver, damage, arbitration } = this;
    const seconds = packets > 1 ? (this.lastNs - this.firstNs) / 1e9 : 0;
    const perSecond = (amount: number): number => (seconds > 0 ? amount / seconds : 0);
    const address = `${this.spec.host}:${receiver?.port ?? this.spec.port}`;
    return {
      address: `udp://${address}`,
      addresses: this.addresses.map(({ host, port }, group) => `udp://${host}:${receiver?.bound[group]?.port ?? port}`),
      /** Which line of which channel is sent there, by the channel configuration. */
      line: this.protocols.describeLine(address, ''),
      endReason: this.endReason,
      seconds,
      packets: { total: packets, bytes },
      messages: {
        total: messages,
        byType: this.byType.toObject(),
        types: this.byType.list(),
        unknownLayout: gate.unknownMessages,
        damaged: gate.damagedMessages,
        withheld: gate.withheldMessages,
        zeroLength: gate.zeroLengthMessages,
      },
      unknownLayouts: [...gate.unknown.values()],
      rate: { packetsPerSecond: perSecond(packets - 1), messagesPerSecond: perSecond(messages) },
      /** Of what is decoded: with `arbitrate` what lines were merged to, with gaps where all have lost. */
      sessions: demux.sessions(),
      /** Sessions and channels that came on several lines, where they are merged. */
      lines: arbitration?.report() ?? [],
      flows: this.received.flows(),
      kernelDrops: this.kernelDrops,
      receiveBuffer: receiver?.buffer ?? null,
      /** How datagrams were taken from the kernel, `recvmmsg+gro`, `recvmmsg` or `dgram` (and why); in what calls. */
      path: receiver?.path ?? null,
      receiving: receiver?.counts() ?? null,
      latency: {
        exchange: summaryOf(this.exchangeLatency),
        transact: summaryOf(this.transactLatency),
        schedule: summaryOf(this.scheduleLatency),
        /** From the kernel's receipt to this program's, of one packet in 16; null without the kernel's stamps. */
        delivery: summaryOf(this.deliveryLatency),
      },
      reference: this.reference && {
        packets: this.reference.packets,
        matched: this.matched,
        unmatched: this.unmatched,
      },
      damage: damage.kept,
      damageTotal: damage.total,
    };
  }
}
