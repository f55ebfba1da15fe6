/**
 * Which line of a feed a flow is: by its addresses where they tell, else by MoldUDP64's sessions (the flow that brings
 * a session first is line A of it, the next B), else A.
 */
import { parseAddress } from '../../capture/endpoint.js';
import type { Flow } from '../../core/seams.js';
import { readSession } from '../../session/moldudp64-header.js';
import type { FaultScope } from './fault.js';
import type { PacketAtHand } from './packet.js';

/** What a channel configuration says of a flow: a connection such as `310IA` of a channel such as `310`. */
export interface FeedLine {
  readonly id: string;
  readonly channel: string;
}

export interface LineOptions {
  /** The line of a flow where its addresses tell; null where they do not. */
  readonly nameOf?: (flow: Flow) => string | null;
  /** By a channel configuration; null where it does not name the flow. */
  readonly feedOf?: (flow: Flow) => FeedLine | null;
}

const firstLetter = 0x41;
const lastLetter = 0x5a;

export class LineFinder {
  private readonly letters = new Map<Flow, string>();
  /** Flows that brought each session, in the order of their first packets. */
  private readonly sessions = new Map<string, number>();
  private lastFlow: Flow | null = null;
  private lastLetter = 'A';
  private readonly nameOf: (flow: Flow) => string | null;
  private readonly feedOf: (flow: Flow) => FeedLine | null;

  constructor({ nameOf = () => null, feedOf = () => null }: LineOptions = {}) {
    this.nameOf = nameOf;
    this.feedOf = feedOf;
  }

  /** The letter of the packet's line. */
  lineOf(packet: PacketAtHand): string {
    const { flow } = packet;
    if (flow === this.lastFlow) return this.lastLetter;
    const letter = this.letters.get(flow) ?? this.find(packet);
    if (letter === undefined) return 'A';
    this.letters.set(flow, letter);
    this.lastFlow = flow;
    this.lastLetter = letter;
    return letter;
  }

  /** Whether a scope takes in a line's packets of a flow. */
  takesIn(scope: FaultScope, line: string, flow: Flow): boolean {
    switch (scope.kind) {
      case 'all':
        return true;
      case 'line':
        return scope.line === line;
      case 'destination':
        return (
          (scope.port === null || scope.port === flow.destinationPort) &&
          (scope.address === null || isSameAddress(scope.address, flow.destination))
        );
      case 'feed': {
        const feed = this.feedOf(flow);
        return feed !== null && (feed.channel === scope.name || feed.id.toLowerCase() === scope.name.toLowerCase());
      }
    }
  }

  /** Undefined where the flow has not told yet. */
  private find(packet: PacketAtHand): string | undefined {
    const { flow, framing, view, offset } = packet;
    const name = this.nameOf(flow);
    if (name !== null) return name;
    if (framing === null) return undefined;
    if (framing === 'mdp3') return 'A';
    const session = readSession(view, offset);
    const before = this.sessions.get(session) ?? 0;
    this.sessions.set(session, before + 1);
    return String.fromCharCode(Math.min(lastLetter, firstLetter + before));
  }
}

function isSameAddress(one: string, other: string): boolean {
  return one === other || (one.includes(':') && String(parseAddress(one)) === String(parseAddress(other)));
}
