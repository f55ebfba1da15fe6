/** What to do about a send that the kernel did not take: wait, for a bounded time, where it will take it later. */
import type { Libc, NativeFunction } from './libc.js';
import type { NativeSocket } from './native-socket.js';
import { EAGAIN, ECONNREFUSED, EINTR, ENOBUFS, POLLOUT } from './socket-numbers.js';

/** The most that one flush waits, in all. */
const longestWaitMs = 1000;
/** A send buffer that is full may be so for this long before the socket is asked again. */
const pollMs = 100;
/** A full queue of the interface tells nobody when it has room again. */
const queueMs = 1;
/** What a peer or a signal caused says nothing about the datagram: it is sent again at once, so many times. */
const longestRetries = 1000;

export class SendPatience {
  private readonly poll: NativeFunction;
  private readonly memory = new DataView(new ArrayBuffer(8));
  private readonly address: number;
  private untilMs = 0;
  private retries = 0;

  constructor(libc: Libc) {
    this.poll = libc.declare('int poll(uintptr_t descriptors, uint64_t count, int milliseconds)');
    this.address = libc.addressOf(this.memory.buffer as ArrayBuffer);
  }

  /** A flush begins. */
  begin(): void {
    this.untilMs = 0;
    this.retries = 0;
  }

  /** Waits where that can help, and says whether to send again. */
  waits(errno: number, socket: NativeSocket): boolean {
    if (errno === EINTR || errno === ECONNREFUSED) return this.retries++ < longestRetries;
    if (errno !== EAGAIN && errno !== ENOBUFS) return false;
    const nowMs = performance.now();
    if (this.untilMs === 0) this.untilMs = nowMs + longestWaitMs;
    if (nowMs >= this.untilMs) return false;
    if (errno === ENOBUFS) this.poll(0, 0, queueMs);
    else {
      this.memory.setInt32(0, socket.descriptor, true);
      this.memory.setInt16(4, POLLOUT, true);
      this.poll(this.address, 1, pollMs);
    }
    return true;
  }
}
