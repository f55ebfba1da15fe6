/**
 * What a correct parser makes of mutated packets, one after the other: messages with their numbers, gaps, reports.
 *
 * A stream is a session of MoldUDP64 on its flow, a flow of MDP, a connection of its TCP form, a connection's session
 * of SoupBinTCP, a BinaryFILE.
 * The first number of a stream is taken as it comes. A number above the one expected is a gap from there; one that was
 * seen is a repetition; one below that was not, fills a gap. MDP's numbers begin anew with a packet that is behind and
 * was sent later than all before, unless a wrong number had leapt ahead.
 */
import type { Flow } from '../../core/seams.js';
import { isOfTcp, type MessageValues, type MutationFraming, type Packet } from './model.js';
import { numberOf, sendingTimeOf, sessionOf } from './numbers.js';
import { isControl, isMdp } from './packets.js';

/** A message that a correct parser delivers. */
export interface ExpectedMessage {
  /** Of its packet (MDP) or its own; null where it has none. */
  readonly sequence: number | null;
  readonly session: string | null;
  readonly protocol: 'itch50' | 'mdp3';
  readonly values: MessageValues;
  /** Whether a parser may as well leave it out: repeated, of a packet that is rejected in part, behind lost framing. */
  readonly isOptional: boolean;
  readonly isRepeated: boolean;
}

/** Of one packet. */
export interface Expected {
  readonly messages: readonly ExpectedMessage[];
  /** Numbers that are found missing with it, first to last. */
  readonly gap: readonly [from: number, to: number] | null;
  /** Whether something is to be reported: damage, or a count of wrong checksums. */
  readonly isReported: boolean;
  /** Messages of unknown layout. */
  readonly skipped: number;
}

interface StreamState {
  next: number;
  readonly seen: Set<number>;
  latest: bigint;
  /** Of MDP: a number that leapt ahead from `leapFrom` and may be wrong. */
  leapFrom: number;
  isBroken: boolean;
}

const wrongNumbers = new Set(['number-ahead', 'number-maximum', 'numbers-swapped']);
const mostMissingAtStart = 65_536;
const exact = Number.MAX_SAFE_INTEGER;

/** Follows packets in the order in which they are written. */
export class Expectations {
  private readonly streams = new Map<Flow, Map<string, StreamState>>();

  next(packet: Packet): Expected {
    const { framing } = packet;
    const nothing = { messages: [], gap: null, isReported: packet.isReported, skipped: 0 };
    if (framing === null || (!packet.isReceived && !isOfTcp(packet))) return nothing;
    if (framing === 'moldudp64') return this.mold(packet) ?? nothing;
    if (framing === 'mdp3') return this.mdp(packet) ?? nothing;
    if (framing === 'mdp3-tcp') return this.mdpOverTcp(packet) ?? nothing;
    return this.stream(packet, framing);
  }

  private mold(packet: Packet): Expected | null {
    const number = numberOf(packet);
    if (Number.isNaN(number)) return null;
    const session = sessionOf(packet);
    const state = this.stateOf(packet.flow, session);
    const count = packet.blocks.length;
    const isUsable = number > 0 && number + Math.max(count, packet.count ?? 0) - 1 <= exact;
    const gap = isUsable ? gapTo(state, number, count) : null;
    if (isControl(packet)) return { ...this.messages(packet, session, () => null, state), gap };
    return { ...this.messages(packet, session, (index) => (isUsable ? number + index : null), state), gap };
  }

  private mdp(packet: Packet): Expected | null {
    const number = numberOf(packet);
    if (Number.isNaN(number) || (packet.blocks.length === 0 && packet.tail.length > 0)) return null;
    const state = this.stateOf(packet.flow, '');
    const time = sendingTimeOf(packet);
    if (number === 0) return { ...this.messages(packet, null, () => null, state), gap: null };
    const isInLeap = state.leapFrom > 0 && number >= state.leapFrom && number !== 1;
    let gap: Expected['gap'];
    if (number < state.next && time > state.latest && !isInLeap) {
      state.seen.clear();
      state.next = number + 1;
      state.leapFrom = 0;
      state.latest = time;
      gap = number > 1 && number - 1 <= mostMissingAtStart ? [1, number - 1] : null;
    } else {
      const leaps = packet.label !== null && wrongNumbers.has(packet.label.kind) && number > state.next;
      if (leaps && state.leapFrom === 0) state.leapFrom = state.next;
      gap = gapTo(state, number, 1);
      if (time > state.latest) state.latest = time;
    }
    const isRepeated = state.seen.has(number);
    state.seen.add(number);
    const found = this.messages(packet, null, () => number, state, isRepeated);
    return { ...found, gap };
  }

  /** Numbers begin with the connection; a header whose first message is lost was not seen. */
  private mdpOverTcp(packet: Packet): Expected | null {
    if (packet.connects === true) this.streams.delete(packet.flow);
    return packet.blocks[0]?.fate === 'lost' ? null : this.mdp(packet);
  }

  private stream(packet: Packet, framing: MutationFraming): Expected {
    const session = framing === 'soupbintcp' ? (packet.session ?? '') : null;
    const state = this.stateOf(packet.flow, session ?? '');
    let gap: Expected['gap'] = null;
    if (packet.connects === true && packet.number !== undefined) {
      // A login tells the next number; what was sent since the framing broke is then missing.
      gap = state.next > 0 && packet.number > state.next ? [state.next, packet.number - 1] : null;
      state.next = packet.number;
      state.isBroken = false;
    }
    if (packet.breaksFraming === 'before') state.isBroken = true;
    const wasBroken = state.isBroken;
    if (packet.breaksFraming === 'behind') state.isBroken = true;
    const isNumbered = framing === 'soupbintcp' && !wasBroken;
    let number = state.next;
    const take = (): number | null => (isNumbered ? number++ : null);
    const found = this.messages(packet, session, take, state, false, wasBroken);
    if (isNumbered) state.next = number;
    return { ...found, gap };
  }

  private messages(
    packet: Packet,
    session: string | null,
    sequenceOf: (index: number) => number | null,
    state: StreamState,
    isRepetition = false,
    isBroken = false,
  ): Pick<Expected, 'messages' | 'isReported' | 'skipped'> {
    const messages: ExpectedMessage[] = [];
    let skipped = 0;
    for (const [index, { fate, values }] of packet.blocks.entries()) {
      if (fate === 'lost') continue;
      const sequence = sequenceOf(index);
      const isRepeated = isRepetition || (packet.framing === 'moldudp64' && this.note(state, sequence));
      if (fate === 'skip') skipped++;
      if (fate !== 'deliver' || values === null) continue;
      const isOptional = packet.isOptional || isRepeated || isBroken;
      const protocol = isMdp(packet) ? 'mdp3' : 'itch50';
      messages.push({ sequence, session, protocol, values, isOptional, isRepeated });
    }
    return { messages, isReported: packet.isReported, skipped };
  }

  private note({ seen }: StreamState, sequence: number | null): boolean {
    if (sequence === null) return false;
    if (seen.has(sequence)) return true;
    seen.add(sequence);
    return false;
  }

  private stateOf(flow: Flow, session: string): StreamState {
    const ofFlow = this.streams.get(flow) ?? new Map<string, StreamState>();
    this.streams.set(flow, ofFlow);
    const state = ofFlow.get(session) ?? { next: 0, seen: new Set(), latest: -1n, leapFrom: 0, isBroken: false };
    ofFlow.set(session, state);
    return state;
  }
}

/** Takes `count` numbers from `number` on; the gap before them, where there is one. */
function gapTo(state: StreamState, number: number, count: number): Expected['gap'] {
  const gap: Expected['gap'] = state.next > 0 && number > state.next ? [state.next, number - 1] : null;
  state.next = Math.max(state.next, number + count);
  return gap;
}
