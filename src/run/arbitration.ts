/** Live or captured datagrams of several lines → what they carry, recognised flow by flow → one gap-free stream. */
import { forcedFraming, type InputSpec } from '../analysis/input.js';
import { LineNames, type LineSpec } from '../analysis/line-names.js';
import { type LinesReport, linesReport } from '../analysis/lines-report.js';
import type { Protocols } from '../analysis/protocols.js';
import type { DamageHandler, Flow } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { ArbiterOptions } from '../session/arbiter.js';
import { SessionDemux } from '../session/demux.js';
import { LineArbiter, type LinesListener } from '../session/line-arbiter.js';

/** A timer that is behind is served before sockets: only the next one shows that there is nothing to read. */
const quietTicksNeeded = 2;

export interface ArbitrationListener extends LinesListener {
  onDamage?: DamageHandler;
  /** A line's session has ended, or says so again. */
  onEndOfSession?(): void;
}

export interface ArbitrationSpec {
  /** How datagrams are taken; the paths play no part. */
  readonly input: InputSpec;
  readonly protocols: Protocols;
  readonly lines: LineSpec;
  /** Name of the interface that a flow's datagrams come by, where sockets tell. */
  readonly interfaceOf?: (flow: Flow) => string | null;
  /** Bounds of what is held back. */
  readonly arbiter?: ArbiterOptions;
}

/**
 * Takes datagrams with their stamps and hands the merged ones to its listener; `initHistograms` must have resolved.
 *
 * Who receives live calls `advance` on a timer, so that gaps are declared when nothing comes, and `flush` at the end.
 */
export class Arbitration {
  /** Every line by itself: its sessions, gaps and damage. */
  readonly demux: SessionDemux;
  private readonly arbiter: LineArbiter;
  private readonly protocols: Protocols;
  private packets = 0;
  /** As of the latest `advance`, and for how many of them nothing has come. */
  private packetsBefore = 0;
  private quietTicks = 0;

  constructor(listener: ArbitrationListener, { input, protocols, lines, interfaceOf, arbiter }: ArbitrationSpec) {
    this.protocols = protocols;
    const names = new LineNames(lines, protocols.channels);
    this.demux = new SessionDemux(
      {
        onMessage: () => {},
        onEndOfSession: () => listener.onEndOfSession?.(),
        onDamage: (damage) => listener.onDamage?.(damage),
      },
      { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(input) },
    );
    this.arbiter = new LineArbiter(listener, {
      nameOf: (flow) => names.nameOf(flow, interfaceOf?.(flow)),
      keyOf: (flow) => protocols.channelKeyOf(flow),
      ...(arbiter === undefined ? {} : { arbiter }),
    });
  }

  /** Takes a datagram; the view is borrowed until the call returns. */
  datagram(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    this.demux.datagram(view, offset, length, 0, flow, ++this.packets, 0);
    this.arbiter.datagram(this.demux.recognisedAs(flow), view, offset, length, seconds, nanoseconds, flow);
  }

  /**
   * Says what time it is, on the clock of the stamps; to be called on a timer. It only counts when nothing has come for
   * two calls: while datagrams come, time is that of their stamps, since those of another line may wait to be read.
   */
  advance(seconds: number, nanoseconds: number): void {
    this.quietTicks = this.packets === this.packetsBefore ? this.quietTicks + 1 : 0;
    this.packetsBefore = this.packets;
    if (this.quietTicks >= quietTicksNeeded) this.arbiter.advance(seconds, nanoseconds);
  }

  /** Passes on what is held back, gaps declared. */
  flush(): void {
    this.arbiter.flush();
  }

  /** The feeds that came on several lines, as `lines[]` of a report has them. */
  report(): LinesReport[] {
    return linesReport(this.arbiter, this.protocols);
  }

  destroy(): void {
    this.arbiter.destroy();
  }
}
