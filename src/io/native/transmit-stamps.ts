/**
 * When datagrams left: the kernel's transmit time stamps (`SO_TIMESTAMPING`, software, taken as the driver takes the
 * datagram), read from each socket's error queue and put to the datagrams by the number that the kernel gives them
 * (`OPT_ID`), which counts what a socket has sent.
 */
import type { Libc, NativeFunction } from './libc.js';
import { cmsgHeaderBytes, controlSpace, MessageBatch } from './message-batch.js';
import type { NativeSocket } from './native-socket.js';
import * as n from './socket-numbers.js';

export interface TransmitStampOptions {
  /**
   * `id` counts the datagrams that the sink was given and flushed, from 0, those refused as well; the time is since the
   * epoch. Stamps come in the order of sending; a datagram that was refused, or that no driver stamped, has none.
   */
  onSent(id: number, seconds: number, nanoseconds: number): void;
}

/** Sent and not stamped yet, of one socket, at most; a power of two. */
const outstanding = 1 << 16;
const batchCount = 64;
/** Every stamp waits in the receive buffer, 1 KiB each. */
const bufferBytes = 8 << 20;
/** How long the last ones are waited for. */
const settleMs = 100;
/** `struct scm_timestamping` (three times of 16 bytes) and `struct sock_extended_err` with an address. */
const controlBytes = controlSpace(48) + controlSpace(16 + 28);
const SO_EE_ORIGIN_TIMESTAMPING = 4;
/** Where `sock_extended_err` has its origin, the kind of stamp (0: at the driver) and the number. */
const ORIGIN = 4;
const KIND = 8;
const KEY = 12;

interface Stamped {
  readonly socket: NativeSocket;
  /** Ids of the datagrams, by their number on this socket. */
  readonly ids: Float64Array;
  sent: number;
  stamped: number;
}

export class TransmitStamps {
  private readonly onSent: TransmitStampOptions['onSent'];
  private readonly recvmmsg: NativeFunction;
  private readonly batch: MessageBatch;
  private readonly sockets: Stamped[] = [];
  private latest: Stamped | undefined;
  private nextId = 0;

  constructor(libc: Libc, { onSent }: TransmitStampOptions) {
    this.onSent = onSent;
    this.recvmmsg = libc.declare(
      'int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, uintptr_t timeout)',
    );
    this.batch = new MessageBatch(libc, batchCount, controlBytes);
    for (let index = 0; index < batchCount; index++) {
      // The time stamps alone come back, no payload.
      this.batch.setPayload(index, this.batch.address, 0);
      this.batch.setName(index, 0, 0);
    }
  }

  /** Throws a system error where the kernel has no such stamps. */
  enable(socket: NativeSocket): void {
    const flags =
      n.SOF_TIMESTAMPING_TX_SOFTWARE |
      n.SOF_TIMESTAMPING_SOFTWARE |
      n.SOF_TIMESTAMPING_OPT_ID |
      n.SOF_TIMESTAMPING_OPT_TSONLY;
    socket.set(n.SOL_SOCKET, n.SO_TIMESTAMPING, flags);
    if (!socket.tries(n.SOL_SOCKET, n.SO_RCVBUFFORCE, bufferBytes)) {
      socket.tries(n.SOL_SOCKET, n.SO_RCVBUF, bufferBytes);
    }
    this.sockets.push({ socket, ids: new Float64Array(outstanding), sent: 0, stamped: 0 });
  }

  /** The next datagram was taken by the kernel, or refused. */
  sent(socket: NativeSocket, isTaken: boolean): void {
    const id = this.nextId++;
    if (!isTaken) return;
    if (this.latest?.socket !== socket) this.latest = this.sockets.find((stamped) => stamped.socket === socket);
    const { latest } = this;
    if (latest !== undefined) latest.ids[latest.sent++ % outstanding] = id;
  }

  /** Reads what stamps there are. */
  collect(): void {
    for (const stamped of this.sockets) {
      while (stamped.stamped < stamped.sent && this.collectBatch(stamped) === batchCount);
    }
  }

  /** Waits until every datagram is stamped, for a bounded time: not every driver stamps. */
  async settle(): Promise<void> {
    const untilMs = performance.now() + settleMs;
    for (;;) {
      this.collect();
      const isDone = this.sockets.every(({ sent, stamped }) => stamped >= sent);
      if (isDone || performance.now() > untilMs) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  private collectBatch(stamped: Stamped): number {
    const { batch } = this;
    for (let index = 0; index < batchCount; index++) batch.rearm(index, 0);
    const flags = n.MSG_ERRQUEUE | n.MSG_DONTWAIT;
    const count = this.recvmmsg(stamped.socket.descriptor, batch.address, batchCount, flags, 0);
    for (let index = 0; index < count; index++) this.read(stamped, index);
    return count;
  }

  private read(stamped: Stamped, index: number): void {
    const { control } = this.batch;
    const start = index * controlBytes;
    const end = start + this.batch.controlLength(index);
    let seconds = 0;
    let nanoseconds = 0;
    let key = -1;
    for (let at = start; at + cmsgHeaderBytes <= end; ) {
      const length = control.getUint32(at, true);
      if (length < cmsgHeaderBytes) break;
      const level = control.getInt32(at + 8, true);
      const type = control.getInt32(at + 12, true);
      const value = at + cmsgHeaderBytes;
      if (level === n.SOL_SOCKET && type === n.SO_TIMESTAMPING) {
        seconds = control.getUint32(value, true) + control.getInt32(value + 4, true) * 2 ** 32;
        nanoseconds = control.getUint32(value + 8, true);
      } else if (isErrorReport(level, type) && control.getUint8(value + ORIGIN) === SO_EE_ORIGIN_TIMESTAMPING) {
        if (control.getUint32(value + KIND, true) === 0) key = control.getUint32(value + KEY, true);
      }
      at += controlSpace(length - cmsgHeaderBytes);
    }
    if (key < 0 || seconds === 0) return;
    stamped.stamped++;
    this.onSent(stamped.ids[key % outstanding] as number, seconds, nanoseconds);
  }
}

function isErrorReport(level: number, type: number): boolean {
  return (level === n.SOL_IP && type === n.IP_RECVERR) || (level === n.SOL_IPV6 && type === n.IPV6_RECVERR);
}
