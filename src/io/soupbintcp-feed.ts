/**
 * What a SoupBinTCP server sends on: the messages of MoldUDP64 datagrams in the order of their numbers, each once.
 *
 * The lines of one session are arbitrated by its name, wherever they are sent to. A message that comes ahead of its
 * turn waits for those before it for a while of the run's schedule; where nothing is sent at all the server says when
 * that has been long enough.
 */
import type { Flow, LengthOf, Stream } from '../core/seams.js';
import { Arbiter } from '../session/arbiter.js';
import { type ForcedFraming, SessionDemux } from '../session/demux.js';

export interface SoupFeedOptions {
  /** Length of a message by its type: helps to recognise MoldUDP64. */
  lengthOf: LengthOf;
  /** Which flows are taken for MoldUDP64, or not, whatever they look like; MDP 3.0 is ignored. */
  force?: (flow: Flow) => ForcedFraming;
  /** How long a message waits for those before it, ns of the schedule; 0: it goes at once, and they are left out. */
  reorderNs: number;
}

/** Sessions that are put in order at a time; the one unused for the longest makes room for another. */
const maxSessions = 64;
/** Bytes of one session's messages that may wait. */
export const maxWaitingBytes = 1 << 22;

/** A session's order, and the number that a heartbeat or its end said is the next. */
interface Session {
  readonly arbiter: Arbiter;
  nextSequence: number;
}

/** Decodes datagrams and hands on their messages; the view is borrowed until the call returns. */
export class SoupFeed {
  private readonly demux: SessionDemux;
  private readonly options: SoupFeedOptions;
  private readonly deliver: (view: DataView, offset: number, length: number) => void;
  /** In order of last use, as far as streams take turns. */
  private readonly sessions = new Map<string, Session>();
  private lastStream: Stream | null = null;
  private last: Session | null = null;
  private readonly sums = { gaps: 0, missing: 0, repeats: 0, late: 0 };
  private notMold = 0;
  /** From then on sessions begin with the message that comes first, which is not held back for earlier ones. */
  private hasJumped = false;

  constructor(options: SoupFeedOptions, deliver: (view: DataView, offset: number, length: number) => void) {
    const { lengthOf, force } = options;
    this.options = options;
    this.deliver = deliver;
    const expect = (nextSequence: number, _timestampNs: number, stream: Stream): void => {
      const session = this.sessionOf(stream, nextSequence);
      session.nextSequence = Math.max(session.nextSequence, nextSequence);
    };
    this.demux = new SessionDemux(
      {
        onMessage: (view, offset, length, scheduledNs, sequence, stream) =>
          this.sessionOf(stream, sequence).arbiter.message(view, offset, length, 0, scheduledNs, sequence),
        onHeartbeat: expect,
        onEndOfSession: expect,
      },
      { lengthOf, ...(force === undefined ? {} : { force: (flow) => moldOrNone(force(flow)) }) },
    );
  }

  datagram(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    if (!this.demux.datagram(view, offset, length, scheduledNs, flow, 0, 0)) this.notMold++;
  }

  /** What was handed on is behind: whatever comes next is handed on too, also what has been before. */
  jump(): void {
    for (const { arbiter } of this.sessions.values()) {
      arbiter.flush();
      add(this.sums, arbiter);
    }
    this.sessions.clear();
    this.lastStream = null;
    this.last = null;
    this.hasJumped = true;
  }

  /** Hands on what waits for others: they do not come. */
  goOn(): void {
    for (const { arbiter } of this.sessions.values()) arbiter.flush();
  }

  /** The same at the end, where messages that were only announced are missing too. */
  end(): void {
    for (const { arbiter, nextSequence } of this.sessions.values()) arbiter.flush(nextSequence);
  }

  /** Gaps of the source, messages missing in them, messages left out as repeated or too late, datagrams ignored. */
  counters(): Record<string, number> {
    const sums = { ...this.sums };
    for (const { arbiter } of this.sessions.values()) add(sums, arbiter);
    return { ...sums, notMold: this.notMold };
  }

  private sessionOf(stream: Stream, sequence: number): Session {
    if (stream === this.lastStream && this.last !== null) return this.last;
    const name = stream.session ?? '';
    let session = this.sessions.get(name);
    if (session === undefined) {
      if (this.sessions.size >= maxSessions) this.retire();
      session = { arbiter: this.createArbiter(this.hasJumped ? sequence : 0), nextSequence: 0 };
    } else this.sessions.delete(name);
    this.sessions.set(name, session);
    this.lastStream = stream;
    this.last = session;
    return session;
  }

  private retire(): void {
    for (const [name, { arbiter, nextSequence }] of this.sessions) {
      arbiter.flush(nextSequence);
      add(this.sums, arbiter);
      this.sessions.delete(name);
      return;
    }
  }

  /** `firstSequence` 0: it is not known. */
  private createArbiter(firstSequence: number): Arbiter {
    const { reorderNs } = this.options;
    return new Arbiter(
      { onMessage: (view, offset, length) => this.deliver(view, offset, length) },
      {
        maxNs: reorderNs,
        maxBytes: maxWaitingBytes,
        ...(firstSequence === 0 ? {} : { firstSequence }),
        ...(reorderNs === 0 ? { maxMessages: 0 } : {}),
      },
    );
  }
}

function add(sums: { gaps: number; missing: number; repeats: number; late: number }, arbiter: Arbiter): void {
  sums.gaps += arbiter.gaps;
  sums.missing += arbiter.missing;
  sums.repeats += arbiter.duplicates;
  sums.late += arbiter.late;
}

/** Packets of MDP 3.0 number packets, not messages, and no SoupBinTCP client expects either. */
function moldOrNone(framing: ForcedFraming): ForcedFraming {
  return framing === 'mdp3' ? 'none' : framing;
}
