/**
 * Which datagrams of a capture are replayed, and how many messages each holds.
 *
 * A message filter keeps a whole datagram if any message in it matches: packet boundaries and sequence numbers stay the
 * captured ones. A message is only looked at where a filter asks.
 */
import { chosenProtocol, type InputSpec } from '../analysis/input.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { learnPacket } from '../analysis/learn-packet.js';
import type { DatagramReader, Flow } from '../core/seams.js';
import type { DatagramGate } from '../replay/engine.js';
import { type FilterSpec, MessageFilter } from '../replay/filter.js';
import type { CaptureWindow } from '../replay/window.js';
import { recordsPastWindow } from '../replay/windowed-reader.js';
import { looksLikeMoldUDP64 } from '../session/demux.js';
import {
  BLOCK_LENGTH_SIZE,
  countWholeBlocks,
  END_OF_SESSION_COUNT,
  HEADER_LENGTH,
  readMessageCount,
  readSession,
} from '../session/moldudp64.js';
import { noStreamKey, StreamKeys } from '../session/stream-keys.js';

export class CaptureGate implements DatagramGate {
  /** Datagrams that the capture holds only a part of, left out … */
  truncated = 0;
  /** … or let pass, where that is allowed. */
  truncatedPassed = 0;
  private readonly allowsTruncated: boolean;
  private readonly input: InputSpec;
  private readonly window: CaptureWindow;
  private readonly filter: MessageFilter;
  private readonly sessions: readonly string[];
  private readonly moldFlows: (boolean | undefined)[] = [];
  private readonly streams = new StreamKeys();
  /** Whether a stream's session is asked for, by its key. */
  private readonly sessionVerdicts: (boolean | undefined)[] = [];
  private past = 0;

  constructor(input: InputSpec, filter: FilterSpec, window: CaptureWindow, allowsTruncated = false) {
    this.input = input;
    this.allowsTruncated = allowsTruncated;
    this.window = window;
    this.filter = new MessageFilter(filter, itch50Landmarks);
    this.sessions = filter.sessions;
  }

  startLoop(): void {
    this.filter.forget();
    this.moldFlows.length = 0;
    this.past = 0;
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
    if (!this.filter.acceptsFlow(reader.flow)) return 'no';
    const isWanted = (this.sessions.length === 0 && !this.filter.readsMessages) || this.acceptsContent(reader);
    if (isTruncated && isWanted) this.truncatedPassed++;
    return isWanted ? 'yes' : 'no';
  }

  messagesIn(reader: DatagramReader): number {
    const { view, offset, length } = reader;
    if (!this.isMold(view, offset, length, reader.flow) || length < HEADER_LENGTH) return 0;
    const count = readMessageCount(view, offset);
    if (count === 0 || count === END_OF_SESSION_COUNT) return 0;
    return countWholeBlocks(view, offset + HEADER_LENGTH, offset + length, count);
  }

  /** Whether the flow speaks MoldUDP64; asked of each datagram until one is recognised. */
  isMold(view: DataView, offset: number, length: number, flow: Flow): boolean {
    const known = this.moldFlows[flow.index];
    if (known === true) return length >= HEADER_LENGTH;
    const choice = chosenProtocol(this.input, flow);
    if (choice === 'none') return false;
    const is = choice === 'itch50' || looksLikeMoldUDP64(view, offset, length, itch50Landmarks.lengthOf);
    if (is) this.moldFlows[flow.index] = true;
    return is && length >= HEADER_LENGTH;
  }

  private acceptsContent(reader: DatagramReader): boolean {
    const { view, offset, length } = reader;
    if (!this.isMold(view, offset, length, reader.flow)) return false;
    const streamKey = this.streams.keyOf(view, offset, reader.flow);
    if (this.sessions.length > 0 && !this.acceptsSession(view, offset, streamKey)) return false;
    if (!this.filter.readsMessages) return true;
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

  /** Symbols' locates are often told once, before the window opens. */
  private learn(reader: DatagramReader): void {
    const { view, offset, length, flow } = reader;
    if (!this.filter.acceptsFlow(flow) || !this.isMold(view, offset, length, flow)) return;
    learnPacket(this.filter, view, offset, length, this.streams.keyOf(view, offset, flow));
  }
}

/** The gate of datagrams built from a BinaryFILE: filtered and counted as they were packed. */
export const packedGate: DatagramGate = {
  admit: () => 'yes',
  messagesIn: (reader) => (reader as DatagramReader & { messageCount: number }).messageCount,
};
