/** A parser to replay into: every message of every datagram that is recognised, decoded by typed handlers. */
import { forcedFraming, type InputSpec } from '../analysis/input.js';
import { isMdp3, type Protocols } from '../analysis/protocols.js';
import type { Flow } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { SbeCodec } from '../schema/sbe/codec.js';
import type { SbeDecoder } from '../schema/sbe/flyweight.js';
import type { SbeMessage } from '../schema/sbe/schema.js';
import { SessionDemux } from '../session/demux.js';

/** A group's cursor, as a handler of any message sees it. */
interface Cursor {
  next(): boolean;
}

/** Counts what it decodes, so that a report can say that nothing was skipped. */
export class FeedHandler {
  messages = 0;
  unknown = 0;
  gaps = 0;
  /** Sum of ITCH messages' own time stamps, and the entries of MDP's groups: proof that they were read. */
  timestampSum = 0;
  entries = 0;
  private readonly demux: SessionDemux;
  private readonly protocols: Protocols;
  private readonly mdp3Decoders = new Map<SbeCodec, SbeDecoder>();

  constructor(input: InputSpec, protocols: Protocols) {
    this.protocols = protocols;
    const decoder = itch50.createDecoder(this.handlers());
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _timestampNs, _sequence, stream) => {
          this.messages++;
          const isDecoded = isMdp3(stream)
            ? this.decodeMdp3(view, offset, length)
            : decoder.decode(view, offset, length);
          if (!isDecoded) this.unknown++;
        },
        onGap: () => {
          this.gaps++;
        },
      },
      { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(input) },
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

  private decodeMdp3(view: DataView, offset: number, length: number): boolean {
    const codec = this.protocols.mdp3.catalogue.codecAt(view, offset, length);
    if (codec === null) return false;
    let decoder = this.mdp3Decoders.get(codec);
    if (decoder === undefined) {
      decoder = codec.createDecoder(Object.fromEntries(codec.schema.messages.map((one) => this.mdp3Handler(one))));
      this.mdp3Decoders.set(codec, decoder);
    }
    return decoder.decode(view, offset, length);
  }

  /** Walks every group of the message. */
  private mdp3Handler({ name, groups }: SbeMessage): [string, (message: object) => void] {
    const names = groups.map((group) => group.name);
    return [
      name,
      (message) => {
        for (const group of names) {
          const cursor = (message as Record<string, Cursor>)[group] as Cursor;
          while (cursor.next()) this.entries++;
        }
      },
    ];
  }
}
