/**
 * Sessions of overlaid captures kept apart: MoldUDP64 names one in each packet, and two captures may use the same name.
 *
 * The capture that a name is met in first keeps it. In any other the end of the name gives way to the capture's number,
 * as in SESSION002 of the second one, or to the next number that makes a name which is free. Each loop begins anew,
 * with the same names. MDP 3.0 names no session: there the flows alone, with a source port each, tell captures apart,
 * and feeds of several captures that go to one destination are told of.
 */
import { MAX_CAPTURED_BYTES } from '../capture/frame-reader.js';
import type { Flow } from '../core/seams.js';
import { readSession, SESSION_LENGTH } from '../session/moldudp64-header.js';
import type { FramingOf } from './loop.js';
import type { LoopRewriter } from './scheduled-reader.js';

/** Names that are told apart in one loop; those met after are sent as they are and counted. */
const maxSessions = 4096;

/** A session that was sent under another name; captures count from 0. */
export interface RenamedSession {
  readonly capture: number;
  readonly session: string;
  readonly sentAs: string;
}

/** Where packets of MDP 3.0 go to from several captures, whose numbers may be the same; captures count from 0. */
export interface SharedFeed {
  /** Address and port as captured. */
  readonly destination: string;
  readonly captures: readonly number[];
}

/** What is known of a flow: its capture, and the session that its latest packet was of. */
class FlowState {
  readonly capture: number;
  word0 = 0;
  word1 = 0;
  word2 = Number.NaN;
  /** Null: sent as it is. */
  name: Uint8Array | null = null;

  constructor(capture: number) {
    this.capture = capture;
  }
}

export class OverlayRewriter implements LoopRewriter {
  view: DataView;
  offset = 0;
  length = 0;
  /** Of the first loop. */
  readonly renamed: RenamedSession[] = [];
  /** Datagrams sent unchanged because too many sessions were met. */
  untracked = 0;
  private readonly inner: LoopRewriter | null;
  private readonly framingOf: FramingOf;
  private readonly captureOf: (flow: Flow) => number;
  private readonly own = new DataView(new ArrayBuffer(MAX_CAPTURED_BYTES));
  private readonly ownBytes = new Uint8Array(this.own.buffer);
  /** By the flow's index. */
  private flows: (FlowState | undefined)[] = [];
  /** Which capture has a name. */
  private owners = new Map<string, number>();
  /** What a capture's session is sent as, by both. */
  private names = new Map<string, string>();
  private loop = 1;
  /** Whether a flow of MDP 3.0 was met, by its index … */
  private readonly isFeedKnown: boolean[] = [];
  /** … and which captures have one, by where it goes. */
  private readonly feeds = new Map<string, Set<number>>();

  /** `inner` rewrites first, for loops; `captureOf` tells of which capture a flow is. */
  constructor(inner: LoopRewriter | null, framingOf: FramingOf, captureOf: (flow: Flow) => number) {
    this.inner = inner;
    this.framingOf = framingOf;
    this.captureOf = captureOf;
    this.view = this.own;
  }

  get sharedFeeds(): SharedFeed[] {
    const shared = [...this.feeds].filter(([, captures]) => captures.size > 1);
    return shared.map(([destination, captures]) => ({
      destination,
      captures: [...captures].toSorted((a, b) => a - b),
    }));
  }

  startLoop(loop: number): void {
    this.inner?.startLoop(loop);
    this.loop = loop;
    this.flows = [];
    this.owners = new Map();
    this.names = new Map();
  }

  rewrite(view: DataView, offset: number, length: number, flow: Flow): void {
    this.view = view;
    this.offset = offset;
    this.length = length;
    const { inner } = this;
    if (inner !== null) {
      inner.rewrite(view, offset, length, flow);
      this.view = inner.view;
      this.offset = inner.offset;
      this.length = inner.length;
    }
    const framing = this.framingOf(view, offset, length, flow);
    if (framing === 'mdp3' && !this.isFeedKnown[flow.index]) this.noteFeed(flow);
    if (framing !== 'moldudp64') return;
    const name = this.nameFor(this.view, this.offset, flow);
    if (name === null) return;
    this.ownBytes.set(new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.length));
    this.ownBytes.set(name);
    this.view = this.own;
    this.offset = 0;
  }

  private noteFeed(flow: Flow): void {
    this.isFeedKnown[flow.index] = true;
    const [, destination = ''] = flow.name.split(' > ');
    const captures = this.feeds.get(destination) ?? new Set();
    this.feeds.set(destination, captures.add(this.captureOf(flow)));
  }

  private nameFor(view: DataView, offset: number, flow: Flow): Uint8Array | null {
    let state = this.flows[flow.index];
    if (state === undefined) {
      state = new FlowState(this.captureOf(flow));
      this.flows[flow.index] = state;
    }
    const word0 = view.getInt32(offset);
    const word1 = view.getInt32(offset + 4);
    const word2 = view.getInt16(offset + 8);
    if (word0 !== state.word0 || word1 !== state.word1 || word2 !== state.word2) {
      state.word0 = word0;
      state.word1 = word1;
      state.word2 = word2;
      const session = readSession(view, offset);
      const sentAs = this.sentAs(state.capture, session);
      state.name = sentAs === session ? null : encode(sentAs);
    }
    return state.name;
  }

  private sentAs(capture: number, session: string): string {
    const key = `${capture} ${session}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    if (this.owners.size >= maxSessions) {
      this.untracked++;
      return session;
    }
    let sentAs = session;
    for (let number = capture + 1; this.owners.has(sentAs); number++) sentAs = numbered(session, number);
    this.owners.set(sentAs, capture);
    this.names.set(key, sentAs);
    if (sentAs !== session && this.loop === 1) this.renamed.push({ capture, session, sentAs });
    return sentAs;
  }
}

function numbered(session: string, number: number): string {
  const digits = String(number).padStart(2, '0');
  return `${session.slice(0, SESSION_LENGTH - digits.length)}${digits}`;
}

function encode(session: string): Uint8Array {
  const name = new Uint8Array(SESSION_LENGTH).fill(0x20);
  for (let index = 0; index < session.length; index++) name[index] = session.charCodeAt(index);
  return name;
}
