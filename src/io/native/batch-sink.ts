/**
 * A sink that stages datagrams and hands many to the kernel in one call, `sendmmsg`. Neighbours of one flow and one
 * size become a train: one message that the kernel cuts into datagrams after most of its work is done (`UDP_SEGMENT`).
 *
 * Payloads are staged one behind the other, so that a train needs no more than a longer vector.
 */
import { copyInto } from '../../core/copy.js';
import type { Flow, StagingSink } from '../../core/seams.js';
import { resolveHost } from '../address.js';
import type { UdpSinkOptions } from '../udp-sink.js';
import { errorName, type Libc, type NativeFunction } from './libc.js';
import { controlSpace, MessageBatch, mmsghdrBytes } from './message-batch.js';
import type { NativeSocket } from './native-socket.js';
import { type Lane, SendLanes } from './send-lanes.js';
import { SendPatience } from './send-patience.js';
import * as n from './socket-numbers.js';
import { type TransmitStampOptions, TransmitStamps } from './transmit-stamps.js';
import { type TransmitTimeOptions, TransmitTimes } from './transmit-times.js';

export interface BatchSinkOptions extends UdpSinkOptions {
  /** Whether neighbours become trains: by default where the kernel can. */
  gso?: 'auto' | 'off';
  /** Gives each datagram its time, for the queueing discipline to keep. */
  txtime?: TransmitTimeOptions;
  /** Told when each datagram left; there are no trains then. */
  onSent?: TransmitStampOptions['onSent'];
}

/** Datagrams of one flush. */
const maxDatagrams = 256;
/** What a train can be: the most datagrams that every kernel takes, and the longest UDP payload of IPv4. */
const maxTrain = 64;
const maxTrainBytes = 65_507;
/** A datagram is staged with this much of its bytes at most, which is too much for the kernel. */
const maxDatagramBytes = 65_536;
/** Payloads of one flush; with this much there is always room for a datagram of any size. */
const payloadBytes = 512 << 10;
/** Of control messages there are two at most: the train's segment size (`uint16`) and the time to leave (`uint64`). */
const segmentSpace = controlSpace(2);
const timeSpace = controlSpace(8);

/** Opens the first socket and resolves the host; rejects with a SinkError that names what is wrong. */
export async function openBatchSink(libc: Libc, options: BatchSinkOptions): Promise<BatchSink> {
  return new BatchSink(libc, options, options.host === null ? null : await resolveHost(options.host));
}

/** Made by `openBatchSink`. Datagrams that the kernel refuses are counted in `errors`, by code, and the run goes on. */
export class BatchSink implements StagingSink {
  readonly errors = new Map<string, number>();
  room = maxDatagrams;
  /** What was done, for the report. */
  readonly counts = { systemCalls: 0, trains: 0, trainDatagrams: 0, trainsRefused: 0, waits: 0 };
  private readonly sendmmsg: NativeFunction;
  private readonly sendSingle: NativeFunction;
  private readonly libc: Libc;
  private readonly lanes: SendLanes;
  private readonly patience: SendPatience;
  private readonly stamps: TransmitStamps | null;
  private readonly times: TransmitTimes | null;
  private readonly payload = new DataView(new ArrayBuffer(payloadBytes + maxDatagramBytes));
  private readonly payloadBytes = new Uint8Array(this.payload.buffer);
  private readonly payloadAddress: number;
  private readonly batch: MessageBatch;
  /** Of each message staged its lane, its datagrams and their size (the last may be shorter). */
  private readonly laneOf: (Lane | undefined)[] = new Array(maxDatagrams).fill(undefined);
  private readonly datagramsOf = new Int32Array(maxDatagrams);
  private readonly sizeOf = new Int32Array(maxDatagrams);
  /** Where each message's bytes begin in `payload`. */
  private readonly startOf = new Int32Array(maxDatagrams);
  private messages = 0;
  private staged = 0;
  private payloadEnd = 0;
  /** The message at hand is a train that another datagram of up to this size can join; 0: none can. */
  private joinable = 0;
  private lastDueNs = 0;
  private isTraining: boolean;

  constructor(libc: Libc, options: BatchSinkOptions, host: string | null) {
    this.libc = libc;
    this.sendmmsg = libc.declare('int sendmmsg(int fd, uintptr_t messages, uint32_t count, int flags)');
    this.sendSingle = libc.declare('int send(int fd, uintptr_t bytes, size_t length, int flags)');
    this.patience = new SendPatience(libc);
    this.stamps = options.onSent ? new TransmitStamps(libc, { onSent: options.onSent }) : null;
    this.times = options.txtime ? new TransmitTimes(libc, options.txtime) : null;
    this.lanes = new SendLanes(libc, options, host, (socket) => {
      this.stamps?.enable(socket);
      this.times?.enable(socket);
    });
    this.payloadAddress = libc.addressOf(this.payload.buffer as ArrayBuffer);
    // One message more, for the datagrams of a train that was refused.
    this.batch = new MessageBatch(libc, maxDatagrams + 1, segmentSpace + timeSpace);
    const canTrain = (this.lanes.sockets[0] as NativeSocket).tries(n.SOL_UDP, n.UDP_SEGMENT, 0);
    this.isTraining = canTrain && options.gso !== 'off' && this.stamps === null;
  }

  /** Which way datagrams took: `sendmmsg+gso` where there were trains. */
  get path(): string {
    return this.counts.trains > this.counts.trainsRefused ? 'sendmmsg+gso' : 'sendmmsg';
  }

  stage(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    const lane = this.lanes.lanes[flow.index] ?? this.addLane(flow);
    const start = this.payloadEnd;
    const bytes = length < maxDatagramBytes ? length : maxDatagramBytes;
    copyInto(view, offset, this.payload, this.payloadBytes, start, bytes);
    this.payloadEnd = start + bytes;
    this.room = this.payloadEnd > payloadBytes ? 0 : maxDatagrams - ++this.staged;
    const current = this.messages - 1;
    if (
      bytes <= this.joinable &&
      bytes > 0 &&
      this.laneOf[current] === lane &&
      this.payloadEnd - (this.startOf[current] as number) <= maxTrainBytes &&
      (this.times === null || scheduledNs === this.lastDueNs)
    ) {
      this.joinTrain(current, bytes);
    } else this.beginMessage(lane, start, bytes, scheduledNs);
  }

  flush(): void {
    const { laneOf, messages } = this;
    this.patience.begin();
    for (let first = 0; first < messages; ) {
      const { socket } = laneOf[first] as Lane;
      let end = first + 1;
      while (end < messages && (laneOf[end] as Lane).socket === socket) end++;
      this.sendRun(socket, first, end);
      first = end;
    }
    this.discard();
    this.stamps?.collect();
  }

  discard(): void {
    this.messages = 0;
    this.staged = 0;
    this.payloadEnd = 0;
    this.joinable = 0;
    this.room = maxDatagrams;
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    this.stage(view, offset, length, scheduledNs, flow);
    this.flush();
  }

  async close(): Promise<void> {
    await this.stamps?.settle();
    this.lanes.close();
  }

  /** Figures for the report. */
  counters(): Record<string, number> {
    const { systemCalls, trains, trainDatagrams, trainsRefused, waits } = this.counts;
    return { systemCalls, trains, trainDatagrams, trainsRefused, waits };
  }

  private beginMessage(lane: Lane, start: number, bytes: number, scheduledNs: number): void {
    const { batch } = this;
    const index = this.messages++;
    this.laneOf[index] = lane;
    this.datagramsOf[index] = 1;
    this.sizeOf[index] = bytes;
    this.startOf[index] = start;
    batch.setName(index, lane.nameAddress, lane.nameLength);
    batch.setPayload(index, this.payloadAddress + start, bytes);
    batch.setControlLength(index, 0);
    this.joinable = this.isTraining && bytes <= lane.longestSegment ? bytes : 0;
    if (this.times !== null) {
      this.lastDueNs = scheduledNs;
      this.times.write(batch, index, 0, scheduledNs);
      batch.setControlLength(index, timeSpace);
    }
  }

  private joinTrain(index: number, bytes: number): void {
    const { batch, datagramsOf, sizeOf } = this;
    const count = (datagramsOf[index] as number) + 1;
    datagramsOf[index] = count;
    batch.setPayloadLength(index, this.payloadEnd - (this.startOf[index] as number));
    if (count === 2) {
      const before = this.times === null ? 0 : timeSpace;
      const value = batch.writeControl(index, before, n.SOL_UDP, n.UDP_SEGMENT, 2);
      batch.control.setUint16(value, sizeOf[index] as number, true);
      batch.setControlLength(index, before + segmentSpace);
    }
    // A shorter one can only be the last.
    if (count === maxTrain || bytes < (sizeOf[index] as number)) this.joinable = 0;
  }

  /** Sends messages `first` to before `end`, all of one socket. */
  private sendRun(socket: NativeSocket, first: number, end: number): void {
    const { batch, counts } = this;
    let index = first;
    while (index < end) {
      const sent = this.isPlain(index, end)
        ? this.sendPlain(socket, index)
        : this.sendmmsg(socket.descriptor, batch.address + index * mmsghdrBytes, end - index, 0);
      counts.systemCalls++;
      if (sent > 0) {
        for (const last = index + sent; index < last; index++) this.countSent(index, socket);
      } else if (this.isFinal(socket)) {
        this.giveUp(index, socket);
        index++;
      }
    }
  }

  /** One datagram, with nothing beside it and to where its socket is connected. */
  private isPlain(index: number, end: number): boolean {
    return (
      end - index === 1 &&
      this.datagramsOf[index] === 1 &&
      this.times === null &&
      (this.laneOf[index] as Lane).nameAddress === 0
    );
  }

  /** Saves the kernel the reading of a message's description, 0.6 us of 5; answers as sendmmsg does. */
  private sendPlain(socket: NativeSocket, index: number): number {
    const address = this.payloadAddress + (this.startOf[index] as number);
    return this.sendSingle(socket.descriptor, address, this.sizeOf[index] as number, 0) < 0 ? -1 : 1;
  }

  private countSent(index: number, socket: NativeSocket): void {
    const datagrams = this.datagramsOf[index] as number;
    if (datagrams > 1) {
      this.counts.trains++;
      this.counts.trainDatagrams += datagrams;
    }
    this.stamps?.sent(socket, true);
  }

  /** Whether the error at hand will stay: one that passes has been waited for. */
  private isFinal(socket: NativeSocket): boolean {
    const errno = this.libc.errno();
    this.refusal = errno;
    if (errno === n.ECONNREFUSED) {
      this.lanes.disconnect(socket);
      this.nameStaged();
    }
    if (!this.patience.waits(errno, socket)) return true;
    this.counts.waits++;
    return false;
  }

  private addLane(flow: Flow): Lane {
    const lane = this.lanes.add(flow);
    // Its socket may be another's that was connected.
    this.nameStaged();
    return lane;
  }

  /** Messages of lanes whose sockets are not connected any more name their destination. */
  private nameStaged(): void {
    for (let index = 0; index < this.messages; index++) {
      const lane = this.laneOf[index] as Lane;
      this.batch.setName(index, lane.nameAddress, lane.nameLength);
    }
  }

  /** A message that the kernel refused: counted, or where it was a train, sent datagram by datagram. */
  private giveUp(index: number, socket: NativeSocket): void {
    const datagrams = this.datagramsOf[index] as number;
    if (datagrams === 1) {
      this.noteError(this.refusal);
      this.stamps?.sent(socket, false);
      return;
    }
    const { refusal } = this;
    this.counts.trains++;
    this.counts.trainsRefused++;
    const lane = this.laneOf[index] as Lane;
    if (this.sendSingly(index, lane) === 0) return;
    // The train alone was the trouble: an interface without checksum offload, or a datagram beyond the path's MTU.
    if (refusal === n.EIO) this.isTraining = false;
    else lane.longestSegment = Math.min(lane.longestSegment, (this.sizeOf[index] as number) - 1);
  }

  /** Says how many of a train's datagrams were taken. */
  private sendSingly(index: number, lane: Lane): number {
    const { batch, socket } = { batch: this.batch, socket: lane.socket };
    const spare = maxDatagrams;
    const start = this.startOf[index] as number;
    const size = this.sizeOf[index] as number;
    const end = start + batch.payloadLength(index);
    let taken = 0;
    batch.setControlLength(spare, this.times === null ? 0 : timeSpace);
    this.times?.copy(batch, index, spare);
    for (let at = start; at < end; at += size) {
      batch.setPayload(spare, this.payloadAddress + at, Math.min(size, end - at));
      for (;;) {
        batch.setName(spare, lane.nameAddress, lane.nameLength);
        this.counts.systemCalls++;
        if (this.sendmmsg(socket.descriptor, batch.address + spare * mmsghdrBytes, 1, 0) === 1) {
          taken++;
          break;
        }
        if (this.isFinal(socket)) {
          this.noteError(this.refusal);
          break;
        }
      }
    }
    return taken;
  }

  /** The error number that the latest call left. */
  private refusal = 0;

  private noteError(errno: number): void {
    const code = errorName(errno);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}
