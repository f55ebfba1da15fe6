/**
 * The lines of MoldUDP64 sessions, such as a feed's A and B: compared, and merged into one gap-free stream of packets.
 *
 * All flows that carry a session of one name are its lines (a blank name tells nothing: then each flow is by itself,
 * unless it has a name). A packet that is in its turn passes as it is. Where some of its messages had come already, or
 * have to wait for others, it is made anew of those that are new, so packets come out with the messages that came in
 * together. Their stamps never go back: what had to wait bears the stamp of what it waited for.
 *
 * Heartbeats and ends of session pass when all before them has passed, each once however many lines bring it. One that
 * tells of messages which no line brings declares their gap when the time has run out. What has no number passes.
 */

import type { Flow } from '../core/seams.js';
import { Arbiter, type ArbiterOptions, MAX_HELD_MESSAGES, MAX_HELD_NS } from './arbiter.js';
import { ControlPackets } from './control-packets.js';
import { type FeedLinesReport, reportFeed } from './line-report.js';
import { LineStatistics } from './line-statistics.js';
import { MergedCounts } from './merged-counts.js';
import { countWholeBlocks } from './moldudp64.js';
import { MoldUDP64Builder } from './moldudp64-builder.js';
import {
  BLOCK_LENGTH_SIZE,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  readMessageCount,
  readSequence,
  readSession,
  SESSION_LENGTH,
} from './moldudp64-header.js';

/** The most sessions that are followed; packets of later ones pass as they come. */
export const MAX_LINE_SESSIONS = 64;
/** The largest packet that is made. */
const MAX_PACKET = 65_535;

/** Takes the next packet that came out, `flow` being the first line's; the view is borrowed until the call returns. */
export type TakePacket = (
  view: DataView,
  offset: number,
  length: number,
  seconds: number,
  nanoseconds: number,
  flow: Flow,
) => void;

export interface LinesListener {
  readonly onPacket: TakePacket;
  /** Numbers `from` to `to` did not come on any line in time. */
  onGap?(from: number, to: number, flow: Flow): void;
}

export interface LinesOptions {
  readonly arbiter?: ArbiterOptions;
  /** Names the line of a flow, asked once for each; flows of one name are one line. */
  readonly nameOf?: (flow: Flow) => string | null;
}

/** Takes packets of MoldUDP64 as they come, a header at least; without a listener lines are compared and not merged. */
export class MoldUDP64Lines {
  private readonly sessions: Session[] = [];
  private last: Session | null = null;

  constructor(
    private readonly listener: LinesListener | null,
    private readonly options: LinesOptions = {},
  ) {}

  packet(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    const session = this.last?.matches(view, offset, flow) ? this.last : this.sessionOf(view, offset, flow);
    if (session === null) this.listener?.onPacket(view, offset, length, seconds, nanoseconds, flow);
    else session.packet(view, offset, length, seconds, nanoseconds, flow);
    this.last = session;
  }

  /** Says what time it is: gaps that have been waited for too long are declared. */
  advance(seconds: number, nanoseconds: number): void {
    for (const session of this.sessions) session.advance(seconds, nanoseconds);
  }

  /** Passes on what is held back, gaps declared. */
  flush(): void {
    for (const session of this.sessions) session.flush();
  }

  /** The sessions that came on several lines. */
  report(): FeedLinesReport[] {
    return this.sessions.map((session) => session.report()).filter((report) => report !== null);
  }

  /** Gives the histograms' memory back; there is no report after. */
  destroy(): void {
    for (const session of this.sessions) session.destroy();
  }

  private sessionOf(view: DataView, offset: number, flow: Flow): Session | null {
    const known = this.sessions.find((session) => session.matches(view, offset, flow));
    if (known !== undefined || this.sessions.length >= MAX_LINE_SESSIONS) return known ?? null;
    const session = new Session(view, offset, flow, this.listener, this.options);
    this.sessions.push(session);
    return session;
  }
}

class Session {
  private readonly name: string;
  private readonly bytes = new Uint8Array(SESSION_LENGTH);
  private readonly words: DataView;
  private readonly nameOf: (flow: Flow) => string | null;
  private readonly statistics: LineStatistics;
  private readonly counts = new MergedCounts();
  private readonly merger: Merger | null;

  constructor(
    view: DataView,
    offset: number,
    readonly flow: Flow,
    listener: LinesListener | null,
    { arbiter, nameOf = () => null }: LinesOptions,
  ) {
    for (let index = 0; index < SESSION_LENGTH; index++) this.bytes[index] = view.getUint8(offset + index);
    this.words = new DataView(this.bytes.buffer);
    this.name = readSession(view, offset);
    this.nameOf = nameOf;
    this.statistics = new LineStatistics(MAX_HELD_MESSAGES, nameOf);
    this.merger = listener === null ? null : new Merger(listener, flow, this.bytes, this.counts, arbiter);
  }

  /** Whether a packet of this flow is of the session. */
  matches(view: DataView, offset: number, flow: Flow): boolean {
    const { words } = this;
    return (
      view.getInt32(offset) === words.getInt32(0) &&
      view.getInt32(offset + 4) === words.getInt32(4) &&
      view.getInt16(offset + 8) === words.getInt16(8) &&
      (this.name !== '' || flow === this.flow || (this.nameOf(flow) !== null && this.nameOf(this.flow) !== null))
    );
  }

  packet(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    const { merger, statistics } = this;
    const count = readMessageCount(view, offset);
    const sequence = readSequence(view, offset);
    const isControl = count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT;
    const whole = isControl ? 0 : countWholeBlocks(view, offset + HEADER_LENGTH, offset + length, count);
    const isNumbered = sequence > 0 && sequence + count <= Number.MAX_SAFE_INTEGER;
    if (isControl && isNumbered) statistics.expect(flow, sequence, seconds, nanoseconds);
    statistics.packet(flow, sequence, isNumbered ? whole : 0, seconds, nanoseconds);
    if (merger === null) return;
    merger.advance(seconds, nanoseconds);
    if (isNumbered && isControl) {
      merger.control(view, offset, length, seconds, nanoseconds, flow, sequence, count === END_OF_SESSION_COUNT);
    } else if (isNumbered && whole > 0) {
      merger.messages(view, offset, length, seconds, nanoseconds, sequence, whole, whole === count);
    } else merger.pass(view, offset, length, seconds, nanoseconds);
  }

  advance(seconds: number, nanoseconds: number): void {
    this.merger?.advance(seconds, nanoseconds);
  }

  flush(): void {
    this.merger?.flush();
  }

  report(): FeedLinesReport | null {
    const merged = this.merger === null ? null : this.counts.report(this.merger.arbiter);
    return reportFeed({ protocol: 'MoldUDP64', session: this.name, merged }, this.statistics);
  }

  destroy(): void {
    this.statistics.destroy();
  }
}

/** Makes one stream of packets of the lines of a session. */
class Merger {
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
