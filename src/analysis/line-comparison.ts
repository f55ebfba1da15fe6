/** Compares the lines of every session and channel that a capture holds: for reports, nothing is merged. */
import type { Flow, RecordReader } from '../core/seams.js';
import type { FlowReport } from '../session/demux.js';
import { LineArbiter } from '../session/line-arbiter.js';
import { LineNames, type LineSpec, refuseInterfaces } from './line-names.js';
import { type LinesReport, linesReport } from './lines-report.js';
import type { Protocols } from './protocols.js';

/** `initHistograms` must have resolved. */
export class LineComparison {
  private readonly arbiter: LineArbiter;

  /** Throws UsageError where the lines name interfaces. */
  constructor(
    private readonly protocols: Protocols,
    lines?: LineSpec,
  ) {
    if (lines !== undefined) refuseInterfaces(lines);
    const names = new LineNames(lines, protocols.channels);
    const keyOf = (flow: Flow) => protocols.channelKeyOf(flow);
    this.arbiter = new LineArbiter(null, { nameOf: (flow) => names.nameOf(flow), keyOf });
  }

  /** Takes a datagram, whose messages may be known to be whole; the reader's view is borrowed. */
  datagram(reader: RecordReader, flow: Flow, framing: FlowReport['recognisedAs'], isWhole = false): void {
    const { view, offset, length, seconds, nanoseconds } = reader;
    this.arbiter.datagram(framing, view, offset, length, seconds, nanoseconds, flow, isWhole);
  }

  /** What is told once all has been taken. */
  report(): LinesReport[] {
    this.arbiter.flush();
    return linesReport(this.arbiter, this.protocols);
  }

  destroy(): void {
    this.arbiter.destroy();
  }
}
