/**
 * The four seams that join the stages: DatagramReader, MessageListener, Sink and Clock.
 *
 * Views are borrowed. A reader's view is valid until that reader's next `next()`, a listener's until the call returns,
 * a sink's until `send` returns: whoever keeps bytes copies them.
 */

/** One direction of one conversation, interned: the same object for every datagram or piece of the flow. */
export interface Flow {
  /** Position in order of first appearance, from 0. */
  readonly index: number;
  readonly transport: 'UDP' | 'TCP';
  /** Address, such as `206.200.127.138` or `2001:db8::1`. */
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** `source:port > destination:port`, an IPv6 address in brackets. */
  readonly name: string;
}

/** Where damage was met and what it was; `code` is stable, `message` says what, where and what to do. */
export interface Damage {
  readonly code: string;
  readonly message: string;
  /** 1-based number of the packet or record in its file; 0 where no record is concerned. */
  readonly record: number;
  /** Byte offset of that record in the (uncompressed) file. */
  readonly offset: number;
}

export type DamageHandler = (damage: Damage) => void;

/**
 * What every pull reader does: `next()` answers from the bytes at hand. Where it returns false and `done` is false it
 * needs more bytes: `push` the next chunk of the file, or `end` it, then call `next()` again.
 */
export interface RecordReader {
  /** Covers the record; valid until the next `next()`, after which it may be another. */
  view: DataView;
  /** Start of the datagram's payload or of the message in `view`. */
  offset: number;
  /** Its length in bytes. */
  length: number;
  /** Time stamp: seconds since the epoch (an integer, may be negative) … */
  seconds: number;
  /** … and nanoseconds, 0 to 999,999,999. */
  nanoseconds: number;
  /** 1-based number of the packet (or BinaryFILE record) in its file. */
  packetNumber: number;
  /** Byte offset of the packet (or record) in the uncompressed file. */
  fileOffset: number;
  /**
   * Byte offset in the uncompressed file of what lies at `offset`; -1 where it does not stand there in one piece (from
   * fragments, of a TCP stream), absent where the reader cannot tell.
   */
  readonly bytesAt?: number;
  /** True when the input has ended and every record was delivered. */
  done: boolean;
  /**
   * True once all bytes were read and it was said that no more will come: the next `next()` finishes what may be left,
   * which takes its time. Absent where the reader cannot tell.
   */
  readonly isAtEnd?: boolean;
  next(): boolean;
  /** Hands over the next chunk of the file; the reader may keep a reference until its next `push`. */
  push(chunk: Uint8Array): void;
  /** Says that no more bytes will come. */
  end(): void;
}

/**
 * A reader of messages that lie one behind the other, each behind its 2-byte big-endian length: that is how MoldUDP64
 * carries them too, so that many are taken at once.
 */
export interface BlockReader extends RecordReader {
  /**
   * Takes messages as `next` would, one after the other, while they are at hand and fit into so many bytes with their
   * lengths, and where asked only as far as their layouts are known; says how many. The last one is the record at hand
   * then; 0 leaves everything as it was, and says nothing of what is next.
   */
  nextBlocks(roomBytes: number, isKnownOnly?: boolean): number;
  /** Where in `view` the first of them begins, with its length, … */
  readonly blocksOffset: number;
  /** … and how many bytes all have. */
  readonly blocksLength: number;
}

/**
 * How a piece of a TCP stream joins the one before it in its direction: `start` begins a connection whose opening was
 * seen, `next` goes on right behind, before `lost` bytes are missing (lost, or sent before the capture began).
 */
export type Join = 'start' | 'next' | 'lost';

/** A packet as captured, from its link layer on, and where the payload of its datagram lies; borrowed like that. */
export interface CapturedFrame {
  readonly view: DataView;
  /** Start of the frame in `view`. */
  readonly offset: number;
  /** How many of its bytes were captured … */
  readonly length: number;
  /** … of so many that it had on the wire, frame check sequence left out where the file tells of one. */
  readonly wireLength: number;
  /** The LINKTYPE_ value of the interface that saw it. */
  readonly linkType: number;
  /** Start of the datagram's payload in `view`. */
  readonly payload: number;
  readonly payloadLength: number;
}

/** Bytes that threads hand to each other uncopied. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>;

/**
 * A pull cursor over timestamped datagrams, and over the bytes of TCP streams in pieces as they become readable in
 * order. The view may be another after each `next()`.
 */
export interface DatagramReader extends RecordReader {
  flow: Flow;
  /** Of a piece of a TCP stream; a reader of datagrams alone leaves it out. */
  join?: Join;
  /**
   * The packet that the datagram at hand is in; the same object every time, filled in when it is asked for. Null or
   * absent where the datagram is in none: put together from fragments, built from messages, a piece of a stream.
   */
  readonly frame?: CapturedFrame | null;
}

/** One sequenced stream of messages: a session on a flow, or a BinaryFILE. */
export interface Stream {
  /** Position in order of first appearance, from 0. */
  readonly index: number;
  readonly protocol: 'MoldUDP64' | 'SoupBinTCP' | 'BinaryFILE' | 'MDP3' | 'MDP3-TCP';
  /** The session's name with padding removed; null where the framing has none. */
  readonly session: string | null;
  /** Null for a file of messages. */
  readonly flow: Flow | null;
  /** True while a message is delivered whose number had been seen before; absent where there are no numbers. */
  readonly isDuplicate?: boolean;
  /** True while a message is delivered that is none of a feed's: Unsequenced Data, which clients send. */
  readonly isUnsequenced?: boolean;
  /** SendingTime of the packet at hand, seconds since the epoch … */
  readonly sendingSeconds?: number;
  /** … and nanoseconds; both absent where packets carry none. */
  readonly sendingNanoseconds?: number;
}

/** What messages are handed to as the blocks that they are framed in, so that one walk both delimits and takes them. */
export interface BlockTaker {
  /** Where the last `takeBlocks` stopped: behind the last message taken. */
  readonly behind: number;
  /** How many of the messages taken by it have no bytes. */
  readonly zeroLength: number;
  /**
   * Takes messages that each follow their 2-byte big-endian length, `most` of them or those that end at `end` or
   * before; returns how many.
   */
  takeBlocks(view: DataView, offset: number, end: number, most: number): number;
}

/**
 * What a session says. Sequence numbers are exact below 2^53; 0 means that the message carries none. `timestampNs` is
 * in nanoseconds since the run's base: exact for 104 days either side of it.
 */
export interface MessageListener {
  /** One application message, framing removed; the view is borrowed until the call returns. */
  onMessage(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
  ): void;
  /**
   * The messages of a packet at once, to a listener that has this: `count` whole ones from `offset` to `end`, each
   * behind its 2-byte big-endian length, numbered from `sequence` on (all 0 where that is 0). Only where no number of
   * them was seen before and framings allow it; others come one by one.
   */
  onMessages?(
    view: DataView,
    offset: number,
    end: number,
    count: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
  ): void;
  /** Takes such packets in place of `onMessages`, and finds out itself how many messages are whole. */
  readonly blocks?: BlockTaker;
  /** Messages `from` to `to` (inclusive) have not been seen so far. */
  onGap?(from: number, to: number, stream: Stream): void;
  /** `nextSequence` is the number that the next message will have. */
  onHeartbeat?(nextSequence: number, timestampNs: number, stream: Stream): void;
  onEndOfSession?(nextSequence: number, timestampNs: number, stream: Stream): void;
  /** Numbers begin anew: the message or packet at hand, `sequence`, is the first that was seen of them. */
  onRestart?(sequence: number, stream: Stream): void;
  onDamage?(damage: Damage): void;
}

/** Where converted or generated messages go, in order: a file in some framing. What is kept is copied. */
export interface MessageOutput {
  /** `sequence` 0: the number after the last message's. */
  message(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, sequence: number): void;
  /** The session is over: says so where the framing can. */
  endOfSession(): void;
  /** Puts out what is buffered and closes the file. */
  close(): void;
}

/** Where datagrams go with a stamp each: a capture file, or what changes datagrams on their way there. */
export interface DatagramOutput {
  datagram(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): void;
  close(): void;
}

/**
 * A destination for datagrams. `scheduledNs` is when it was due, on the run's clock; the sink copies if it keeps, but
 * for what `unsettled` counts: datagrams that it still reads from the borrowed view. A sender awaits `settle()` before
 * it lets the view go. A sink that is done within `send` leaves the optional members out.
 */
export interface Sink {
  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void;
  readonly unsettled?: number;
  settle?(): Promise<void>;
  /** What comes next does not follow on what was sent: the run was told to go to another time. */
  jump?(): void;
  /** Puts out what is buffered and lets go of the socket or file. */
  close?(): Promise<void>;
}

/** A sink that takes datagrams ahead of their time and hands many to the kernel in one call. */
export interface StagingSink extends Sink {
  /** Copies the datagram to where the next flush sends it from; only while `room` > 0. */
  stage(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void;
  /** How many datagrams can be staged before a flush. */
  readonly room: number;
  /** Sends what was staged, in order. */
  flush(): void;
  /** Forgets what was staged. */
  discard(): void;
}

/** Monotonic time in nanoseconds; real, virtual and test clocks are interchangeable. */
export interface Clock {
  nowNs(): number;
  /** Reads the time until it is `ns` or later, and says what it is then: for waits too short for anything else. */
  spinUntil?(ns: number): number;
}

/** Total length in bytes that the protocol prescribes for the message at `offset`, from its type; 0 if unknown. */
export type LengthOf = (view: DataView, offset: number) => number;

/** The message's own time stamp in nanoseconds since midnight, exchange time; only called where the layout is known. */
export type TimestampOf = (view: DataView, offset: number) => number;
