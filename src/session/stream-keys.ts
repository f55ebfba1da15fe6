/** Small numbers for streams, a session on a flow each, found from a packet's own bytes. */
import type { Flow } from '../core/seams.js';

/** The most streams that get a number of their own. */
export const maxStreamKeys = 1024;
/** What every stream beyond `maxStreamKeys` gets. */
export const noStreamKey = -1;

/** Words that no session's ten bytes give. */
const wordsOfNone = [-1, -1, 0x1_0000] as const;

/** A session of a flow; the others follow in order of last use. */
interface Entry {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly key: number;
  next: Entry | undefined;
}

/** Numbers the streams of MoldUDP64 packets from 0, in order of first appearance; allocates only for a new stream. */
export class StreamKeys {
  private readonly flows: (Entry | undefined)[] = [];
  private count: number;

  /** Numbers begin at `first`. */
  constructor(first = 0) {
    this.count = first;
  }

  /** The number of a flow that has one stream. */
  keyOfFlow(flow: Flow): number {
    return this.find(flow, ...wordsOfNone);
  }

  /** The number of the packet's stream; the packet is to have a whole header. */
  keyOf(view: DataView, offset: number, flow: Flow): number {
    return this.find(flow, view.getInt32(offset), view.getInt32(offset + 4), view.getInt16(offset + 8));
  }

  private find(flow: Flow, word0: number, word1: number, word2: number): number {
    const first = this.flows[flow.index];
    let before: Entry | undefined;
    let entry = first;
    while (entry !== undefined && (entry.word0 !== word0 || entry.word1 !== word1 || entry.word2 !== word2)) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) {
      if (this.count >= maxStreamKeys) return noStreamKey;
      entry = { word0, word1, word2, key: this.count++, next: first };
      this.flows[flow.index] = entry;
    } else if (before !== undefined) {
      before.next = entry.next;
      entry.next = first;
      this.flows[flow.index] = entry;
    }
    return entry.key;
  }
}
