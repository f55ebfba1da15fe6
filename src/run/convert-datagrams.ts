/** Copies datagrams into a capture file as they are, with other stamps and addresses where asked. */
import type { MessageFeed } from '../analysis/message-feed.js';
import type { Flow, RecordReader } from '../core/seams.js';
import { type CaptureOutput, openCaptureOutput } from '../io/capture-output.js';
import type { ConvertReport, ConvertSpec } from './convert-spec.js';
import { FlowMap } from './remap.js';
import type { StampSpan } from './restamp.js';

/** Gaps reported one by one. */
export const maxGapsReported = 1000;

export class DatagramCopy {
  /** Messages in the datagrams copied. */
  messages = 0;
  private readonly spec: ConvertSpec;
  /** Made with the first datagram. */
  private output: CaptureOutput | null = null;
  private readonly flows: FlowMap;
  private readonly span: StampSpan;

  constructor(spec: ConvertSpec, span: StampSpan) {
    this.spec = spec;
    this.flows = new FlowMap(spec.remapSources, spec.remapDestinations);
    this.span = span;
  }

  take(reader: RecordReader, flow: Flow): void {
    const { span } = this;
    span.apply(reader.seconds, reader.nanoseconds, -1);
    const to = this.flows.get(flow);
    this.output ??= this.open();
    this.output.datagram(reader.view, reader.offset, reader.length, to, span.stampSeconds, span.stampNanoseconds);
  }

  close(): void {
    this.output?.close();
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
    return {
      framing: 'verbatim',
      session: null,
      messages: this.messages,
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
    } satisfies Partial<ConvertReport>;
  }

  private open(): CaptureOutput {
    const { spec } = this;
    const format = spec.format === 'pcapng' ? 'pcapng' : 'pcap';
    return openCaptureOutput({ path: spec.output, format, inputPaths: spec.input.paths });
  }
}
