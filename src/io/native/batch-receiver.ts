/**
 * Receives UDP in batches: `recvmmsg`, with runs of datagrams that the kernel coalesced (`UDP_GRO`) taken apart, the
 * kernel's time of receipt, and its count of what it dropped.
 *
 * The event loop tells when a socket has something; it is then emptied, a bounded number of batches at a time, so that
 * timers and signals have their turn. Nothing runs while nothing comes, unless busy polling is asked for.
 */
import { SinkError } from '../../core/errors.js';
import { isMulticast } from '../address.js';
import { type Sender, SenderTable } from '../senders.js';
import { bindRefused, joinRefused } from '../socket-refusals.js';
import type { DatagramHandler, ReceiveCounts, ResolvedReceive, UdpReceiver } from '../udp-receiver.js';
import { type DescriptorWatch, errorName, type Libc, type NativeFunction } from './libc.js';
import { familyOf, NativeSocket } from './native-socket.js';
import { nameStart, type ReceiveMemory, receiveBatch, receiveMemory, slotStart } from './receive-memory.js';
import { joinGroup, setReceiveOptions } from './receive-options.js';
import { readPort, readSender } from './socket-address.js';
import * as n from './socket-numbers.js';

/** Batches before other events have their turn, 1024 datagrams; the loop comes back at once where there is more. */
const batchesPerTurn = 16;
/** The card's stamp counts where it is this near the kernel's: elsewhere its clock is not set to the time of day. */
const plausibleSeconds = 1;

/** A socket that receives, and what was found out about its senders. */
interface Line {
  readonly socket: NativeSocket;
  readonly group: number;
  readonly senders: Map<number | string, Sender>;
  /** The sender of the latest datagram, and its first eight bytes as the kernel writes them. */
  latest: Sender | undefined;
  latestPort: number;
  latestAddress: number;
  watch: DescriptorWatch | undefined;
  /** The latest drop count that came with a datagram. */
  overflow: number;
}

/** Opens a socket for each address; throws SinkError, and leaves none open, where one is refused. */
export function openBatchReceiver(libc: Libc, options: ResolvedReceive, onDatagram: DatagramHandler): UdpReceiver {
  const lines: Line[] = [];
  try {
    for (const [group] of options.groups.entries()) lines.push(openLine(libc, options, group));
  } catch (error) {
    for (const { socket } of lines) socket.close();
    throw error;
  }
  return new BatchReceiver(libc, lines, options, onDatagram);
}

class BatchReceiver implements UdpReceiver {
  readonly address: string;
  readonly port: number;
  readonly bound: UdpReceiver['bound'];
  readonly buffer: UdpReceiver['buffer'];
  private readonly tally = {
    calls: 0,
    coalesced: 0,
    coalescedDatagrams: 0,
    truncated: 0,
    softwareStamps: 0,
    hardwareStamps: 0,
    errors: {} as Record<string, number>,
  };
  private readonly libc: Libc;
  private readonly lines: readonly Line[];
  private readonly onDatagram: DatagramHandler;
  private readonly busyPollMs: number;
  private readonly recvmmsg: NativeFunction;
  private readonly memory: ReceiveMemory;
  private readonly senders = new SenderTable();
  private isOpen = true;
  /** Counted when the sockets are closed. */
  private finalDrops = 0;

  constructor(libc: Libc, lines: readonly Line[], options: ResolvedReceive, onDatagram: DatagramHandler) {
    this.libc = libc;
    this.lines = lines;
    this.onDatagram = onDatagram;
    this.busyPollMs = options.busyPollUs / 1000;
    this.recvmmsg = libc.declare(
      'int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, uintptr_t timeout)',
    );
    this.memory = receiveMemory(libc);
    this.bound = lines.map(({ socket }) => socket.localAddress());
    const [{ address, port }] = this.bound as [UdpReceiver['bound'][0]];
    this.address = address;
    this.port = port;
    // Linux reports twice what it grants, for its own overhead.
    const granted = lines.map(({ socket }) => socket.get(n.SOL_SOCKET, n.SO_RCVBUF) / 2);
    this.buffer = { askedBytes: options.bufferBytes, grantedBytes: Math.min(...granted) };
    for (const line of lines) line.watch = libc.watch(line.socket.descriptor, () => this.onReadable(line));
  }

  get path(): string {
    return this.tally.coalesced > 0 ? 'recvmmsg+gro' : 'recvmmsg';
  }

  counts(): ReceiveCounts {
    return { ...this.tally, errors: { ...this.tally.errors } };
  }

  kernelDrops(): number {
    if (!this.isOpen) return this.finalDrops;
    let drops = 0;
    for (const { socket, overflow } of this.lines) {
      const counted = socket.get(n.SOL_SOCKET, n.SO_MEMINFO, n.SK_MEMINFO_DROPS);
      drops += Number.isNaN(counted) ? overflow : counted >>> 0;
    }
    return drops;
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.finalDrops = this.kernelDrops();
    this.isOpen = false;
    for (const { watch, socket } of this.lines) {
      watch?.close();
      socket.close();
    }
  }

  /** What a handler throws is thrown to the process, as out of any other event. */
  private onReadable(line: Line): void {
    try {
      this.drain(line);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  private drain(line: Line): void {
    let untilMs = 0;
    for (let batches = 0; batches < batchesPerTurn && this.isOpen; ) {
      const count = this.receive(line);
      if (count > 0) {
        batches++;
        untilMs = 0;
        if (count < receiveBatch && this.busyPollMs === 0) return;
        continue;
      }
      if (this.busyPollMs === 0) return;
      const nowMs = performance.now();
      if (untilMs === 0) untilMs = nowMs + this.busyPollMs;
      if (nowMs >= untilMs) return;
    }
  }

  /** One batch; says how many messages it held. */
  private receive(line: Line): number {
    const { memory } = this;
    const { descriptor } = line.socket;
    const count = this.recvmmsg(descriptor, memory.batch.address, receiveBatch, n.MSG_DONTWAIT, 0);
    this.tally.calls++;
    if (count < 0) {
      const errno = this.libc.errno();
      if (errno !== n.EAGAIN && errno !== n.EINTR) this.noteError(errno);
      return 0;
    }
    for (let index = 0; index < count; index++) {
      // A handler may have closed the receiver.
      if (this.isOpen) this.deliver(line, index);
      memory.rearm(index);
    }
    return count;
  }

  private deliver(line: Line, index: number): void {
    const { memory, tally, onDatagram } = this;
    const { batch, payload } = memory;
    memory.readControl(index);
    if (memory.overflow !== 0) {
      line.overflow = memory.overflow;
      memory.overflow = 0;
    }
    if ((batch.flags(index) & n.MSG_TRUNC) !== 0) tally.truncated++;
    let { seconds, nanoseconds } = memory;
    if (seconds !== 0) tally.softwareStamps++;
    if (memory.hardwareSeconds !== 0 && Math.abs(memory.hardwareSeconds - seconds) <= plausibleSeconds) {
      seconds = memory.hardwareSeconds;
      nanoseconds = memory.hardwareNanoseconds;
      tally.hardwareStamps++;
    }
    const sender = this.senderOf(line, index);
    const start = slotStart(index);
    const length = batch.receivedLength(index);
    const { segmentBytes } = memory;
    if (segmentBytes === 0 || segmentBytes >= length) {
      onDatagram(payload, start, length, sender, seconds, nanoseconds);
      return;
    }
    tally.coalesced++;
    tally.coalescedDatagrams += Math.ceil(length / segmentBytes);
    for (let at = 0; at < length && this.isOpen; at += segmentBytes) {
      onDatagram(payload, start + at, Math.min(segmentBytes, length - at), sender, seconds, nanoseconds);
    }
  }

  private senderOf(line: Line, index: number): Sender {
    const { names } = this.memory;
    const at = nameStart(index);
    // Family and port, and an IPv4 address.
    const port = names.getInt32(at, true);
    const address = names.getInt32(at + 4, true);
    const { latest } = line;
    const isIpv4 = line.socket.family === 4;
    if (latest !== undefined && isIpv4 && port === line.latestPort && address === line.latestAddress) return latest;
    line.latestPort = port;
    line.latestAddress = address;
    const key = isIpv4 ? (address >>> 0) * 2 ** 16 + readPort(names, at) : `${port} ${readSender(names, at)}`;
    let sender = line.senders.get(key);
    if (sender === undefined) {
      sender = this.senders.of(readSender(names, at), readPort(names, at), line.group);
      // Beyond the table's bound senders are one, and their keys are not kept.
      if (sender.port !== 0) line.senders.set(key, sender);
    }
    line.latest = sender;
    return sender;
  }

  private noteError(errno: number): void {
    const { errors } = this.tally;
    const code = errorName(errno);
    errors[code] = (errors[code] ?? 0) + 1;
  }
}

function openLine(libc: Libc, options: ResolvedReceive, group: number): Line {
  const { groups } = options;
  const { host, port, iface } = groups[group] as ResolvedReceive['groups'][0];
  let socket: NativeSocket | undefined;
  try {
    socket = new NativeSocket(libc, familyOf(host));
    if (isMulticast(host)) socket.set(n.SOL_SOCKET, n.SO_REUSEADDR, 1);
    setReceiveOptions(socket, options);
    // A group of one link is bound by the link's interface.
    socket.bind(isMulticast(host) && iface !== null && /^ff.2:/i.test(host) ? `${host}%${iface}` : host, port);
  } catch (error) {
    socket?.close();
    throw error instanceof SinkError ? error : bindRefused(host, port, error as Error);
  }
  try {
    if (isMulticast(host)) joinGroup(libc, socket, host, iface);
  } catch (error) {
    socket.close();
    throw joinRefused(host, iface, error as Error);
  }
  return {
    socket,
    group,
    senders: new Map(),
    latest: undefined,
    latestPort: 0,
    latestAddress: 0,
    watch: undefined,
    overflow: 0,
  };
}
