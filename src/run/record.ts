/**
 * Records what comes to UDP sockets: every datagram with its stamp, in a frame built anew around it, into capture
 * files; and checks the sequences of what it recognises, so that the report tells what was lost before it came.
 */
import { arch, cpus, release, type } from 'node:os';
import { DamageLog, type FileDamage } from '../analysis/damage-log.js';
import { openProtocols } from '../analysis/definitions.js';
import { forcedFraming } from '../analysis/input.js';
import type { Protocols } from '../analysis/protocols.js';
import type { EpochTime } from '../core/clock.js';
import type { SinkError } from '../core/errors.js';
import { initHistograms } from '../core/histogram.js';
import type { Damage, Flow } from '../core/seams.js';
import type { InterfaceCounts } from '../io/recorded-file.js';
import { Recording } from '../io/recording.js';
import type { Sender } from '../io/senders.js';
import { itch50 } from '../protocol/itch50/index.js';
import { SessionDemux } from '../session/demux.js';
import { Arbitration } from './arbitration.js';
import { ArrivalClock } from './arrival-clock.js';
import { ArrivalOrder } from './arrival-order.js';
import { RecordInterface } from './record-interface.js';
import type { RecordSpec } from './record-spec.js';

/** What was received is handed to the disk so often, if that is idle: what a kill costs at most. */
export const flushEveryMs = 250;
const watchMs = 50;
/** What is in the sockets when the end comes is still taken, for so long at most where more keeps coming unstamped. */
const emptyWithinNs = 500e6;

export type RecordEnd = 'stopped' | 'duration' | 'limit' | 'idle' | 'failure';

/** The object that `record --json` prints. */
export type RecordReport = ReturnType<Recorder['report']>;

export class Recorder {
  /** Received so far. */
  packets = 0;
  bytes = 0;
  messages = 0;
  endReason: RecordEnd = 'stopped';
  readonly interfaces: RecordInterface[] = [];
  readonly damage: DamageLog;
  private readonly spec: RecordSpec;
  private readonly clock = new ArrivalClock();
  /** Of what is written. */
  private readonly demux: SessionDemux;
  private readonly arbitration: Arbitration | null;
  /** Puts what several sockets bring in order; null where there is one. */
  private readonly order: ArrivalOrder | null;
  private recording: Recording | null = null;
  private isTaking = false;
  /** The interface of each flow, by its index. */
  private readonly interfaceOf: number[] = [];
  /** Datagrams that the sockets handed over, and those that went on. */
  private read = 0;
  private written = 0;
  /** What the kernel stamps later is not taken. */
  private endSeconds = Number.POSITIVE_INFINITY;
  private endNanoseconds = 0;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private latestNs = 0;
  private resolveEnd: (reason: RecordEnd) => void = () => {};
  private readonly ended = new Promise<RecordEnd>((resolve) => {
    this.resolveEnd = resolve;
  });

  private constructor(spec: RecordSpec, protocols: Protocols, tell: (damage: FileDamage) => void) {
    this.spec = spec;
    this.damage = new DamageLog(spec.addresses.map(({ host, port }) => `udp://${host}:${port}`).join(', '), tell);
    const onDamage = (one: Damage): void => this.damage.add(one);
    this.demux = new SessionDemux(
      {
        onMessage: () => {
          this.messages++;
        },
        // Of lines that are merged each tells its own.
        ...(spec.arbitrate ? {} : { onDamage }),
      },
      { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(spec.input) },
    );
    this.order = spec.addresses.length > 1 ? new ArrivalOrder(spec.addresses.length, this.now, this.take) : null;
    const { input, lines } = spec;
    this.arbitration = spec.arbitrate
      ? new Arbitration(
          { onPacket: this.write, onDamage },
          {
            input,
            protocols,
            lines,
            interfaceOf: ({ index }) => this.interfaces[this.interfaceOf[index] as number]?.name ?? null,
          },
        )
      : null;
  }

  /** Opens the sockets and the first file; rejects with SinkError where one of them fails. */
  static async open(spec: RecordSpec, onDamage: (damage: FileDamage) => void = () => {}): Promise<Recorder> {
    await initHistograms();
    const protocols = await openProtocols(spec.input, onDamage);
    // Before anything comes: built at the first packet of MDP, it would keep those behind waiting.
    protocols.mdp3.prepare();
    const recorder = new Recorder(spec, protocols, onDamage);
    try {
      for (const [index, address] of spec.addresses.entries()) {
        const opened = await RecordInterface.open(address, spec, (view, offset, length, from, seconds, nanoseconds) =>
          recorder.onDatagram(view, offset, length, index, from, seconds, nanoseconds),
        );
        recorder.interfaces.push(opened);
      }
      await recorder.openFile();
    } catch (error) {
      await recorder.closeSockets();
      throw error;
    }
    return recorder;
  }

  /** Records until an end condition or `stop()`. Then all is in the files, or `failure` tells why not. */
  async run(): Promise<void> {
    const { spec, clock, recording } = this;
    if (recording === null) return;
    const startNs = clock.nowNs();
    let tickedNs = startNs;
    let activeNs = startNs;
    let packetsBefore = 0;
    const watch = setInterval(() => {
      const nowNs = clock.nowNs();
      if (this.packets > packetsBefore) activeNs = nowNs;
      packetsBefore = this.packets;
      if (nowNs - startNs >= spec.durationMs * 1e6) this.resolveEnd('duration');
      else if (this.packets > 0 && nowNs - activeNs >= spec.idleMs * 1e6) this.resolveEnd('idle');
      if (nowNs - tickedNs < flushEveryMs * 1e6) return;
      tickedNs = nowNs;
      clock.adjust();
      this.passTime();
      recording.tick();
    }, watchMs);
    this.endReason = await this.ended;
    clearInterval(watch);
    await this.emptySockets();
    this.isTaking = false;
    this.order?.flush();
    this.arbitration?.flush();
    // The end asks for the kernel's counts before it first waits: the sockets are open until then.
    const ending = recording.end();
    await this.closeSockets();
    await ending;
    if (recording.failure !== null) this.endReason = 'failure';
  }

  /** Ends the run, also one that has not begun. */
  stop(): void {
    this.resolveEnd('stopped');
  }

  /** Why nothing could be written any more; null where all went well. */
  get failure(): SinkError | null {
    return this.recording?.failure ?? null;
  }

  /** Gives the histograms' memory back; there is no report after. */
  destroy(): void {
    this.arbitration?.destroy();
  }

  /** Figures now, for a progress line. */
  progress() {
    const { packets, recording } = this;
    return {
      packets,
      files: recording?.fileCount ?? 0,
      bytes: recording?.bytes ?? 0,
      missing: this.demux.streams.reduce((sum, stream) => sum + stream.missing, 0),
      missed: this.countsOfInterfaces().reduce((sum, { missed }) => sum + missed, 0),
      kernelDrops: this.interfaces.reduce((sum, { receiver }) => sum + (receiver.kernelDrops() ?? 0), 0),
    };
  }

  /** The finished report; plain data with a stable shape. */
  report() {
    const { packets, bytes, messages, recording, demux, damage } = this;
    const counts = this.countsOfInterfaces();
    const interfaces = this.interfaces.map((one, index) => one.report(counts[index] as InterfaceCounts));
    const sum = (of: 'written' | 'missed' | 'unwritten'): number =>
      interfaces.reduce((total, one) => total + one[of], 0);
    const seconds = packets > 1 ? this.latestNs / 1e9 : 0;
    const { bytes: memoryBytes = 0, mostWaitingBytes = 0 } = recording?.memory ?? {};
    return {
      endReason: this.endReason,
      failure: this.failure?.message ?? null,
      seconds,
      packets: { total: packets, bytes, written: sum('written'), missed: sum('missed'), unwritten: sum('unwritten') },
      kernelDrops: interfaces.some(({ kernelDrops }) => kernelDrops === null)
        ? null
        : interfaces.reduce((total, { kernelDrops }) => total + (kernelDrops ?? 0), 0),
      outOfOrder: recording?.outOfOrder ?? 0,
      rate: { packetsPerSecond: seconds > 0 ? (packets - 1) / seconds : 0 },
      interfaces,
      format: this.spec.format,
      fileCount: recording?.fileCount ?? 0,
      files: recording?.files() ?? [],
      notRemoved: recording?.notRemoved ?? 0,
      memory: { bytes: memoryBytes, mostWaitingBytes },
      messages: { total: messages },
      /** Feeds that came on several lines, where these are merged. */
      lines: this.arbitration?.report() ?? null,
      /** What is in the file. */
      sessions: demux.sessions(),
      flows: demux.flows(),
      damage: damage.kept,
      damageTotal: damage.total,
    };
  }

  private async openFile(): Promise<void> {
    const { spec, interfaces } = this;
    const recording = new Recording(
      {
        ...spec,
        section: { hardware: cpus()[0]?.model ?? arch(), os: `${type()} ${release()}`, application: spec.application },
        interfaces: interfaces.map((one) => one.notes()),
      },
      {
        received: (index) => this.interfaces[index]?.packets ?? 0,
        kernelDrops: (index) => this.interfaces[index]?.receiver.kernelDrops() ?? null,
        now: this.now,
        onFailure: () => this.resolveEnd('failure'),
      },
    );
    await recording.settle();
    if (recording.failure !== null) throw recording.failure;
    this.recording = recording;
    this.isTaking = true;
  }

  private onDatagram(
    view: DataView,
    offset: number,
    length: number,
    index: number,
    from: Sender,
    seconds: number,
    nanoseconds: number,
  ): void {
    if (!this.isTaking || seconds > this.endSeconds) return;
    if (seconds === this.endSeconds && nanoseconds > this.endNanoseconds) return;
    this.read++;
    const { clock, interfaceOf, order } = this;
    const at = this.interfaces[index] as RecordInterface;
    const flow = at.flowOf(from, interfaceOf.length);
    if (flow.index === interfaceOf.length) interfaceOf.push(index);
    if (seconds === 0) {
      clock.read();
      at.unstamped++;
      this.take(view, offset, length, clock.seconds, clock.nanoseconds, flow);
    } else if (order === null) this.take(view, offset, length, seconds, nanoseconds, flow);
    else order.add(index, view, offset, length, seconds, nanoseconds, flow);
  }

  /** The next datagram, in the order of stamps. */
  private readonly take = (
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
  ): void => {
    if (this.packets >= this.spec.limit) return;
    if (this.packets++ === 0) {
      this.firstSeconds = seconds;
      this.firstNanoseconds = nanoseconds;
    }
    this.bytes += length;
    this.latestNs = (seconds - this.firstSeconds) * 1e9 + (nanoseconds - this.firstNanoseconds);
    if (this.arbitration === null) this.write(view, offset, length, seconds, nanoseconds, flow);
    else this.arbitration.datagram(view, offset, length, seconds, nanoseconds, flow);
    this.interfaces[this.interfaceOf[flow.index] as number]?.count(length, flow);
    if (this.packets < this.spec.limit) return;
    this.isTaking = false;
    this.resolveEnd('limit');
  };

  /** What goes into the file. */
  private readonly write = (
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
  ): void => {
    const index = this.interfaceOf[flow.index] as number;
    this.recording?.datagram(view, offset, length, flow, index, seconds, nanoseconds);
    this.demux.datagram(view, offset, length, this.latestNs, flow, ++this.written, 0);
  };

  private readonly now = (): EpochTime => {
    this.clock.read();
    return { seconds: this.clock.seconds, nanoseconds: this.clock.nanoseconds };
  };

  /** Gaps are declared though nothing comes. */
  private passTime(): void {
    const { arbitration, clock } = this;
    if (arbitration === null) return;
    clock.read();
    arbitration.advance(clock.seconds, clock.nanoseconds);
  }

  private countsOfInterfaces(): readonly InterfaceCounts[] {
    return this.recording?.counts ?? [];
  }

  /** Lets turns of the event loop pass, in each of which every socket has its chance, until one brings nothing. */
  private async emptySockets(): Promise<void> {
    const { seconds, nanoseconds } = this.now();
    this.endSeconds = seconds;
    this.endNanoseconds = nanoseconds;
    const startNs = this.clock.nowNs();
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    // The rest of this turn, in which the sockets may have had their chance before the end came.
    await turn();
    for (let before = -1; this.read !== before && this.clock.nowNs() - startNs < emptyWithinNs; ) {
      before = this.read;
      await turn();
    }
  }

  private async closeSockets(): Promise<void> {
    await Promise.all(this.interfaces.map(({ receiver }) => receiver.close()));
  }
}
