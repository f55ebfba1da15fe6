/**
 * Lines of feeds, of MoldUDP64 or MDP 3.0, compared and merged: datagrams of any flows go in, and of each session or
 * channel one gap-free stream of datagrams comes out, on the flow of its first line, with stamps that never go back.
 *
 * What is neither, or carries nothing that has a number, passes as it is. What is held back is bounded by each feed's
 * `Arbiter`, and by time: `advance` says what time it is where no datagram does.
 */
import type { Flow } from '../core/seams.js';
import type { FlowReport } from './demux.js';
import type { FeedLinesReport } from './line-report.js';
import { MDP3_HEADER_LENGTH } from './mdp3-header.js';
import { type LineChannel, Mdp3Lines } from './mdp3-lines.js';
import { isWholeMessage } from './mdp3-messages.js';
import { HEADER_LENGTH } from './moldudp64-header.js';
import { type LinesListener, type LinesOptions, MoldUDP64Lines } from './moldudp64-lines.js';

export type { LinesListener } from './moldudp64-lines.js';

export interface LineArbiterOptions extends LinesOptions {
  /** Of MDP: what names the channel and feed type of a flow, asked once for each; null leaves it to content. */
  readonly keyOf?: (flow: Flow) => string | null;
}

/** `initHistograms` must have resolved. Without a listener lines are compared and not merged. */
export class LineArbiter {
  private readonly mold: MoldUDP64Lines;
  private readonly mdp3: Mdp3Lines;
  private readonly stamps = new Map<LineChannel, { seconds: number; nanoseconds: number }>();

  constructor(
    private readonly listener: LinesListener | null,
    options: LineArbiterOptions = {},
  ) {
    const { nameOf = () => null, keyOf, arbiter } = options;
    this.mold = new MoldUDP64Lines(listener, options);
    this.mdp3 = new Mdp3Lines(
      {
        onPacket: (view, offset, length, seconds, nanoseconds, _sequence, channel) =>
          this.pass(view, offset, length, seconds, nanoseconds, channel),
        onGap: (from, to, { flow }) => listener?.onGap?.(from, to, flow),
      },
      {
        compare: { nameOf },
        ...(keyOf === undefined ? {} : { keyOf }),
        ...(arbiter === undefined ? {} : { arbiter }),
      },
    );
  }

  /**
   * Takes a datagram of a flow that was recognised as `framing`; the view is borrowed. Blocks of MoldUDP64 that are
   * known to be whole are not gone over.
   */
  datagram(
    framing: FlowReport['recognisedAs'],
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    isWhole = false,
  ): void {
    if (framing === 'MoldUDP64' && length >= HEADER_LENGTH) {
      this.mold.packet(view, offset, length, seconds, nanoseconds, flow, isWhole);
    } else if (framing === 'MDP3' && isMdp3Packet(view, offset, length)) {
      this.mdp3.packet(view, offset, length, seconds, nanoseconds, flow);
    } else this.listener?.onPacket(view, offset, length, seconds, nanoseconds, flow);
  }

  /** Says what time it is, on the clock of the stamps: gaps that have been waited for too long are declared. */
  advance(seconds: number, nanoseconds: number): void {
    this.mold.advance(seconds, nanoseconds);
    this.mdp3.advance(seconds, nanoseconds);
  }

  /** Passes on what is held back, gaps declared. */
  flush(): void {
    this.mold.flush();
    this.mdp3.flush();
  }

  /** The feeds that came on several lines. */
  report(): FeedLinesReport[] {
    const channels = this.mdp3.feeds();
    const isMerged = this.listener !== null;
    return [...this.mold.report(), ...channels.map((report) => (isMerged ? report : { ...report, merged: null }))];
  }

  /** Gives the histograms' memory back; there is no report after. */
  destroy(): void {
    this.mold.destroy();
    this.mdp3.destroy();
  }

  private pass(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    channel: LineChannel,
  ): void {
    if (this.listener === null) return;
    let stamp = this.stamps.get(channel);
    // Beyond the bound of channels each packet is one, and none is held back.
    if (stamp === undefined || channel.index < 0) {
      stamp = { seconds, nanoseconds };
      if (channel.index >= 0) this.stamps.set(channel, stamp);
    } else if (seconds > stamp.seconds || (seconds === stamp.seconds && nanoseconds > stamp.nanoseconds)) {
      stamp.seconds = seconds;
      stamp.nanoseconds = nanoseconds;
    }
    this.listener.onPacket(view, offset, length, stamp.seconds, stamp.nanoseconds, channel.flow);
  }
}

/** Whether it has a header, and where there is more a whole message behind it. */
function isMdp3Packet(view: DataView, offset: number, length: number): boolean {
  const first = offset + MDP3_HEADER_LENGTH;
  const end = offset + length;
  return first === end || (first < end && isWholeMessage(view, first, end));
}
