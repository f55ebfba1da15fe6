/** Copies datagrams into a capture file as they are, with other stamps and addresses where asked. */
import type { MessageFeed } from '../analysis/message-feed.js';
import type { Protocols } from '../analysis/protocols.js';
import type { CopiedPart } from '../analysis/threads/part.js';
import type { DatagramReader, Flow } from '../core/seams.js';
import { type CaptureOutput, openCaptureOutput } from '../io/capture-output.js';
import { FaultyCopy } from './convert-faults.js';
import type { ConvertReport, ConvertSpec } from './convert-spec.js';
import { FlowMap } from './remap.js';
import type { StampSpan } from './restamp.js';

/** Gaps reported one by one. */
export const maxGapsReported = 1000;

export class DatagramCopy {
  /** Messages in the datagrams that were read. */
  messages = 0;
  private readonly spec: ConvertSpec;
  private readonly faulty: FaultyCopy | null;
  /** Made with the first datagram. */
  private output: CaptureOutput | null = null;
  private readonly flows: FlowMap;
  private readonly span: StampSpan;

  /** Throws where logs of faults cannot be opened. */
  constructor(spec: ConvertSpec, span: StampSpan, protocols: Protocols) {
    this.spec = spec;
    this.faulty =
      spec.faults === null
        ? null
        : new FaultyCopy(spec.faults, spec, protocols, (view, offset, length, flow, seconds, nanoseconds, payloadSum) =>
            this.put(view, offset, length, flow, seconds, nanoseconds, payloadSum),
          );
    this.flows = new FlowMap(spec.remapSources, spec.remapDestinations);
    this.span = span;
  }

  /** False where no datagram behind this one is wanted. */
  take(reader: DatagramReader, flow: Flow): boolean {
    if (this.faulty !== null) return this.faulty.take(reader, flow);
    this.put(reader.view, reader.offset, reader.length, flow, reader.seconds, reader.nanoseconds);
    return true;
  }

  /** Takes the datagrams of a part that was read elsewhere, `messages` in them; its bytes can be used again then. */
  takePart(part: CopiedPart, messages: number): void {
    this.messages += messages;
    if (part.first !== null && part.last !== null) this.span.goOn(part.first, part.last);
    if (part.packets + part.tooLong === 0) return;
    this.output ??= this.open();
    this.output.append(part);
  }

  /** Puts out what was held back. `isComplete`: all was read. */
  finish(isComplete: boolean): void {
    this.faulty?.finish(isComplete);
  }

  close(): void {
    try {
      this.faulty?.close(false);
    } finally {
      this.output?.close();
    }
  }

  /** Gaps and repetitions are the input's, each line by itself. */
  report(feed: MessageFeed) {
    const sessions = feed.demux.sessions().filter(({ protocol }) => protocol === 'MoldUDP64' || protocol === 'MDP3');
    const gaps = sessions.flatMap(({ gaps, session, protocol, destination }) =>
      gaps.map((gap) => ({ ...gap, session, ...(protocol === 'MDP3' ? { destination } : {}) })),
    );
    const sum = (of: (session: (typeof sessions)[number]) => number) =>
      sessions.reduce((total, session) => total + of(session), 0);
    const { packets = 0, bytes = 0, tooLong = 0, clampedTimestamps = 0 } = this.output ?? {};
    const faults = this.faulty?.report() ?? null;
    return {
      framing: 'verbatim',
      session: null,
      messages: faults === null ? this.messages : faults.lines.reduce((total, { out }) => total + out.messages, 0),
      packets,
      bytes,
      filtered: 0,
      unsequenced: 0,
      otherSessions: [],
      gaps: gaps.slice(0, maxGapsReported),
      gapsTotal: sum((session) => session.gaps.length + session.gapsDropped),
      missing: sum((session) => session.missing),
      duplicates: sum((session) => session.duplicates),
      late: 0,
      heldBack: 0,
      tooLong,
      zeroLength: 0,
      clampedTimestamps,
      connections: 0,
      faults,
    } satisfies Partial<ConvertReport>;
  }

  private put(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    seconds: number,
    nanoseconds: number,
    payloadSum = -1,
  ): void {
    const { span } = this;
    span.apply(seconds, nanoseconds, -1);
    const to = this.flows.get(flow);
    this.output ??= this.open();
    this.output.datagram(view, offset, length, to, span.stampSeconds, span.stampNanoseconds, payloadSum);
  }

  private open(): CaptureOutput {
    const { spec } = this;
    const format = spec.format === 'pcapng' ? 'pcapng' : 'pcap';
    return openCaptureOutput({ path: spec.output, format, inputPaths: spec.input.paths });
  }
}
