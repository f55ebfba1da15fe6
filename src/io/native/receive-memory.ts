/**
 * Where datagrams are received into, `recvmmsg`'s messages with their payloads, names and control messages: one for
 * each thread, since what is received is handed out before the next call.
 */
import type { Libc } from './libc.js';
import { cmsgHeaderBytes, controlSpace, MessageBatch } from './message-batch.js';
import { socketAddressBytes } from './socket-address.js';
import * as n from './socket-numbers.js';

/** Datagrams (or coalesced runs of them) of one call. */
export const receiveBatch = 64;
/**
 * A coalesced run may be as long as the longest datagram. The slots are not a power of two apart: those would share few
 * lines of the processor's caches.
 */
const slotBytes = 65_536 + 192;
const nameBytes = 32;
/** Three times (`scm_timestamping`), the drop count and the size of coalesced datagrams; with room to spare. */
const controlBytes = controlSpace(48) + 2 * controlSpace(4) + 64;

export class ReceiveMemory {
  readonly batch: MessageBatch;
  readonly payload: DataView;
  /** Senders, as the kernel wrote them. */
  readonly names: DataView;
  /** What the control messages of the latest `readControl` told; 0 where they did not. */
  seconds = 0;
  nanoseconds = 0;
  /** The network card's own stamp. */
  hardwareSeconds = 0;
  hardwareNanoseconds = 0;
  segmentBytes = 0;
  overflow = 0;

  constructor(libc: Libc) {
    this.batch = new MessageBatch(libc, receiveBatch, controlBytes);
    this.payload = new DataView(new ArrayBuffer(receiveBatch * slotBytes));
    this.names = new DataView(new ArrayBuffer(receiveBatch * nameBytes));
    const payloadAt = libc.addressOf(this.payload.buffer as ArrayBuffer);
    const namesAt = libc.addressOf(this.names.buffer as ArrayBuffer);
    for (let index = 0; index < receiveBatch; index++) {
      this.batch.setPayload(index, payloadAt + slotStart(index), slotBytes);
      this.batch.setName(index, namesAt + nameStart(index), socketAddressBytes);
      this.rearm(index);
    }
  }

  /** Makes a message ready to be received into again. */
  rearm(index: number): void {
    this.batch.rearm(index, socketAddressBytes);
  }

  /** Leaves on itself what the kernel tells of a message beside its bytes. */
  readControl(index: number): void {
    const { control } = this.batch;
    this.seconds = 0;
    this.nanoseconds = 0;
    this.hardwareSeconds = 0;
    this.segmentBytes = 0;
    let at = index * controlBytes;
    const end = at + this.batch.controlLength(index);
    while (at + cmsgHeaderBytes <= end) {
      const length = control.getUint32(at, true);
      if (length < cmsgHeaderBytes) break;
      const level = control.getInt32(at + 8, true);
      const type = control.getInt32(at + 12, true);
      this.readValue(level, type, at + cmsgHeaderBytes);
      at += (length + 7) & ~7;
    }
  }

  private readValue(level: number, type: number, at: number): void {
    const { control } = this.batch;
    if (level === n.SOL_SOCKET) {
      if (type === n.SO_TIMESTAMPING || type === n.SO_TIMESTAMPNS) {
        this.seconds = readLong(control, at);
        this.nanoseconds = control.getUint32(at + 8, true);
        if (type === n.SO_TIMESTAMPING) {
          this.hardwareSeconds = readLong(control, at + 32);
          this.hardwareNanoseconds = control.getUint32(at + 40, true);
        }
      } else if (type === n.SO_RXQ_OVFL) this.overflow = control.getUint32(at, true);
    } else if (level === n.SOL_UDP && type === n.UDP_GRO) this.segmentBytes = control.getInt32(at, true);
  }
}

/** Where a message's payload begins. */
export function slotStart(index: number): number {
  return index * slotBytes;
}

/** Where a message's sender is. */
export function nameStart(index: number): number {
  return index * nameBytes;
}

let memory: ReceiveMemory | undefined;

/** The memory of this thread. */
export function receiveMemory(libc: Libc): ReceiveMemory {
  memory ??= new ReceiveMemory(libc);
  return memory;
}

/** A signed 64-bit integer that is small: seconds since the epoch. */
function readLong(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}
