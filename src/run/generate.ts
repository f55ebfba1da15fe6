/** A generated session into a file: messages, capture stamps with latency, faults, and the truth about all of it. */
import { type Endpoint, flowBetween } from '../capture/endpoint.js';
import { UsageError } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { DatagramOutput } from '../core/seams.js';
import {
  type CountingOutput,
  type MessageOutputSpec,
  type OutputCounts,
  openMessageOutput,
  outputFormatOf,
} from '../io/message-output.js';
import { type FaultsTruth, FaultyLines } from '../sim/faults.js';
import { defaultSeed, ItchSession, type ItchSessionOptions } from '../sim/itch-session.js';
import type { SessionTruth } from '../sim/truth.js';
import { CaptureStamps } from './capture-stamps.js';
import type { WireSpec } from './wire-spec.js';

export type { LatencyRange } from './capture-stamps.js';

export interface GenerateSpec extends WireSpec {
  readonly session: ItchSessionOptions;
  readonly output: MessageOutputSpec;
  /** Destination of the second line. */
  readonly lineB?: Endpoint | undefined;
}

/** What was generated and written. */
export interface GenerateTruth extends SessionTruth {
  readonly output: OutputCounts;
  /** Null where no fault was asked for. */
  readonly faults: FaultsTruth | null;
}

/** Sender of the second line, and its group where none is named. */
const lineBSource: Endpoint = { address: '127.0.0.1', port: 26_401 };
export const defaultLineB: Endpoint = { address: '239.255.42.2', port: 26_477 };
/** Messages made before whoever waits gets a turn. */
const sliceMessages = 1 << 16;

export class Generation {
  readonly session: ItchSession;
  private readonly output: CountingOutput;
  private faults: FaultyLines | null = null;
  private readonly stamps: CaptureStamps | null;
  private isStopped = false;

  /** Checks what is asked for and opens the file; throws UsageError or SinkError. */
  constructor(spec: GenerateSpec) {
    const { gaps, dups, reorder, lineB, latency } = spec;
    const hasFaults = [gaps, dups, reorder, lineB].some((asked) => asked !== undefined);
    const format = outputFormatOf(spec.output.path, spec.output.format);
    if (format === 'binaryfile' && hasFaults) {
      throw new UsageError('faults', 'gaps, copies, order and a second line are of packets: write a pcap or pcapng');
    }
    if (format === 'binaryfile' && latency !== undefined) {
      throw new UsageError('latency', 'a BinaryFILE has no capture stamps for a latency: write a pcap or pcapng');
    }
    this.session = new ItchSession(spec.session);
    const seed = spec.session.seed ?? defaultSeed;
    this.stamps = latency === undefined ? null : new CaptureStamps(latency, new Random(`${seed} latency`));
    const decorate = (output: DatagramOutput): DatagramOutput => {
      this.faults = new FaultyLines(output, {
        seed,
        messages: this.session.messages,
        ...(gaps === undefined ? {} : { gaps }),
        ...(dups === undefined ? {} : { dups }),
        ...(reorder === undefined ? {} : { reorder }),
        ...(spec.reorderDepth === undefined ? {} : { reorderDepth: spec.reorderDepth }),
        ...(spec.skew === undefined ? {} : { skew: spec.skew }),
        ...(lineB === undefined ? {} : { lineB: flowBetween('UDP', lineBSource, lineB, 1) }),
      });
      return this.faults;
    };
    this.output = openMessageOutput(hasFaults ? { ...spec.output, decorate } : spec.output);
  }

  /** Messages and bytes written so far. */
  get counts(): OutputCounts {
    return this.output.counts;
  }

  /** True where the run was ended before all messages were made. */
  get stopped(): boolean {
    return this.isStopped;
  }

  /** Ends the run after the messages at hand; what is written stays readable. */
  stop(): void {
    this.isStopped = true;
  }

  /** Makes all messages; the file is whole and closed then, and also where it fails. */
  async run(): Promise<void> {
    const { output } = this;
    try {
      while (!this.isStopped && this.writeSome()) await new Promise((resolve) => setImmediate(resolve));
      if (!this.isStopped) output.endOfSession();
    } finally {
      output.close();
    }
  }

  truth(): GenerateTruth {
    return { ...this.session.truth(), output: this.output.counts, faults: this.faults?.truth ?? null };
  }

  private writeSome(): boolean {
    const { session, output, stamps } = this;
    for (let made = 0; made < sliceMessages; made++) {
      if (!session.next()) return false;
      const { view, offset, length, seconds, nanoseconds } = session;
      if (stamps === null) {
        output.message(view, offset, length, seconds, nanoseconds, 0);
      } else {
        stamps.stamp(seconds, nanoseconds);
        output.message(view, offset, length, stamps.seconds, stamps.nanoseconds, 0);
      }
    }
    return true;
  }
}
