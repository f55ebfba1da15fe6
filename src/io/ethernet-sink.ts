/**
 * A sink that sends Ethernet frames as they are, through a ring of memory that the kernel drains: staging copies a
 * frame into the next slot, and one system call sends all that was staged.
 *
 * A full ring is waited for, for a bounded time. What the kernel refuses is counted by the error's code and the rest
 * goes on: a frame that the interface is too small for (EMSGSIZE) is refused before it takes a slot.
 */
import { copyInto } from '../core/copy.js';
import type { StagingSink } from '../core/seams.js';
import { errorName } from './native/libc.js';
import { longestFrame, openTransmitRing, type PacketSocketOptions } from './native/packet-socket.js';
import { EAGAIN, EINTR, EINVAL, EMSGSIZE, ENOBUFS } from './native/socket-numbers.js';
import {
  AVAILABLE,
  idleRing,
  SEND_REQUEST,
  type TransmitRing,
  VIRTIO_HEADER_BYTES,
  WRONG_FORMAT,
} from './transmit-ring.js';

/** Frames sent with one call: more do not make the call cheaper by anything that could be measured. */
const BATCH_FRAMES = 128;
/** How long a slot, or the kernel's taking what is staged, is waited for before frames count as unsent. */
const PATIENCE_MS = 2000;
/** At most so long at a time, for the frames behind may go already. */
const WAIT_MS = 1;
const ETHERNET_HEADER_BYTES = 14;
const VLAN_TAG_BYTES = 4;
const ETHERTYPE_VLAN = 0x8100;
/** Up to this length the kernel copies a frame as a whole; for the rest of longer ones it refers to the ring. */
const COPIED_BYTES = 2048;

/** Opens the interface; throws SinkError that says what is missing and what to do. */
export function openEthernetSink(options: PacketSocketOptions): EthernetSink {
  const { ring, mtu, bypassesQdisc } = openTransmitRing(options);
  return new EthernetSink(ring, mtu, bypassesQdisc);
}

/** One that sends into nothing, through the same code. */
export function idleEthernetSink(mtu = 1500): EthernetSink {
  return new EthernetSink(idleRing(mtu, longestFrame(mtu) + VLAN_TAG_BYTES), mtu, true);
}

export class EthernetSink implements StagingSink {
  readonly errors = new Map<string, number>();
  /** Frames longer than the interface takes, not sent, and the longest of them. */
  tooLong = 0;
  longestBytes = 0;
  /** Calls into the kernel to send, and how often a slot or the kernel was waited for. */
  kicks = 0;
  waits = 0;
  private readonly ring: TransmitRing;
  private readonly batch: number;
  private mtu: number;
  private longest: number;
  /** The slot that the next frame goes to; the staged ones are right before it. */
  private slot = 0;
  private staged = 0;

  constructor(
    ring: TransmitRing,
    mtu: number,
    readonly bypassesQdisc: boolean,
  ) {
    this.ring = ring;
    this.batch = Math.min(BATCH_FRAMES, ring.slotCount >> 1);
    this.mtu = mtu;
    this.longest = longestFrame(mtu);
  }

  get mtuBytes(): number {
    return this.mtu;
  }

  get slots(): number {
    return this.ring.slotCount;
  }

  /** None while the next slot is taken: what is staged must not wait for it. */
  get room(): number {
    const { ring, staged } = this;
    return staged > 0 && ring.status(this.slot) !== AVAILABLE ? 0 : this.batch - staged;
  }

  send(view: DataView, offset: number, length: number): void {
    this.stage(view, offset, length);
    this.flush();
  }

  stage(view: DataView, offset: number, length: number): void {
    const { ring, slot } = this;
    if ((length > this.longest || length < ETHERNET_HEADER_BYTES) && !this.takes(view, offset, length)) return;
    if (ring.status(slot) !== AVAILABLE && !this.awaitSlot(slot)) return;
    const to = ring.view;
    const start = ring.starts[slot] as number;
    const at = start + ring.frameOffset;
    copyInto(view, offset, to, ring.bytes, at, length);
    if (ring.hasVirtioHeader) {
      const header = at - VIRTIO_HEADER_BYTES;
      // Flags and segmentation type 0; how much to copy; and three fields that are of no use without those.
      to.setUint32(header, (length < COPIED_BYTES ? length : COPIED_BYTES) << 16, true);
      to.setUint32(header + 4, 0, true);
      to.setUint16(header + 8, 0, true);
      to.setUint32(start + 4, length + VIRTIO_HEADER_BYTES, true);
    } else to.setUint32(start + 4, length, true);
    ring.words[start >> 2] = SEND_REQUEST;
    this.slot = ring.after(slot);
    this.staged++;
  }

  flush(): void {
    if (this.staged === 0) return;
    this.kicks++;
    const errno = this.ring.driver.kick();
    if (this.isPending(1)) this.press(errno);
    this.staged = 0;
  }

  discard(): void {
    this.takeBack(0);
  }

  async close(): Promise<void> {
    const { ring } = this;
    if (ring.view.byteLength === 0) return;
    this.flush();
    this.awaitAll();
    ring.close();
  }

  /** Whether the kernel has yet to take the slot so many before the next, or has refused it. */
  private isPending(back: number): boolean {
    const { ring } = this;
    return (ring.status(ring.before(this.slot, back)) & (SEND_REQUEST | WRONG_FORMAT)) !== 0;
  }

  /** Makes the kernel take what it did not at once: a busy driver, or a frame in its way. */
  private press(first: number): void {
    const { driver } = this.ring;
    const until = performance.now() + PATIENCE_MS;
    for (let errno = first; this.staged > 0 && this.isPending(1); errno = driver.kick()) {
      const isBusy = errno === 0 || errno === EAGAIN || errno === ENOBUFS || errno === EINTR;
      if (!isBusy && this.dropRefused(errno)) continue;
      if (!isBusy || performance.now() > until) {
        this.takeBack(isBusy ? ENOBUFS : errno);
        return;
      }
      this.waits++;
      if (errno !== 0) driver.wait(WAIT_MS);
    }
  }

  /** How many of the staged frames the kernel has yet to take; it stands at the first of them. */
  private pending(): number {
    let count = 0;
    while (count < this.staged && this.isPending(count + 1)) count++;
    return count;
  }

  /** Takes the frame out that the kernel refuses, by moving those behind it up; false where it stands at none. */
  private dropRefused(errno: number): boolean {
    const { ring } = this;
    const pending = this.pending();
    if (pending === 0 || ring.status(ring.before(this.slot, pending)) !== WRONG_FORMAT) return false;
    this.note(errno, 1);
    // The interface may have been made smaller since.
    this.mtu = ring.driver.mtu();
    this.longest = longestFrame(this.mtu);
    for (let back = pending; back > 1; back--)
      ring.copy(ring.before(this.slot, back - 1), ring.before(this.slot, back));
    this.slot = ring.before(this.slot, 1);
    ring.mark(this.slot, AVAILABLE);
    this.staged--;
    return true;
  }

  /** Takes the frames back that the kernel has yet to take, and counts them by the error; 0 counts none. */
  private takeBack(errno: number): void {
    const { ring } = this;
    const pending = this.pending();
    for (let back = 1; back <= pending; back++) ring.mark(ring.before(this.slot, back), AVAILABLE);
    this.slot = ring.before(this.slot, pending);
    this.staged = 0;
    if (errno !== 0 && pending > 0) this.note(errno, pending);
  }

  private takes(view: DataView, offset: number, length: number): boolean {
    if (length < ETHERNET_HEADER_BYTES) {
      this.note(EINVAL, 1);
      return false;
    }
    const isTagged = view.getUint16(offset + 12) === ETHERTYPE_VLAN;
    if (isTagged && length <= this.longest + VLAN_TAG_BYTES) return true;
    this.tooLong++;
    if (length > this.longestBytes) this.longestBytes = length;
    this.note(EMSGSIZE, 1);
    return false;
  }

  /** Waits until the driver has let go of the slot; false, with the frame counted as unsent, where it does not. */
  private awaitSlot(slot: number): boolean {
    // What is staged must go, for the slot may be one of those.
    this.flush();
    if (this.awaitFree(slot, performance.now() + PATIENCE_MS)) return true;
    this.note(ENOBUFS, 1);
    return false;
  }

  /** Waits until the driver has let go of every slot: closing takes the ring's memory away. */
  private awaitAll(): void {
    const until = performance.now() + PATIENCE_MS;
    for (let slot = 0; slot < this.ring.slotCount; slot++) this.awaitFree(slot, until);
  }

  private awaitFree(slot: number, until: number): boolean {
    const { ring } = this;
    while (ring.status(slot) !== AVAILABLE) {
      if (performance.now() > until) return false;
      this.waits++;
      ring.driver.wait(WAIT_MS);
    }
    return true;
  }

  private note(errno: number, count: number): void {
    const code = errorName(errno);
    this.errors.set(code, (this.errors.get(code) ?? 0) + count);
  }
}
