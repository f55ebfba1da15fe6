/**
 * The lines of MoldUDP64 sessions, such as a feed's A and B: compared, and merged into one gap-free stream of packets.
 *
 * All flows that carry a session of one name are its lines (a blank name tells nothing: then each flow is by itself,
 * unless it has a name). A packet that is in its turn passes as it is. Where some of its messages had come already, or
 * have to wait for others, it is made anew of those that are new, so packets come out with the messages that came in
 * together. Their stamps never go back: what had to wait bears the stamp of what it waited for.
 *
 * Heartbeats and ends of session pass when all before them has passed, each once however many lines bring it. One that
 * tells of messages which no line brings declares their gap when the time has run out. What has no number passes. A
 * packet whose number leaps far ahead is only taken when it is no wrong one (`LeapGuard`).
 */

import type { Flow } from '../core/seams.js';
import { type ArbiterOptions, MAX_HELD_MESSAGES } from './arbiter.js';
import { LeapGuard } from './leap-guard.js';
import { type FeedLinesReport, reportFeed } from './line-report.js';
import { LineStatistics } from './line-statistics.js';
import { MergedCounts } from './merged-counts.js';
import { countWholeBlocks } from './moldudp64.js';
import {
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  HEARTBEAT_COUNT,
  readMessageCount,
  readSequence,
  readSession,
  SESSION_LENGTH,
} from './moldudp64-header.js';
import { MoldUDP64Merger } from './moldudp64-merger.js';

/** The most sessions that are followed; packets of later ones pass as they come. */
export const MAX_LINE_SESSIONS = 64;
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

  packet(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    isWhole = false,
  ): void {
    const session = this.last?.matches(view, offset, flow) ? this.last : this.sessionOf(view, offset, flow);
    if (session === null) this.listener?.onPacket(view, offset, length, seconds, nanoseconds, flow);
    else session.packet(view, offset, length, seconds, nanoseconds, flow, isWhole);
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
  private readonly guard = new LeapGuard();
  private readonly merger: MoldUDP64Merger | null;

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
    this.merger = listener === null ? null : new MoldUDP64Merger(listener, flow, this.bytes, this.counts, arbiter);
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

  packet(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    isWhole: boolean,
  ): void {
    const { guard } = this;
    const count = readMessageCount(view, offset);
    const from = readSequence(view, offset);
    const isControl = count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT;
    const most = isControl ? 0 : count;
    // A header alone that counts messages asks for them.
    const isRead = isWhole && length > HEADER_LENGTH;
    const whole = isRead ? most : countWholeBlocks(view, offset + HEADER_LENGTH, offset + length, most);
    const isNumbered = from > 0 && from + count <= Number.MAX_SAFE_INTEGER && (isControl || whole > 0);
    this.advance(seconds, nanoseconds);
    if (!isNumbered) {
      this.statistics.packet(flow, 0, 0, seconds, nanoseconds);
      this.merger?.pass(view, offset, length, seconds, nanoseconds);
      return;
    }
    if (guard.holds(view, offset, length, seconds, nanoseconds, flow, from, whole)) return;
    this.takeConfirmed();
    if (this.merger === null && !isControl) this.statistics.packet(flow, from, whole, seconds, nanoseconds);
    else this.take(view, offset, length, seconds, nanoseconds, flow);
  }

  advance(seconds: number, nanoseconds: number): void {
    this.guard.advance(seconds, nanoseconds);
    this.takeConfirmed();
    this.merger?.advance(seconds, nanoseconds);
  }

  flush(): void {
    this.guard.flush();
    this.takeConfirmed();
    this.merger?.flush();
  }

  /** Takes the packet whose number leapt ahead, once it may be. */
  private takeConfirmed(): void {
    const leapt = this.guard.confirmed;
    if (leapt === null) return;
    this.guard.confirmed = null;
    const { view, seconds, nanoseconds, flow } = leapt;
    this.take(view, 0, view.byteLength, seconds, nanoseconds, flow);
  }

  /** Takes a packet that has a number. */
  private take(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    const { merger, statistics } = this;
    const count = readMessageCount(view, offset);
    const from = readSequence(view, offset);
    if (count === HEARTBEAT_COUNT || count === END_OF_SESSION_COUNT) {
      statistics.expect(flow, from, seconds, nanoseconds);
      statistics.packet(flow, from, 0, seconds, nanoseconds);
      merger?.control(view, offset, length, seconds, nanoseconds, flow, from, count === END_OF_SESSION_COUNT);
      return;
    }
    const whole = countWholeBlocks(view, offset + HEADER_LENGTH, offset + length, count);
    statistics.packet(flow, from, whole, seconds, nanoseconds);
    merger?.messages(view, offset, length, seconds, nanoseconds, from, whole, whole === count);
  }

  report(): FeedLinesReport | null {
    const merged = this.merger === null ? null : this.counts.report(this.merger.arbiter);
    const { name: session, guard, statistics } = this;
    return reportFeed({ protocol: 'MoldUDP64', session, merged, wrongNumbers: guard.wrong }, statistics);
  }

  destroy(): void {
    this.statistics.destroy();
  }
}
