/**
 * A link of a limited rate with a queue before it: each packet leaves when those before it are through, and one that
 * finds the queue full is lost (tail drop).
 *
 * A packet that meets an idle link goes at once and then occupies it for its length over the rate, which is kept as an
 * exact fraction: no error builds up.
 */
import { RationalSum } from '../../core/rational.js';
import type { FaultEffect } from './fault.js';

/** What `Link.arrive` answers for a packet that is lost. */
export const tailDrop = -1;

export class Link {
  private readonly busy: RationalSum;
  private readonly countsBits: boolean;
  private readonly maxPackets: number;
  private readonly maxBytes: number;
  /** What `busy` counts from. */
  private baseNs = 0;
  /** Packets that wait, in order: when they go and their bytes; those before `first` have gone. */
  private readonly goesNs: number[] = [];
  private readonly sizes: number[] = [];
  private first = 0;
  private waitingBytes = 0;

  constructor({ unit, perSecond, queuePackets, queueBytes }: FaultEffect & { kind: 'rate' }) {
    this.busy = new RationalSum({ numerator: perSecond.denominator, denominator: perSecond.numerator }, 1e9);
    this.countsBits = unit === 'bits';
    this.maxPackets = queuePackets;
    this.maxBytes = queueBytes;
  }

  /** How long a packet of so many bytes on layer 2 waits that comes at `nowNs`, or `tailDrop`. */
  arrive(nowNs: number, bytes: number): number {
    this.leave(nowNs);
    const freeNs = this.baseNs + this.busy.floor;
    const waitNs = Math.max(0, freeNs - nowNs);
    if (waitNs === 0) this.baseNs = nowNs - this.busy.floor;
    else {
      const waiting = this.goesNs.length - this.first;
      if (waiting >= this.maxPackets || this.waitingBytes + bytes > this.maxBytes) return tailDrop;
      this.goesNs.push(freeNs);
      this.sizes.push(bytes);
      this.waitingBytes += bytes;
    }
    this.busy.add(this.countsBits ? bytes * 8 : 1);
    return waitNs;
  }

  private leave(nowNs: number): void {
    const { goesNs, sizes } = this;
    let { first } = this;
    while (first < goesNs.length && goesNs[first] <= nowNs) this.waitingBytes -= sizes[first++];
    if (first > 1024 && first * 2 > goesNs.length) {
      goesNs.splice(0, first);
      sizes.splice(0, first);
      first = 0;
    }
    this.first = first;
  }
}
