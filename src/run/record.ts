/**
 * Records what comes to UDP sockets: every datagram with its stamp, in a frame built anew around it, into capture
 * files; and checks the sequences of what it recognises, so that the report tells what was lost before it came.
 */
import { arch, cpus, release, type } from 'node:os';
import { DamageLog, type FileDamage } from '../analysis/damage-log.js';
import { openProtocols } from '../analysis/definitions.js';
import { forcedFraming } from '../analysis/input.js';
import type { Protocols } from '../analysis/protocols.js';
import type { SinkError } from '../core/errors.js';
import type { InterfaceCounts } from '../io/recorded-file.js';
import { Recording } from '../io/recording.js';
import type { Sender } from '../io/senders.js';
import { itch50 } from '../protocol/itch50/index.js';
import { SessionDemux } from '../session/demux.js';
import { ArrivalClock } from './arrival-clock.js';
import { RecordLine } from './record-line.js';
import type { RecordSpec } from './record-spec.js';

/** What was received is handed to the disk so often, if that is idle: what a kill costs at most. */
export const flushEveryMs = 250;
const watchMs = 50;

export type RecordEnd = 'stopped' | 'duration' | 'limit' | 'idle' | 'failure';

/** The object that `record --json` prints. */
export type RecordReport = ReturnType<Recorder['report']>;

export class Recorder {
  /** Received so far. */
  packets = 0;
  bytes = 0;
  messages = 0;
  endReason: RecordEnd = 'stopped';
  readonly lines: RecordLine[] = [];
  readonly damage: DamageLog;
  private readonly spec: RecordSpec;
  private readonly clock = new ArrivalClock();
  private readonly demux: SessionDemux;
  private recording: Recording | null = null;
  private isTaking = false;
  private flowCount = 0;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private latestNs = 0;
  private resolveEnd: (reason: RecordEnd) => void = () => {};
  private readonly ended = new Promise<RecordEnd>((resolve) => {
    this.resolveEnd = resolve;
  });

  private constructor(spec: RecordSpec, protocols: Protocols, onDamage: (damage: FileDamage) => void) {
    this.spec = spec;
    this.damage = new DamageLog(spec.addresses.map(({ host, port }) => `udp://${host}:${port}`).join(', '), onDamage);
    this.demux = new SessionDemux(
      {
        onMessage: () => {
          this.messages++;
        },
        onDamage: (damage) => this.damage.add(damage),
      },
      { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(spec.input) },
    );
  }

  /** Opens the sockets and the first file; rejects with SinkError where one of them fails. */
  static async open(spec: RecordSpec, onDamage: (damage: FileDamage) => void = () => {}): Promise<Recorder> {
    const recorder = new Recorder(spec, await openProtocols(spec.input, onDamage), onDamage);
    try {
      for (const [index, address] of spec.addresses.entries()) {
        const line = await RecordLine.open(address, spec, (view, offset, length, from, seconds, nanoseconds) =>
          recorder.onDatagram(view, offset, length, index, from, seconds, nanoseconds),
        );
        recorder.lines.push(line);
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
      recording.tick();
    }, watchMs);
    this.endReason = await this.ended;
    clearInterval(watch);
    this.isTaking = false;
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

  /** Figures now, for a progress line. */
  progress() {
    const { packets, recording } = this;
    return {
      packets,
      files: recording?.fileCount ?? 0,
      bytes: recording?.bytes ?? 0,
      missing: this.demux.streams.reduce((sum, stream) => sum + stream.missing, 0),
      missed: this.countsOfLines().reduce((sum, { missed }) => sum + missed, 0),
      kernelDrops: this.lines.reduce((sum, { receiver }) => sum + (receiver.kernelDrops() ?? 0), 0),
    };
  }

  /** The finished report; plain data with a stable shape. */
  report() {
    const { packets, bytes, messages, recording, demux, damage } = this;
    const counts = this.countsOfLines();
    const lines = this.lines.map((line, index) => line.report(counts[index] as InterfaceCounts));
    const sum = (of: 'written' | 'missed' | 'unwritten'): number => lines.reduce((total, line) => total + line[of], 0);
    const seconds = packets > 1 ? this.latestNs / 1e9 : 0;
    const { bytes: memoryBytes = 0, mostWaitingBytes = 0 } = recording?.memory ?? {};
    return {
      endReason: this.endReason,
      failure: this.failure?.message ?? null,
      seconds,
      packets: { total: packets, bytes, written: sum('written'), missed: sum('missed'), unwritten: sum('unwritten') },
      kernelDrops: lines.some(({ kernelDrops }) => kernelDrops === null)
        ? null
        : lines.reduce((total, { kernelDrops }) => total + (kernelDrops ?? 0), 0),
      outOfOrder: recording?.outOfOrder ?? 0,
      rate: { packetsPerSecond: seconds > 0 ? (packets - 1) / seconds : 0 },
      lines,
      format: this.spec.format,
      fileCount: recording?.fileCount ?? 0,
      files: recording?.files() ?? [],
      notRemoved: recording?.notRemoved ?? 0,
      memory: { bytes: memoryBytes, mostWaitingBytes },
      messages: { total: messages },
      sessions: demux.sessions(),
      flows: demux.flows(),
      damage: damage.kept,
      damageTotal: damage.total,
    };
  }

  private async openFile(): Promise<void> {
    const { spec, clock, lines } = this;
    const recording = new Recording(
      {
        ...spec,
        section: { hardware: cpus()[0]?.model ?? arch(), os: `${type()} ${release()}`, application: spec.application },
        interfaces: lines.map((line) => line.notes()),
      },
      {
        kernelDrops: (index) => this.lines[index]?.receiver.kernelDrops() ?? null,
        now: () => {
          clock.read();
          return { seconds: clock.seconds, nanoseconds: clock.nanoseconds };
        },
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
    lineIndex: number,
    from: Sender,
    seconds: number,
    nanoseconds: number,
  ): void {
    const { recording, clock } = this;
    if (!this.isTaking || recording === null) return;
    let atSeconds = seconds;
    let atNanoseconds = nanoseconds;
    if (seconds === 0) {
      clock.read();
      atSeconds = clock.seconds;
      atNanoseconds = clock.nanoseconds;
    }
    const line = this.lines[lineIndex] as RecordLine;
    this.bytes += length;
    const flow = line.take(length, from, this.flowCount);
    if (flow.index === this.flowCount) this.flowCount++;
    recording.datagram(view, offset, length, flow, lineIndex, atSeconds, atNanoseconds);
    if (this.packets++ === 0) {
      this.firstSeconds = atSeconds;
      this.firstNanoseconds = atNanoseconds;
    }
    this.latestNs = (atSeconds - this.firstSeconds) * 1e9 + (atNanoseconds - this.firstNanoseconds);
    this.demux.datagram(view, offset, length, this.latestNs, flow, this.packets, 0);
    if (this.packets < this.spec.limit) return;
    this.isTaking = false;
    this.resolveEnd('limit');
  }

  private countsOfLines(): readonly InterfaceCounts[] {
    return this.recording?.counts ?? [];
  }

  private async closeSockets(): Promise<void> {
    await Promise.all(this.lines.map(({ receiver }) => receiver.close()));
  }
}
