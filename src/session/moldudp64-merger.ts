/** Makes one stream of packets of the lines of a MoldUDP64 session: `moldudp64-lines.ts` says how. */
import type { Flow } from '../core/seams.js';
import { Arbiter, type ArbiterOptions, MAX_HELD_NS } from './arbiter.js';
import { ControlPackets } from './control-packets.js';
import type { MergedCounts } from './merged-counts.js';
import { MoldUDP64Builder } from './moldudp64-builder.js';
import { BLOCK_LENGTH_SIZE, HEADER_LENGTH } from './moldudp64-header.js';
import type { LinesListener } from './moldudp64-lines.js';

/** The largest packet that is made. */
const MAX_PACKET = 65_535;

export class MoldUDP64Merger {
  readonly arbiter: Arbiter;
  private readonly builder: MoldUDP64Builder;
  private readonly controls: ControlPackets;
  private readonly maxNs: number;
  /** The packet at hand, and the one that is being made anew. */
  private place = 0;
  private placeBuilt = 0;
  /** Stamp of the packet that came out last. */
  private seconds = Number.NEGATIVE_INFINITY;
  private nanoseconds = 0;

  constructor(
    private readonly listener: LinesListener,
    private readonly flow: Flow,
    session: Uint8Array,
    counts: MergedCounts,
    options: ArbiterOptions = {},
  ) {
    this.maxNs = options.maxNs ?? MAX_HELD_NS;
    this.builder = new MoldUDP64Builder({ session, mtu: MAX_PACKET, pack: 'mtu' });
    this.controls = new ControlPackets((view, offset, length, seconds, nanoseconds) =>
      this.pass(view, offset, length, seconds, nanoseconds),
    );
    this.arbiter = new Arbiter(
      {
        onMessage: (view, offset, length, seconds, nanoseconds, sequence, place) =>
          this.add(view, offset, length, seconds, nanoseconds, sequence, place),
        onGap: (from, to) => {
          counts.list({ from, to, count: to - from + 1 });
          this.build();
          this.listener.onGap?.(from, to, this.flow);
        },
      },
      options,
    );
  }

  /** Takes the first `whole` messages of a packet, which are all of it where `isWhole`. */
  messages(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    whole: number,
    isWhole: boolean,
  ): void {
    const { arbiter } = this;
    this.place++;
    if (isWhole && arbiter.passRun(sequence, whole)) this.pass(view, offset, length, seconds, nanoseconds);
    else {
      let at = offset + HEADER_LENGTH;
      for (let index = 0; index < whole; index++) {
        const messageLength = view.getUint16(at);
        const message = at + BLOCK_LENGTH_SIZE;
        arbiter.message(view, message, messageLength, seconds, nanoseconds, sequence + index, this.place);
        at = message + messageLength;
      }
      this.build();
    }
    this.controls.release(arbiter.nextSequence);
  }

  /** Takes a heartbeat or an end of session; `next` is the number that it says comes next. */
  control(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    next: number,
    isEnd: boolean,
  ): void {
    this.controls.take(view, offset, length, seconds, nanoseconds, flow, next, isEnd);
    const { nextSequence, heldPlace } = this.arbiter;
    // Before the first message there is nothing to wait for.
    const isBefore = nextSequence === 0 && heldPlace === Number.POSITIVE_INFINITY;
    this.controls.release(isBefore ? next : nextSequence);
  }

  advance(seconds: number, nanoseconds: number): void {
    const { arbiter, controls } = this;
    arbiter.advance(seconds, nanoseconds);
    this.build();
    if (!controls.hasWaited(seconds, nanoseconds, this.maxNs)) return;
    arbiter.giveUp(controls.next);
    this.build();
    controls.release(arbiter.nextSequence);
  }

  flush(): void {
    const { arbiter, controls } = this;
    arbiter.flush(controls.isWaiting ? controls.next : 0);
    this.build();
    controls.release(Number.POSITIVE_INFINITY);
  }

  /** Hands a packet on, its stamp not before the last one's. */
  pass(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number): void {
    this.moveTo(seconds, nanoseconds);
    this.listener.onPacket(view, offset, length, this.seconds, this.nanoseconds, this.flow);
  }

  private moveTo(seconds: number, nanoseconds: number): void {
    if (seconds < this.seconds || (seconds === this.seconds && nanoseconds < this.nanoseconds)) return;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }

  /** A message in its turn: those of one packet are put together again. */
  private add(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    place: number,
  ): void {
    if (place !== this.placeBuilt) this.build();
    this.placeBuilt = place;
    if (this.builder.add(view, offset, length, seconds, nanoseconds, sequence, place)) this.passBuilt();
  }

  private build(): void {
    if (this.builder.flush()) this.passBuilt();
  }

  private passBuilt(): void {
    const { view, length, seconds, nanoseconds } = this.builder.packet;
    this.pass(view, 0, length, seconds, nanoseconds);
  }
}
