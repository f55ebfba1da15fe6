/** A parser to replay into: every message of every MoldUDP64 datagram, decoded by the per-message typed handlers. */
import { forcedFraming, type InputSpec } from '../analysis/input.js';
import type { Flow } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';
import { SessionDemux } from '../session/demux.js';

/** Counts what it decodes, so that a report can say that nothing was skipped. */
export class ItchHandler {
  messages = 0;
  unknown = 0;
  gaps = 0;
  /** Sum of the messages' own time stamps: proof that they were read. */
  timestampSum = 0;
  private readonly demux: SessionDemux;

  constructor(input: InputSpec) {
    const decoder = itch50.createDecoder(this.handlers());
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length) => {
          this.messages++;
          if (!decoder.decode(view, offset, length)) this.unknown++;
        },
        onGap: () => {
          this.gaps++;
        },
      },
      { lengthOf: itch50.lengthOf, force: forcedFraming(input) },
    );
  }

  /** One datagram, as a sink's handler. */
  readonly onDatagram = (view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void => {
    this.demux.datagram(view, offset, length, scheduledNs, flow, 0, 0);
  };

  private handlers() {
    const read = (message: { timestamp: number }): void => {
      this.timestampSum += message.timestamp;
    };
    return Object.fromEntries(itch50.messages.map(({ name }) => [name, read]));
  }
}
