/** What a SoupBinTCP server sends on: the messages of MoldUDP64 datagrams, each once. */
import type { Flow, LengthOf } from '../core/seams.js';
import { type ForcedFraming, SessionDemux } from '../session/demux.js';

export interface SoupFeedOptions {
  /** Length of a message by its type: helps to recognise MoldUDP64. */
  lengthOf: LengthOf;
  /** Which flows are taken for MoldUDP64, or not, whatever they look like. */
  force?: (flow: Flow) => ForcedFraming;
}

/** Decodes datagrams and hands on their messages; the view is borrowed until the call returns. */
export class SoupFeed {
  private readonly demux: SessionDemux;
  private notMold = 0;
  private repeats = 0;

  constructor(options: SoupFeedOptions, deliver: (view: DataView, offset: number, length: number) => void) {
    const { lengthOf, force } = options;
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _timestampNs, _sequence, stream) => {
          if (stream.isDuplicate) this.repeats++;
          else deliver(view, offset, length);
        },
      },
      { lengthOf, ...(force === undefined ? {} : { force }) },
    );
  }

  datagram(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    if (!this.demux.datagram(view, offset, length, scheduledNs, flow, 0, 0)) this.notMold++;
  }

  /** Gaps of the source and the messages missing in them, messages left out as repeats, datagrams ignored. */
  counters(): Record<string, number> {
    let gaps = 0;
    let missing = 0;
    for (const { tracker } of this.demux.streams) {
      const report = tracker.report();
      gaps += report.gaps.length + report.gapsDropped;
      missing += report.missing;
    }
    return { gaps, missing, repeats: this.repeats, notMold: this.notMold };
  }
}
