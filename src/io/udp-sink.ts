/**
 * A sink that sends datagrams through UDP sockets of the kernel, one for each flow: sent to one address, feeds and
 * lines can be told apart by their senders, as they could in the capture.
 *
 * The socket stays unconnected: a connected one turns a peer's "port unreachable" into the failure of the *next* send,
 * which would drop datagrams while a receiver is starting. Addresses are literal by the time a datagram is sent, so the
 * look-up that Node insists on is answered on the spot and the system call happens inside `send` (2.8 us a call here).
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { SinkError } from '../core/errors.js';
import type { Flow, Sink } from '../core/seams.js';
import { interfaceAddress, resolveHost } from './address.js';

export interface UdpSinkOptions {
  /** Host name or address; null: the flow's own destination. */
  host: string | null;
  /** Null: the flow's own destination port. */
  port: number | null;
  /** Time to live (hops), for unicast and multicast. */
  ttl: number;
  /** Address or name of the interface that multicast leaves by; null: the system's choice. */
  iface: string | null;
  /** Whether multicast is also delivered to sockets on this machine. */
  loopback: boolean;
  /** Bytes asked for the send buffer. */
  sendBufferBytes?: number;
}

/** Send buffer that a replay asks for where it is told nothing else. */
export const defaultSendBufferBytes = 4 << 20;
/** Sockets of one sink; flows beyond them share these. */
export const maxSockets = 64;

/** Opens the socket and resolves the host; rejects with a SinkError that names what is wrong with the address. */
export async function openUdpSink(options: UdpSinkOptions): Promise<UdpSink> {
  const address = options.host === null ? null : await resolveHost(options.host);
  const family = address !== null && isIP(address) === 6 ? 6 : 4;
  const create = (): Socket =>
    createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (host, _options, done) => done(null, host, family),
    });
  const socket = create();
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(new SinkError('bind', `no UDP socket: ${error.message}`, { cause: error }));
    });
    socket.bind(0, resolve);
  });
  socket.removeAllListeners('error');
  setOptions(socket, options, family);
  const more = (): Socket => {
    // The look-up answers at once, so the socket is bound when this returns.
    const another = create().bind(0);
    setOptions(another, options, family);
    return another;
  };
  return new UdpSink(socket, more, address, options.port);
}

/** Throws SinkError where the system refuses one; the socket is closed then. */
function setOptions(socket: Socket, options: UdpSinkOptions, family: 4 | 6): void {
  try {
    socket.setTTL(options.ttl);
    socket.setMulticastTTL(options.ttl);
    socket.setMulticastLoopback(options.loopback);
    if (options.iface !== null) socket.setMulticastInterface(interfaceAddress(options.iface, family));
    socket.setSendBufferSize(options.sendBufferBytes ?? defaultSendBufferBytes);
  } catch (error) {
    socket.close();
    throw error instanceof SinkError
      ? error
      : new SinkError('socket-option', `udp: ${(error as Error).message} (ttl ${options.ttl}, iface ${options.iface})`);
  }
}

/** Made by `openUdpSink`. Errors of single sends are counted in `errors`, by code, and the run goes on. */
export class UdpSink implements Sink {
  readonly errors = new Map<string, number>();
  /** By the flow's index; flows beyond `maxSockets` share them. */
  private readonly sockets: (Socket | undefined)[] = [];
  private readonly opened: Socket[];
  private readonly open: () => Socket;
  private readonly address: string | null;
  private readonly port: number | null;
  private readonly sent = (error: Error | null): void => {
    if (error) this.noteError(error);
  };

  /** `first` is for the flow that comes first, `open` makes one for each of the others. */
  constructor(first: Socket, open: () => Socket, address: string | null, port: number | null) {
    this.opened = [first];
    this.open = open;
    this.address = address;
    this.port = port;
    first.on('error', (error) => this.noteError(error));
  }

  send(view: DataView, offset: number, length: number, _scheduledNs: number, flow: Flow): void {
    const port = this.port ?? flow.destinationPort;
    const address = this.address ?? flow.destination;
    refuseZeroDestination(flow, address, port);
    const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length);
    const socket = this.sockets[flow.index] ?? this.socketOf(flow);
    socket.send(bytes, port, address, this.sent);
  }

  /** Datagrams that the kernel did not take at once; they still refer to the borrowed view. */
  get unsettled(): number {
    let count = 0;
    for (const socket of this.opened) count += socket.getSendQueueCount();
    return count;
  }

  /** Gives callbacks their turn, and waits until the kernel has taken every datagram. */
  async settle(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.unsettled > 0);
  }

  async close(): Promise<void> {
    await this.settle();
    await Promise.all(this.opened.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  private socketOf(flow: Flow): Socket {
    const { sockets, opened } = this;
    const [first] = opened as [Socket];
    let socket: Socket | undefined;
    if (sockets.length === 0) socket = first;
    else if (opened.length >= maxSockets) socket = opened[flow.index % maxSockets];
    else {
      try {
        socket = this.open();
        socket.on('error', (error) => this.noteError(error));
        opened.push(socket);
      } catch (error) {
        this.noteError(error as Error);
      }
    }
    sockets[flow.index] = socket ?? first;
    return socket ?? first;
  }

  private noteError(error: Error): void {
    const code = (error as NodeJS.ErrnoException).code ?? 'ERROR';
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

/** Throws SinkError where there is no address or port to send a flow's datagrams to. */
export function refuseZeroDestination(flow: Flow, address = flow.destination, port = flow.destinationPort): void {
  if (port !== 0 && address !== '0.0.0.0') return;
  throw new SinkError(
    'destination',
    `the capture's destination is ${flow.destination}:${flow.destinationPort} (zeroed by its publisher?); ` +
      'name one with --to udp://host:port and leave --keep-destinations out',
  );
}
