/**
 * The lines of MDP 3.0 channels, such as a feed's A and B, put together packet by packet: one sequence for each channel
 * and feed type, through an `Arbiter` whose unit is the packet.
 *
 * Which flows are lines of one channel is told by the channel configuration, where there is one. Of flows that it does
 * not name content tells: one on which two packets come that another one has just carried, equal in every byte, is its
 * second line. Until that happens the first packets of a flow are held back, `UNDECIDED_PACKETS` and `UNDECIDED_NS` at
 * most; then one equal packet will do, and where there was none the flow is a channel of its own. Headers alone and
 * heartbeats, which are alike in all channels, tell nothing.
 *
 * Where a line's numbers begin anew so do its channel's: what the arbiter holds is passed on, and packets of the
 * numbering before that come later are left out as late or repeated.
 */
import type { Flow } from '../core/seams.js';
import { Arbiter, type ArbiterOptions, MAX_HELD_NS } from './arbiter.js';
import type { FeedLinesReport } from './line-report.js';
import { Channel, type Line, MAX_HELD_PACKETS } from './mdp3-channel.js';
import { readMsgSeqNum } from './mdp3-header.js';
import { bySendingTime, type HeldPacket, lowestOf, setTime } from './mdp3-held.js';
import { PacketPrint } from './mdp3-packet-memory.js';
import { MAX_RESTART_GAP, Mdp3Stream } from './mdp3-stream.js';
import { MergedCounts } from './merged-counts.js';

/** The most channels that are put together; packets of flows beyond them pass as they come. */
export const MAX_CHANNELS = 1024;
/** Packets of a flow that are held back while it may turn out to be another one's line. */
export const UNDECIDED_PACKETS = 64;
/** The longest that they are, in capture time. */
export const UNDECIDED_NS = 1_000_000_000;

/** Of one channel, so that many may be waiting at once. */
const MAX_HELD_CHANNEL_BYTES = 4_194_304;

/** What lines are put together for. */
export interface LineChannel {
  /** Position in order of first appearance, from 0. */
  readonly index: number;
  /** Its first line. */
  readonly flow: Flow;
}

export interface Mdp3LinesListener {
  /**
   * The next packet of a channel; `sequence` is its number, `place` what it was given with. The view is borrowed until
   * the call returns.
   */
  onPacket(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    channel: LineChannel,
    place: number,
  ): void;
  /** Packets `from` to `to` did not come on any line. */
  onGap?(from: number, to: number, channel: LineChannel): void;
  /** The channel's numbers begin anew with the next packet. */
  onRestart?(channel: LineChannel): void;
}

/** What was done, over all channels; as of `Arbiter`, in packets. */
export interface Mdp3LinesReport {
  readonly channels: number;
  readonly packets: number;
  readonly unsequenced: number;
  readonly duplicates: number;
  readonly late: number;
  readonly heldBack: number;
  readonly gaps: number;
  readonly missing: number;
  readonly restarts: number;
}

export interface Mdp3LinesOptions {
  /** What names the channel and feed type of a flow, asked once for each; null leaves it to content. */
  readonly keyOf?: (flow: Flow) => string | null;
  readonly arbiter?: ArbiterOptions;
  /** Compare the lines of each channel, for `feeds()`; flows of one name are one line. Histograms must be there. */
  readonly compare?: { readonly nameOf: (flow: Flow) => string | null };
}

/** Takes the packets of all lines, each a header at least, as they come. */
export class Mdp3Lines {
  private readonly lines = new Map<Flow, Line>();
  /** Decided or not. */
  private readonly channels: Channel[] = [];
  private readonly undecided: Channel[] = [];
  private readonly byKey = new Map<string, Channel>();
  /** Packets of flows beyond `MAX_CHANNELS`. */
  private outside = 0;
  private restarts = 0;
  private decided = 0;
  private last: Line | null = null;
  /** Of the packet at hand. */
  private readonly print = new PacketPrint();
  /** Channels whose arbiters hold packets back. */
  private readonly holding = new Set<Channel>();

  constructor(
    private readonly listener: Mdp3LinesListener,
    private readonly options: Mdp3LinesOptions = {},
  ) {}

  /**
   * The lowest place of what is held back, about: where numbers came in the wrong order it may be a later one. Infinite
   * where nothing is.
   */
  get heldPlace(): number {
    let place = Number.POSITIVE_INFINITY;
    for (const { held } of this.undecided) place = Math.min(place, held?.[0]?.place ?? place);
    for (const { arbiter } of this.holding) place = Math.min(place, arbiter?.heldPlace ?? place);
    return place;
  }

  /** Takes a packet of a flow; `place` comes back with it. */
  packet(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    place = 0,
  ): void {
    this.advance(seconds, nanoseconds);
    const line = this.last?.flow === flow ? this.last : this.lineOf(flow);
    this.last = line;
    if (line.channel === null) {
      this.outside++;
      const outside = { index: -1, flow };
      this.listener.onPacket(view, offset, length, seconds, nanoseconds, readMsgSeqNum(view, offset), outside, place);
      return;
    }
    if (line.channel.held !== null) this.tryJoin(line.channel, view, offset, length);
    const { channel } = line;
    if (channel.held === null) {
      this.give(view, offset, length, seconds, nanoseconds, line, channel, place);
      return;
    }
    const start = view.byteOffset + offset;
    const copy = new DataView(view.buffer.slice(start, start + length));
    channel.held.push({ view: copy, seconds, nanoseconds, line, place });
    this.remember(copy, 0, length, channel);
    if (channel.held.length >= UNDECIDED_PACKETS) this.decide(channel);
  }

  /** Says what time it is: what has waited for too long is decided, or declared a gap. */
  advance(seconds: number, nanoseconds: number): void {
    while (this.undecided.length > 0) {
      const oldest = this.undecided[0] as Channel;
      const since = oldest.held?.[0];
      if (since === undefined) break;
      const waited = (seconds - since.seconds) * 1e9 + (nanoseconds - since.nanoseconds);
      if (waited <= UNDECIDED_NS) break;
      this.decide(oldest);
    }
    for (const channel of this.holding) {
      channel.arbiter?.advance(seconds, nanoseconds);
      this.noteHeld(channel);
    }
  }

  /** Passes on what is held back, gaps declared. */
  flush(): void {
    while (this.undecided.length > 0) this.decide(this.undecided[0] as Channel);
    for (const { arbiter } of this.channels) arbiter?.flush();
  }

  report(): Mdp3LinesReport {
    const sum = new MergedCounts();
    for (const { past, arbiter } of this.channels) {
      sum.add(past);
      if (arbiter !== null) sum.add(arbiter);
    }
    const { messages, unsequenced, duplicates, late, heldBack, gaps, missing } = sum;
    const packets = messages + this.outside;
    const { decided: channels, restarts } = this;
    return { channels, packets, unsequenced, duplicates, late, heldBack, gaps, missing, restarts };
  }

  /** The channels that came on several lines, where lines are compared. */
  feeds(): FeedLinesReport[] {
    return this.channels.map((channel) => channel.report()).filter((report) => report !== null);
  }

  /** Gives the histograms' memory back; there is no `feeds` after. */
  destroy(): void {
    for (const { statistics } of this.channels) statistics?.destroy();
  }

  private lineOf(flow: Flow): Line {
    const known = this.lines.get(flow);
    if (known !== undefined) return known;
    const line: Line = { flow, numbering: new Mdp3Stream(0, flow, 'MDP3'), channel: this.channelOf(flow) };
    this.lines.set(flow, line);
    return line;
  }

  /** The channel that the configuration tells, or one that is to be decided. */
  private channelOf(flow: Flow): Channel | null {
    const key = this.options.keyOf?.(flow) ?? null;
    const known = key === null ? undefined : this.byKey.get(key);
    if (known !== undefined) return known;
    if (this.channels.length >= MAX_CHANNELS) return null;
    const channel = new Channel(flow, key !== null, this.options.compare);
    this.channels.push(channel);
    if (key === null) {
      this.undecided.push(channel);
      return channel;
    }
    this.byKey.set(key, channel);
    channel.held = null;
    this.begin(channel, 0);
    return channel;
  }

  /** Lets an undecided flow join the channel that has just carried this packet and another one. */
  private tryJoin(own: Channel, view: DataView, offset: number, length: number): void {
    const { print } = this;
    print.take(view, offset, length);
    if (!print.hasBody || readMsgSeqNum(view, offset) === 0) return;
    for (const channel of this.channels) {
      if (channel === own || channel.memory === null || !channel.memory.has(print)) continue;
      if (isSecond(own, channel, print) || isSecond(channel, own, print)) {
        this.join(own, channel);
        return;
      }
      if (own.candidate !== null) continue;
      own.candidate = channel;
      own.candidateHash = print.first;
    }
  }

  /** Makes the lines of an undecided channel those of another one. */
  private join(own: Channel, channel: Channel): void {
    this.channels.splice(this.channels.indexOf(own), 1);
    this.undecided.splice(this.undecided.indexOf(own), 1);
    for (const line of this.lines.values()) if (line.channel === own) line.channel = channel;
    for (const other of this.undecided) if (other.candidate === own) other.candidate = channel;
    if (channel.candidate === channel) channel.candidate = null;
    const held = own.held ?? [];
    if (channel.held === null) this.giveHeld(held, channel);
    else {
      channel.held = [...channel.held, ...held].sort(bySendingTime);
      this.decide(channel);
    }
  }

  private noteHeld(channel: Channel): void {
    if (channel.arbiter?.heldPlace !== Number.POSITIVE_INFINITY) this.holding.add(channel);
    else if (this.holding.size > 0) this.holding.delete(channel);
  }

  /** Makes an undecided flow a line of its candidate, or a channel that begins with the lowest number that came. */
  private decide(channel: Channel): void {
    const { candidate } = channel;
    if (candidate !== null) {
      channel.candidate = null;
      this.join(channel, candidate);
      return;
    }
    const held = channel.held ?? [];
    this.undecided.splice(this.undecided.indexOf(channel), 1);
    channel.held = null;
    this.begin(channel, lowestOf(held));
    this.giveHeld(held, channel);
  }

  private giveHeld(held: readonly HeldPacket<Line>[], channel: Channel): void {
    for (const { view, seconds, nanoseconds, line, place } of held) {
      this.give(view, 0, view.byteLength, seconds, nanoseconds, line, channel, place);
    }
  }

  private remember(view: DataView, offset: number, length: number, { memory }: Channel): void {
    if (memory === null) return;
    this.print.take(view, offset, length);
    memory.remember(this.print);
  }

  /** `firstSequence` 0: not known. */
  private begin(channel: Channel, firstSequence: number): void {
    channel.index = this.decided++;
    channel.arbiter = this.createArbiter(channel, firstSequence);
  }

  private createArbiter(channel: Channel, firstSequence: number): Arbiter {
    const { listener } = this;
    return new Arbiter(
      {
        onMessage: (view, offset, length, seconds, nanoseconds, sequence, place) =>
          listener.onPacket(view, offset, length, seconds, nanoseconds, sequence, channel, place),
        onGap: (from, to) => {
          channel.past.list({ from, to, count: to - from + 1 });
          listener.onGap?.(from, to, channel);
        },
      },
      {
        maxMessages: MAX_HELD_PACKETS,
        maxBytes: MAX_HELD_CHANNEL_BYTES,
        maxNs: MAX_HELD_NS,
        ...this.options.arbiter,
        ...(firstSequence === 0 ? {} : { firstSequence }),
      },
    );
  }

  /** Gives a packet of a line to its channel's arbiter. */
  private give(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    line: Line,
    channel: Channel,
    place: number,
  ): void {
    const sequence = readMsgSeqNum(view, offset);
    const isInTime = sequence === 0 || this.isInTime(sequence, view, offset, line, channel);
    channel.statistics?.packet(line.flow, sequence, sequence === 0 ? 0 : 1, seconds, nanoseconds, !isInTime);
    if (!isInTime) return;
    this.remember(view, offset, length, channel);
    channel.arbiter?.message(view, offset, length, seconds, nanoseconds, sequence, place);
    this.noteHeld(channel);
  }

  /** Follows the numbers of line and channel; false where the packet comes too late for its numbering. */
  private isInTime(sequence: number, view: DataView, offset: number, line: Line, channel: Channel): boolean {
    const { numbering } = channel;
    setTime(line.numbering, view, offset);
    setTime(numbering, view, offset);
    // A line that goes on is not anew where it is behind the channel: its times are ahead of the others'.
    const isFirst = line.numbering.tracker.next === 0;
    const isLineAnew = line.numbering.take(sequence) && line.numbering.hasRestarted;
    const isAnew = numbering.take(sequence, isFirst || isLineAnew) && numbering.hasRestarted;
    if (isAnew) this.restart(channel, sequence);
    else if (line.numbering.disowned > 0) channel.arbiter?.disown(line.numbering.disowned, sequence);
    if (!numbering.isOfEarlier) return true;
    if (numbering.isDuplicate) channel.past.duplicates++;
    else channel.past.late++;
    return false;
  }

  private restart(channel: Channel, sequence: number): void {
    const { arbiter } = channel;
    if (arbiter !== null) {
      arbiter.flush();
      channel.past.add(arbiter);
    }
    const first = sequence - 1 <= MAX_RESTART_GAP ? 1 : 0;
    channel.statistics?.restart(first);
    this.restarts++;
    this.listener.onRestart?.(channel);
    channel.arbiter = this.createArbiter(channel, first);
  }
}

/** Whether a packet that two channels carry is the second one, after the one that made one the other's candidate. */
function isSecond({ candidate, candidateHash }: Channel, other: Channel, { first }: PacketPrint): boolean {
  return candidate === other && candidateHash !== first;
}
