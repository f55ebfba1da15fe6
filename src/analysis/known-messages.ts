/** What `inspect` counts of messages that are known: types, and the differences between clocks. */
import type { RecordReader, Stream } from '../core/seams.js';
import type { ValueCounts } from '../core/value-counts.js';
import { itch50 } from '../protocol/itch50/index.js';
import { itch50Application } from './application.js';
import { ExchangeClock } from './exchange-clock.js';
import { recordNear } from './latency-histogram.js';
import type { Protocols } from './protocols.js';
import type { TypeCounts } from './type-counts.js';

export class KnownMessages {
  private readonly clock = new ExchangeClock();
  /** The packet of MDP, by its file and number, whose SendingTime was compared last. */
  private comparedPacket = 0;
  private comparedFile = -1;

  /** `feedLatency`: capture stamp less the exchange's; `transactLatency`: SendingTime less TransactTime, of MDP. */
  constructor(
    private readonly protocols: Protocols,
    readonly types: TypeCounts,
    private readonly feedLatency: ValueCounts,
    private readonly transactLatency: ValueCounts,
  ) {}

  /** Counts a message; `reader` stands at its record, of the file number `file`. */
  take(view: DataView, offset: number, length: number, stream: Stream, reader: RecordReader, file: number): void {
    const application = this.protocols.of(stream);
    this.types.add(application, application.typeOf(view, offset, length));
    if (stream.flow === null) return;
    if (application.id === 'mdp3') {
      this.compareMdp3(view, offset, length, stream, reader, file);
      return;
    }
    const sinceMidnightNs = this.clock.sinceMidnightNs(reader.seconds, reader.nanoseconds);
    if (!Number.isNaN(sinceMidnightNs)) this.feedLatency.record(sinceMidnightNs - itch50.timestampOf(view, offset));
  }

  /** Counts messages of ITCH from `start` to `end`, each behind its 2-byte length, of the datagram of `reader`. */
  takeRun(view: DataView, start: number, end: number, reader: RecordReader): void {
    const { feedLatency } = this;
    const types = this.types.of(itch50Application);
    const sinceMidnightNs = this.clock.sinceMidnightNs(reader.seconds, reader.nanoseconds);
    const hasDay = !Number.isNaN(sinceMidnightNs);
    for (let at = start; at < end; at += 2 + view.getUint16(at)) {
      types.add(view.getUint8(at + 2));
      if (hasDay) feedLatency.record(sinceMidnightNs - itch50.timestampOf(view, at + 2));
    }
  }

  /** Of each packet its SendingTime with the capture's stamp, of each message its TransactTime with SendingTime. */
  private compareMdp3(
    view: DataView,
    offset: number,
    length: number,
    { sendingSeconds, sendingNanoseconds }: Stream,
    { packetNumber, seconds, nanoseconds }: RecordReader,
    file: number,
  ): void {
    if (sendingSeconds === undefined || sendingNanoseconds === undefined) return;
    const { mdp3 } = this.protocols;
    if (mdp3.readTransactTime(view, offset, length)) {
      const sinceSeconds = sendingSeconds - mdp3.transactSeconds;
      recordNear(this.transactLatency, sinceSeconds, sendingNanoseconds - mdp3.transactNanoseconds);
    }
    if (packetNumber === this.comparedPacket && file === this.comparedFile) return;
    this.comparedPacket = packetNumber;
    this.comparedFile = file;
    recordNear(this.feedLatency, seconds - sendingSeconds, nanoseconds - sendingNanoseconds);
  }
}
