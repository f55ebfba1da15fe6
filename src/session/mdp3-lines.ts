/**
 * The lines of MDP 3.0 channels, such as a feed's A and B, put together packet by packet: one sequence for each channel
 * and feed type, through an `Arbiter` whose unit is the packet.
 *
 * Which flows are lines of one channel is told by the channel configuration, where there is one. Otherwise content
 * tells: a flow on which a packet comes that another one has just carried, with the same MsgSeqNum, SendingTime and
 * length, is its second line. Until that happens the first packets of a flow are held back, `UNDECIDED_PACKETS` and
 * `UNDECIDED_NS` at most; then it is a channel of its own.
 *
 * Where a line's numbers begin anew so do its channel's: what the arbiter holds is passed on, and packets of the
 * numbering before that come later are left out as late or repeated.
 */
import type { Flow } from '../core/seams.js';
import { Arbiter, type ArbiterOptions, MAX_HELD_NS } from './arbiter.js';
import { readMsgSeqNum, readTimeHigh, readTimeLow, SENDING_TIME_OFFSET } from './mdp3-header.js';
import { MAX_RESTART_GAP, Mdp3Stream } from './mdp3-stream.js';

/** The most channels that are put together; packets of flows beyond them pass as they come. */
export const MAX_CHANNELS = 1024;
/** Packets of a flow that are held back while it may turn out to be another one's line. */
export const UNDECIDED_PACKETS = 64;
/** The longest that they are, in capture time. */
export const UNDECIDED_NS = 1_000_000_000;

/** Packets of a channel that a second line is known by. */
const REMEMBERED_PACKETS = 1024;
/** Of one channel, so that many may be waiting at once. */
const MAX_HELD_PACKETS = 8192;
const MAX_HELD_CHANNEL_BYTES = 4_194_304;

/** What lines are put together for. */
export interface LineChannel {
  /** Position in order of first appearance, from 0. */
  readonly index: number;
  /** Its first line. */
  readonly flow: Flow;
}

export interface Mdp3LinesListener {
  /** The next packet of a channel; `sequence` is its number. The view is borrowed until the call returns. */
  onPacket(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    channel: LineChannel,
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

type Counts = Record<'packets' | 'unsequenced' | 'duplicates' | 'late' | 'heldBack' | 'gaps' | 'missing', number>;

export interface Mdp3LinesOptions {
  /** What names the channel and feed type of a flow, asked once for each; null leaves it to content. */
  readonly keyOf?: (flow: Flow) => string | null;
  readonly arbiter?: ArbiterOptions;
}

/** A packet that is held back. */
interface Held {
  readonly view: DataView;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly line: Line;
}

/** A channel under way. */
class Channel implements LineChannel {
  index = 0;
  /** The numbers of all lines together. */
  readonly numbering = new Mdp3Stream(0, null, 'MDP3');
  arbiter: Arbiter | null = null;
  /** Until it is decided that it is one. */
  held: Held[] | null = [];
  private readonly sequences = new Uint32Array(REMEMBERED_PACKETS);
  private readonly highs = new Uint32Array(REMEMBERED_PACKETS);
  private readonly lows = new Uint32Array(REMEMBERED_PACKETS);
  private readonly lengths = new Uint16Array(REMEMBERED_PACKETS);

  constructor(readonly flow: Flow) {}

  remember(view: DataView, offset: number, length: number): void {
    const sequence = readMsgSeqNum(view, offset);
    const slot = sequence % REMEMBERED_PACKETS;
    this.sequences[slot] = sequence;
    this.highs[slot] = readTimeHigh(view, offset + SENDING_TIME_OFFSET);
    this.lows[slot] = readTimeLow(view, offset + SENDING_TIME_OFFSET);
    this.lengths[slot] = length;
  }

  remembers(view: DataView, offset: number, length: number): boolean {
    const sequence = readMsgSeqNum(view, offset);
    const slot = sequence % REMEMBERED_PACKETS;
    return (
      this.sequences[slot] === sequence &&
      this.highs[slot] === readTimeHigh(view, offset + SENDING_TIME_OFFSET) &&
      this.lows[slot] === readTimeLow(view, offset + SENDING_TIME_OFFSET) &&
      this.lengths[slot] === length
    );
  }
}

/** One flow. */
interface Line {
  readonly flow: Flow;
  readonly numbering: Mdp3Stream;
  /** Null beyond `MAX_CHANNELS`. */
  channel: Channel | null;
}

/** Takes the packets of all lines, each a header at least, as they come. */
export class Mdp3Lines {
  private readonly lines = new Map<Flow, Line>();
  /** Decided or not. */
  private readonly channels: Channel[] = [];
  private readonly undecided: Channel[] = [];
  private readonly byKey = new Map<string, Channel>();
  private readonly totals: Counts = {
    packets: 0,
    unsequenced: 0,
    duplicates: 0,
    late: 0,
    heldBack: 0,
    gaps: 0,
    missing: 0,
  };
  private restarts = 0;
  private decided = 0;
  private last: Line | null = null;

  constructor(
    private readonly listener: Mdp3LinesListener,
    private readonly options: Mdp3LinesOptions = {},
  ) {}

  /** Takes a packet of a flow. */
  packet(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    if (this.undecided.length > 0) this.decideOld(seconds, nanoseconds);
    const line = this.last?.flow === flow ? this.last : this.lineOf(flow);
    this.last = line;
    if (line.channel === null) {
      this.totals.packets++;
      const outside = { index: -1, flow };
      this.listener.onPacket(view, offset, length, seconds, nanoseconds, readMsgSeqNum(view, offset), outside);
      return;
    }
    if (line.channel.held !== null) this.tryJoin(line, line.channel, view, offset, length);
    const { channel } = line;
    if (channel.held === null) {
      this.give(view, offset, length, seconds, nanoseconds, line, channel);
      return;
    }
    const start = view.byteOffset + offset;
    const copy = new DataView(view.buffer.slice(start, start + length));
    channel.held.push({ view: copy, seconds, nanoseconds, line });
    channel.remember(copy, 0, length);
    if (channel.held.length >= UNDECIDED_PACKETS) this.decide(channel);
  }

  /** Passes on what is held back, gaps declared. */
  flush(): void {
    while (this.undecided.length > 0) this.decide(this.undecided[0] as Channel);
    for (const { arbiter } of this.channels) arbiter?.flush();
  }

  report(): Mdp3LinesReport {
    const sum = { ...this.totals };
    for (const { arbiter } of this.channels) if (arbiter !== null) addCounts(sum, arbiter);
    return { channels: this.decided, ...sum, restarts: this.restarts };
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
    const channel = new Channel(flow);
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

  /** Lets an undecided flow join the channel that has just carried the packet, where there is one. */
  private tryJoin(line: Line, own: Channel, view: DataView, offset: number, length: number): void {
    if (readMsgSeqNum(view, offset) === 0) return;
    for (const channel of this.channels) {
      if (channel === own || !channel.remembers(view, offset, length)) continue;
      this.channels.splice(this.channels.indexOf(own), 1);
      this.undecided.splice(this.undecided.indexOf(own), 1);
      line.channel = channel;
      const held = own.held ?? [];
      if (channel.held === null) this.giveHeld(held, channel);
      else {
        channel.held = [...channel.held, ...held].sort(bySendingTime);
        this.decide(channel);
      }
      return;
    }
  }

  private decideOld(seconds: number, nanoseconds: number): void {
    const [oldest] = this.undecided;
    const since = oldest?.held?.[0];
    if (oldest === undefined || since === undefined) return;
    const waited = (seconds - since.seconds) * 1e9 + (nanoseconds - since.nanoseconds);
    if (waited > UNDECIDED_NS) this.decide(oldest);
  }

  /** Makes an undecided flow a channel; it begins with the lowest number that came. */
  private decide(channel: Channel): void {
    const held = channel.held ?? [];
    this.undecided.splice(this.undecided.indexOf(channel), 1);
    channel.held = null;
    this.begin(channel, lowestOf(held));
    this.giveHeld(held, channel);
  }

  private giveHeld(held: readonly Held[], channel: Channel): void {
    for (const { view, seconds, nanoseconds, line } of held) {
      this.give(view, 0, view.byteLength, seconds, nanoseconds, line, channel);
    }
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
        onMessage: (view, offset, length, seconds, nanoseconds, sequence) =>
          listener.onPacket(view, offset, length, seconds, nanoseconds, sequence, channel),
        onGap: (from, to) => listener.onGap?.(from, to, channel),
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
  ): void {
    const sequence = readMsgSeqNum(view, offset);
    if (sequence > 0 && !this.isInTime(sequence, view, offset, line, channel)) return;
    channel.remember(view, offset, length);
    channel.arbiter?.message(view, offset, length, seconds, nanoseconds, sequence);
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
    if (!numbering.isOfEarlier) return true;
    if (numbering.isDuplicate) this.totals.duplicates++;
    else this.totals.late++;
    return false;
  }

  private restart(channel: Channel, sequence: number): void {
    const { arbiter } = channel;
    if (arbiter !== null) {
      arbiter.flush();
      addCounts(this.totals, arbiter);
    }
    this.restarts++;
    this.listener.onRestart?.(channel);
    channel.arbiter = this.createArbiter(channel, sequence - 1 <= MAX_RESTART_GAP ? 1 : 0);
  }
}

function setTime(numbering: Mdp3Stream, view: DataView, offset: number): void {
  numbering.timeHigh = readTimeHigh(view, offset + SENDING_TIME_OFFSET);
  numbering.timeLow = readTimeLow(view, offset + SENDING_TIME_OFFSET);
}

/** The lowest number of the numbering that packets begin with; 0 where they have none. */
function lowestOf(held: readonly Held[]): number {
  const numbering = new Mdp3Stream(0, null, 'MDP3');
  let lowest = 0;
  for (const { view } of held) {
    const sequence = readMsgSeqNum(view, 0);
    if (sequence === 0) continue;
    setTime(numbering, view, 0);
    if (numbering.take(sequence) && numbering.hasRestarted) break;
    if (lowest === 0 || sequence < lowest) lowest = sequence;
  }
  return lowest;
}

function bySendingTime({ view: one }: Held, { view: other }: Held): number {
  const at = SENDING_TIME_OFFSET;
  return readTimeHigh(one, at) - readTimeHigh(other, at) || readTimeLow(one, at) - readTimeLow(other, at);
}

function addCounts(sum: Counts, arbiter: Arbiter): void {
  sum.packets += arbiter.messages;
  sum.unsequenced += arbiter.unsequenced;
  sum.duplicates += arbiter.duplicates;
  sum.late += arbiter.late;
  sum.heldBack += arbiter.heldBack;
  sum.gaps += arbiter.gaps;
  sum.missing += arbiter.missing;
}
