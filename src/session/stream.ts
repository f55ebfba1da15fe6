/** One session on one flow, of whatever framing, and the bounded table that numbers them. */
import type { Flow, Stream } from '../core/seams.js';
import type { Mdp3Stream } from './mdp3-stream.js';
import { readSession } from './moldudp64-header.js';
import { type SequenceReport, SequenceTracker } from './sequence-tracker.js';

/** The most streams that one table keeps apart. */
export const MAX_STREAMS = 1024;

/** Words that no session's bytes give. */
const NO_WORDS = [-1, -1, 0x1_0000] as const;

/** A stream with its counts; the same object for every packet of the session on its flow. */
export abstract class SessionStream implements Stream {
  abstract readonly protocol: 'MoldUDP64' | 'SoupBinTCP' | 'MDP3' | 'MDP3-TCP';
  abstract readonly session: string | null;
  tracker = new SequenceTracker();
  /** True while a message is delivered whose sequence number had been seen before. */
  isDuplicate = false;
  /** Packets of MoldUDP64 and MDP 3.0, or logical packets of SoupBinTCP. */
  packets = 0;
  heartbeats = 0;
  endOfSession = false;
  /** Messages without a usable sequence number, delivered as number 0. */
  unsequenced = 0;
  /** Messages of no bytes; they have a number like any other. */
  zeroLength = 0;

  constructor(
    readonly index: number,
    readonly flow: Flow | null,
  ) {}

  /** Messages delivered, repeated and unsequenced ones included. */
  get messages(): number {
    return this.tracker.messages + this.unsequenced;
  }

  /** Numbers that nothing has had so far. */
  get missing(): number {
    return this.tracker.missing;
  }

  sequenceReport(): SequenceReport {
    return this.tracker.report();
  }

  /** Forgets what was counted; what comes next is numbered as before. */
  countAnew(): void {
    this.tracker = new SequenceTracker();
    this.packets = 0;
    this.heartbeats = 0;
    this.endOfSession = false;
    this.unsequenced = 0;
    this.zeroLength = 0;
  }
}

export class MoldUDP64Stream extends SessionStream {
  readonly protocol = 'MoldUDP64';
  readonly session: string | null;
  /** The session's ten bytes as signed words, to compare without making a string. */
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;

  constructor(index: number, session: string | null, flow: Flow | null, words: readonly [number, number, number]) {
    super(index, flow);
    this.session = session;
    [this.word0, this.word1, this.word2] = words;
  }

  /** Whether the packet at `offset` is of this session. */
  matches(view: DataView, offset: number): boolean {
    return (
      view.getInt32(offset) === this.word0 &&
      view.getInt32(offset + 4) === this.word1 &&
      view.getInt16(offset + 8) === this.word2
    );
  }
}

/** What one direction of a SoupBinTCP connection carries. */
export class SoupBinTCPStream extends SessionStream {
  readonly protocol = 'SoupBinTCP';
  /** Null until a login names it; it never changes once a message was delivered. */
  session: string | null = null;
  isUnsequenced = false;
}

/**
 * Makes the streams of all flows and numbers them; flows search their own, so a table is only asked for new ones. When
 * it is full, one last stream without name or flow takes what comes, unsequenced.
 */
export class StreamTable {
  readonly streams: SessionStream[] = [];
  /** The stream that sessions beyond the bound share; null while there is room. */
  overflow: MoldUDP64Stream | null = null;
  /** The same for SoupBinTCP … */
  soupOverflow: SoupBinTCPStream | null = null;
  /** … and MDP 3.0. */
  mdp3Overflow: Mdp3Stream | null = null;
  readonly maxStreams: number;
  private readonly firstIndex: number;

  /** Streams are numbered from `firstIndex`. */
  constructor(maxStreams: number = MAX_STREAMS, firstIndex = 0) {
    this.maxStreams = maxStreams;
    this.firstIndex = firstIndex;
  }

  /** A new stream for the session of the packet at `offset`, or `overflow` where the table is full. */
  add(view: DataView, offset: number, flow: Flow | null): MoldUDP64Stream {
    if (this.overflow !== null) return this.overflow;
    const index = this.firstIndex + this.streams.length;
    const isFull = this.streams.length >= this.maxStreams;
    const words = [view.getInt32(offset), view.getInt32(offset + 4), view.getInt16(offset + 8)] as const;
    const stream = isFull
      ? new MoldUDP64Stream(index, null, null, NO_WORDS)
      : new MoldUDP64Stream(index, readSession(view, offset), flow, words);
    this.streams.push(stream);
    if (isFull) this.overflow = stream;
    return stream;
  }

  /** A new stream for a direction of a SoupBinTCP connection, or `soupOverflow` where the table is full. */
  addSoup(flow: Flow): SoupBinTCPStream {
    if (this.soupOverflow !== null) return this.soupOverflow;
    const isFull = this.streams.length >= this.maxStreams;
    const stream = new SoupBinTCPStream(this.firstIndex + this.streams.length, isFull ? null : flow);
    this.streams.push(stream);
    if (isFull) this.soupOverflow = stream;
    return stream;
  }

  /** A new stream for a flow of MDP 3.0, or `mdp3Overflow` where the table is full; `make` builds it. */
  addMdp3(make: (index: number, isFull: boolean) => Mdp3Stream): Mdp3Stream {
    if (this.mdp3Overflow !== null) return this.mdp3Overflow;
    const isFull = this.streams.length >= this.maxStreams;
    const stream = make(this.firstIndex + this.streams.length, isFull);
    this.streams.push(stream);
    if (isFull) this.mdp3Overflow = stream;
    return stream;
  }
}
