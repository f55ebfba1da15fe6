/**
 * `SO_TXTIME`: each datagram carries the time at which it is to leave, and the queueing discipline of the interface
 * (`fq`, by CLOCK_MONOTONIC; `etf`, by the clock it was set up with, mostly CLOCK_TAI) holds it until then.
 */
import type { ClockBase } from '../../core/clock.js';
import { type Libc, systemError } from './libc.js';
import type { MessageBatch } from './message-batch.js';
import type { NativeSocket } from './native-socket.js';
import { CLOCK_MONOTONIC, CLOCK_TAI, SO_TXTIME, SOF_TXTIME_REPORT_ERRORS, SOL_SOCKET } from './socket-numbers.js';

export interface TransmitTimeOptions {
  /** The clock that the queueing discipline goes by. */
  clock: 'monotonic' | 'tai';
  /** The zero of the run's clock, on which datagrams are due. */
  base: ClockBase;
}

const fourGiB = 2 ** 32;
const nsPerSecond = 1_000_000_000n;
/** The two clocks are read one after the other so many times; the closest pair counts. */
const samples = 100;

export class TransmitTimes {
  private readonly clock: TransmitTimeOptions['clock'];
  /** The zero of the run's clock on the clock of the discipline, as halves of 64 bits. */
  private readonly baseLow: number;
  private readonly baseHigh: number;

  constructor(libc: Libc, { clock, base }: TransmitTimeOptions) {
    this.clock = clock;
    const monotonic = BigInt(base.seconds) * nsPerSecond + BigInt(base.nanoseconds);
    const zero = clock === 'tai' ? monotonic + aheadOfMonotonic(libc) : monotonic;
    this.baseLow = Number(BigInt.asUintN(32, zero));
    this.baseHigh = Number(BigInt.asUintN(32, zero >> 32n));
  }

  /** Throws a system error where the kernel has no SO_TXTIME (Linux 4.19), or refuses it. */
  enable(socket: NativeSocket): void {
    socket.setWords(
      SOL_SOCKET,
      SO_TXTIME,
      this.clock === 'tai' ? CLOCK_TAI : CLOCK_MONOTONIC,
      SOF_TXTIME_REPORT_ERRORS,
    );
  }

  /** Writes the message's time to leave as its control message at `offset`. */
  write(batch: MessageBatch, index: number, offset: number, dueNs: number): void {
    const at = batch.writeControl(index, offset, SOL_SOCKET, SO_TXTIME, 8);
    const dueHigh = Math.floor(dueNs / fourGiB);
    const low = this.baseLow + (dueNs - dueHigh * fourGiB);
    batch.control.setUint32(at, low, true);
    batch.control.setUint32(at + 4, this.baseHigh + dueHigh + (low >= fourGiB ? 1 : 0), true);
  }

  /** Gives one message the time of another. */
  copy(batch: MessageBatch, from: number, to: number): void {
    const bytes = new Uint8Array(batch.control.buffer, from * batch.controlBytes, batch.controlBytes);
    new Uint8Array(batch.control.buffer, to * batch.controlBytes, batch.controlBytes).set(bytes);
  }
}

/** How far CLOCK_TAI is ahead of CLOCK_MONOTONIC, in nanoseconds. */
function aheadOfMonotonic(libc: Libc): bigint {
  const read = libc.declare('int clock_gettime(int clock, uintptr_t time)');
  const memory = new DataView(new ArrayBuffer(16));
  const address = libc.addressOf(memory.buffer);
  const now = (clock: number): bigint => {
    if (read(clock, address) !== 0) throw systemError('clock_gettime', libc.errno());
    return memory.getBigInt64(0, true) * nsPerSecond + memory.getBigInt64(8, true);
  };
  let ahead = 0n;
  let closest = 1n << 62n;
  for (let sample = 0; sample < samples; sample++) {
    const before = now(CLOCK_MONOTONIC);
    const tai = now(CLOCK_TAI);
    const after = now(CLOCK_MONOTONIC);
    if (after - before >= closest) continue;
    closest = after - before;
    ahead = tai - (before + after) / 2n;
  }
  return ahead;
}
