/**
 * Puts the packets of several channels, of which some were held back, into the order in which they came.
 *
 * Each packet has a place, that of its record in the input. Where a channel's packets were put in the order of their
 * numbers, one that had to wait takes place and stamp of the one that it waited for. So stamps are in order wherever
 * those of the input were, and untouched where nothing was held back. What is held here is bounded: where it is full,
 * the first goes at once, and what should have been before it gets its stamp.
 */
import { MinHeap } from '../core/min-heap.js';
import type { LineChannel } from '../session/mdp3-lines.js';

/** The most packets that are held. */
export const MAX_ORDERED_PACKETS = 65_536;
/** The most bytes of packets that are held. */
export const MAX_ORDERED_BYTES = 67_108_864;

/** Takes the next packet; `isAnew` where the channel's numbers begin anew with it. The view is borrowed. */
export type TakeInOrder = (
  view: DataView,
  offset: number,
  length: number,
  seconds: number,
  nanoseconds: number,
  channel: LineChannel,
  isAnew: boolean,
) => void;

/** Where a channel, or all of it, has come to. */
interface Mark {
  place: number;
  seconds: number;
  nanoseconds: number;
}

interface Held {
  readonly view: DataView;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly channel: LineChannel;
  readonly isAnew: boolean;
}

export class PacketOrder {
  private readonly marks = new Map<LineChannel, Mark>();
  private readonly anew = new Set<LineChannel>();
  private readonly last = newMark();
  private readonly byPlace = new Map<number, Held[]>();
  private readonly places = new MinHeap();
  private heldPackets = 0;
  private heldBytes = 0;

  /** `heldPlace` says the lowest place of what may still come. */
  constructor(
    private readonly take: TakeInOrder,
    private readonly heldPlace: () => number,
  ) {}

  /** Says that a channel's numbers begin anew with its next packet. */
  restart(channel: LineChannel): void {
    this.anew.add(channel);
  }

  /** Takes a packet; the view is borrowed. */
  packet(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    channel: LineChannel,
    place: number,
  ): void {
    const mark = this.markOf(channel);
    advance(mark, place, seconds, nanoseconds);
    const isAnew = this.anew.size > 0 && this.anew.delete(channel);
    if (this.heldPackets === 0 && mark.place <= this.heldPlace()) {
      this.pass(view, offset, length, mark, channel, isAnew);
      return;
    }
    const start = view.byteOffset + offset;
    const copy = new DataView(view.buffer.slice(start, start + length));
    this.hold({ view: copy, seconds: mark.seconds, nanoseconds: mark.nanoseconds, channel, isAnew }, mark.place);
    while (this.heldPackets > MAX_ORDERED_PACKETS || this.heldBytes > MAX_ORDERED_BYTES) this.letGo();
  }

  /** Lets go of what nothing can come before any more. */
  advance(): void {
    if (this.heldPackets === 0) return;
    const until = this.heldPlace();
    while (this.places.least <= until) this.letGo();
  }

  /** Lets go of everything. */
  end(): void {
    while (this.heldPackets > 0) this.letGo();
  }

  /** Flows beyond the bound of channels are none, and nothing of them is held back. */
  private markOf(channel: LineChannel): Mark {
    if (channel.index < 0) return newMark();
    let mark = this.marks.get(channel);
    if (mark === undefined) {
      mark = newMark();
      this.marks.set(channel, mark);
    }
    return mark;
  }

  private hold(held: Held, place: number): void {
    const others = this.byPlace.get(place);
    if (others === undefined) {
      this.byPlace.set(place, [held]);
      this.places.push(place);
    } else others.push(held);
    this.heldPackets++;
    this.heldBytes += held.view.byteLength;
  }

  private letGo(): void {
    const place = this.places.pop();
    const packets = this.byPlace.get(place) ?? [];
    this.byPlace.delete(place);
    for (const { view, seconds, nanoseconds, channel, isAnew } of packets) {
      this.heldPackets--;
      this.heldBytes -= view.byteLength;
      this.pass(view, 0, view.byteLength, { place, seconds, nanoseconds }, channel, isAnew);
    }
  }

  private pass(
    view: DataView,
    offset: number,
    length: number,
    { place, seconds, nanoseconds }: Mark,
    channel: LineChannel,
    isAnew: boolean,
  ): void {
    const { last } = this;
    advance(last, place, seconds, nanoseconds);
    this.take(view, offset, length, last.seconds, last.nanoseconds, channel, isAnew);
  }
}

function newMark(): Mark {
  return { place: Number.NEGATIVE_INFINITY, seconds: 0, nanoseconds: 0 };
}

function advance(mark: Mark, place: number, seconds: number, nanoseconds: number): void {
  if (place < mark.place) return;
  mark.place = place;
  mark.seconds = seconds;
  mark.nanoseconds = nanoseconds;
}
