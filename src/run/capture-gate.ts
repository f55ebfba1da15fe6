/**
 * Which datagrams of a capture are replayed, and how many messages each holds.
 *
 * A message filter keeps a whole datagram if any message in it matches: packet boundaries and sequence numbers stay the
 * captured ones. A message is only looked at where a filter asks.
 */
import { chosenProtocol, type InputSpec } from '../analysis/input.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { learnPacket } from '../analysis/learn-packet.js';
import type { Protocols } from '../analysis/protocols.js';
import type { DatagramReader, Flow } from '../core/seams.js';
import { asksOfMessages, type FilterSpec, type MessageFilter } from '../replay/filter.js';
import type { SbeFilter } from '../replay/sbe-filter.js';
import type { DatagramGate } from '../replay/scheduled-reader.js';
import type { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import { looksLikeMoldUDP64 } from '../session/demux.js';
import { MDP3_HEADER_LENGTH } from '../session/mdp3-header.js';
import { countMessages, visitMessages } from '../session/mdp3-messages.js';
import { looksLikeMdp3 } from '../session/mdp3-recognise.js';
import {
  BLOCK_LENGTH_SIZE,
  countWholeBlocks,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  readMessageCount,
  readSession,
} from '../session/moldudp64.js';
import { noStreamKey, StreamKeys } from '../session/stream-keys.js';

/** What a datagram is framed as; null where that is not recognised. */
export type DatagramFraming = 'moldudp64' | 'mdp3' | null;

export class CaptureGate implements DatagramGate {
  /** Datagrams that the capture holds only a part of, left out … */
  truncated = 0;
  /** … or let pass, where that is allowed. */
  truncatedPassed = 0;
  private readonly allowsTruncated: boolean;
  private readonly input: InputSpec;
  private readonly window: CaptureWindow;
  private readonly protocols: Protocols;
  private readonly filter: MessageFilter;
  private readonly mdp3Filter: SbeFilter;
  private readonly readsMessages: boolean;
  private readonly sessions: readonly string[];
  /** By the flow's index. */
  private readonly framings: (DatagramFraming | undefined)[] = [];
  private readonly streams = new StreamKeys();
  /** Whether a stream's session is asked for, by its key. */
  private readonly sessionVerdicts: (boolean | undefined)[] = [];
  private past = 0;

  private readonly acceptsMdp3 = (view: DataView, offset: number, length: number): boolean =>
    this.protocols.wantsMdp3(this.mdp3Filter, view, offset, length);

  constructor(
    input: InputSpec,
    protocols: Protocols,
    filter: FilterSpec,
    window: CaptureWindow,
    allowsTruncated = false,
  ) {
    this.input = input;
    this.protocols = protocols;
    this.allowsTruncated = allowsTruncated;
    this.window = window;
    const { itch, mdp3 } = protocols.filters(filter);
    this.filter = itch;
    this.mdp3Filter = mdp3;
    this.readsMessages = asksOfMessages(filter);
    this.sessions = filter.sessions;
  }

  startLoop(): void {
    this.filter.forget();
    this.protocols.mdp3.securities.forget();
    this.framings.length = 0;
    this.past = 0;
  }

  get learns(): boolean {
    return this.filter.learns || this.mdp3Filter.learns;
  }

  passOver(reader: DatagramReader): void {
    if (this.allowsTruncated || (reader as { truncated?: boolean }).truncated !== true) this.learn(reader);
  }

  admit(reader: DatagramReader): 'yes' | 'no' | 'before' | 'after' {
    const where = this.window.check(reader.seconds, reader.nanoseconds);
    if (where === 'before') {
      if (this.filter.learns) this.learn(reader);
      return 'before';
    }
    if (where === 'after') return ++this.past > recordsPastWindow ? 'after' : 'no';
    this.past = 0;
    const isTruncated = (reader as { truncated?: boolean }).truncated === true;
    if (isTruncated && !this.allowsTruncated) {
      this.truncated++;
      return 'no';
    }
    if (!this.filter.acceptsFlow(reader.flow)) {
      // Definitions have flows of their own.
      if (this.mdp3Filter.learns) this.learnSymbols(reader);
      return 'no';
    }
    const isWanted = (this.sessions.length === 0 && !this.readsMessages) || this.acceptsContent(reader);
    if (isTruncated && isWanted) this.truncatedPassed++;
    return isWanted ? 'yes' : 'no';
  }

  messagesIn(reader: DatagramReader): number {
    const { view, offset, length } = reader;
    const framing = this.framingOf(view, offset, length, reader.flow);
    if (framing === null) return 0;
    if (framing === 'mdp3') return countMessages(view, offset, length);
    const count = readMessageCount(view, offset);
    if (count === 0 || count === END_OF_SESSION_COUNT) return 0;
    return countWholeBlocks(view, offset + HEADER_LENGTH, offset + length, count);
  }

  /** What the datagram is; its flow is asked of each until one is recognised. */
  framingOf(view: DataView, offset: number, length: number, flow: Flow): DatagramFraming {
    let framing = this.framings[flow.index];
    if (framing === undefined) {
      framing = this.recognise(view, offset, length, flow);
      if (framing === null) return null;
      this.framings[flow.index] = framing;
    }
    return length >= (framing === 'mdp3' ? MDP3_HEADER_LENGTH : HEADER_LENGTH) ? framing : null;
  }

  private recognise(view: DataView, offset: number, length: number, flow: Flow): DatagramFraming {
    const choice = chosenProtocol(this.input, flow);
    if (choice === 'none') return null;
    if (choice !== undefined) return choice === 'mdp3' ? 'mdp3' : 'moldudp64';
    if (looksLikeMoldUDP64(view, offset, length, itch50Landmarks.lengthOf)) return 'moldudp64';
    return looksLikeMdp3(view, offset, length, this.protocols.mdp3) ? 'mdp3' : null;
  }

  private acceptsContent(reader: DatagramReader): boolean {
    const { view, offset, length } = reader;
    const framing = this.framingOf(view, offset, length, reader.flow);
    if (framing === null) return false;
    if (framing === 'mdp3') {
      // Packets of MDP name no session.
      return this.sessions.length === 0 && visitMessages(view, offset, length, this.acceptsMdp3);
    }
    const streamKey = this.streams.keyOf(view, offset, reader.flow);
    if (this.sessions.length > 0 && !this.acceptsSession(view, offset, streamKey)) return false;
    if (!this.readsMessages) return true;
    const end = offset + length;
    let accepted = false;
    let position = offset + HEADER_LENGTH;
    // Every message is shown to the filter, which learns a symbol's locates from them.
    for (let left = this.messagesIn(reader); left > 0 && position + BLOCK_LENGTH_SIZE <= end; left--) {
      const messageLength = view.getUint16(position);
      if (this.filter.acceptsMessage(view, position + BLOCK_LENGTH_SIZE, messageLength, streamKey)) accepted = true;
      position += BLOCK_LENGTH_SIZE + messageLength;
    }
    return accepted;
  }

  private acceptsSession(view: DataView, offset: number, streamKey: number): boolean {
    let verdict = this.sessionVerdicts[streamKey];
    if (verdict === undefined) {
      verdict = this.sessions.includes(readSession(view, offset));
      if (streamKey !== noStreamKey) this.sessionVerdicts[streamKey] = verdict;
    }
    return verdict;
  }

  /** Symbols' locates and SecurityIDs are often told once, before the window opens. */
  private learn(reader: DatagramReader): void {
    const { view, offset, length, flow } = reader;
    const framing = this.framingOf(view, offset, length, flow);
    if (framing === 'mdp3') this.learnSymbols(reader);
    else if (framing === 'moldudp64' && this.filter.acceptsFlow(flow)) {
      learnPacket(this.filter, view, offset, length, this.streams.keyOf(view, offset, flow));
    }
  }

  private learnSymbols({ view, offset, length, flow }: DatagramReader): void {
    if (this.framingOf(view, offset, length, flow) === 'mdp3') visitMessages(view, offset, length, this.acceptsMdp3);
  }
}

/** The gate of datagrams built from a BinaryFILE: filtered and counted as they were packed. */
export const packedGate: DatagramGate = {
  admit: () => 'yes',
  messagesIn: (reader) => (reader as DatagramReader & { messageCount: number }).messageCount,
};
