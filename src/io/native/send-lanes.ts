/**
 * Where the datagrams of each flow leave by and go to: a socket for each flow, as far as `maxSockets` go, and the
 * destination as the kernel takes it.
 *
 * A socket of one flow is connected, which saves the kernel a look-up of the route a datagram (an eighth of its time
 * for 120 bytes over loopback), until a peer says that nobody listens there: that would fail every other send.
 */
import { SinkError } from '../../core/errors.js';
import type { Flow } from '../../core/seams.js';
import { interfaceAddress } from '../address.js';
import { defaultSendBufferBytes, maxSockets, refuseZeroDestination, type UdpSinkOptions } from '../udp-sink.js';
import type { Libc } from './libc.js';
import { familyOf, NativeSocket } from './native-socket.js';
import { interfaceIndex, socketAddressBytes, writeSocketAddress } from './socket-address.js';
import * as n from './socket-numbers.js';

/** The way of one flow. */
export interface Lane {
  readonly socket: NativeSocket;
  /** Where its destination lies as a `sockaddr`; 0 while the socket is connected to it. */
  nameAddress: number;
  nameLength: number;
  /** The `sockaddr`. */
  readonly memory: ArrayBuffer;
  readonly memoryLength: number;
  /** Datagrams longer than this are not sent as trains: the system refused one. */
  longestSegment: number;
}

/** No datagram is longer, so trains are not held back. */
const noLimit = 65_535;

export class SendLanes {
  /** By the flow's index. */
  readonly lanes: (Lane | undefined)[] = [];
  readonly sockets: NativeSocket[] = [];
  private readonly libc: Libc;
  private readonly options: UdpSinkOptions;
  private readonly host: string | null;
  private readonly prepare: (socket: NativeSocket) => void;

  /** `host` is a literal address, or null; `prepare` sets what else the sink wants of each socket. */
  constructor(libc: Libc, options: UdpSinkOptions, host: string | null, prepare: (socket: NativeSocket) => void) {
    this.libc = libc;
    this.options = options;
    this.host = host;
    this.prepare = prepare;
    // One is opened at once, so that what the system refuses is told before the run.
    this.openSocket(host === null ? 4 : familyOf(host));
  }

  /** Makes the lane of a flow that is new; throws SinkError where the flow has no destination. */
  add(flow: Flow): Lane {
    const address = this.host ?? flow.destination;
    const port = this.options.port ?? flow.destinationPort;
    refuseZeroDestination(flow, address, port);
    const memory = new ArrayBuffer(socketAddressBytes);
    const memoryLength = writeSocketAddress(this.libc, new DataView(memory), 0, address, port);
    const socket = this.socketOf(flow, familyOf(address));
    const lane: Lane = { socket, nameAddress: 0, nameLength: 0, memory, memoryLength, longestSegment: noLimit };
    const sharing = this.lanes.filter((other) => other?.socket === socket);
    this.lanes[flow.index] = lane;
    if (sharing.length > 0 || !socket.connect(address, port)) this.disconnect(socket);
    return lane;
  }

  /** Names the destination in every message of the socket's lanes from now on. */
  disconnect(socket: NativeSocket): void {
    socket.disconnect();
    for (const lane of this.lanes) {
      if (lane?.socket !== socket) continue;
      lane.nameAddress = this.libc.addressOf(lane.memory);
      lane.nameLength = lane.memoryLength;
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }

  /** A socket of its own while there are any to be had, else one that is shared. */
  private socketOf(flow: Flow, family: 4 | 6): NativeSocket {
    const known = this.sockets.filter((socket) => socket.family === family);
    const [first] = known;
    const isFirst = this.lanes.every((lane) => lane?.socket !== first);
    if (first !== undefined && isFirst) return first;
    if (known.length < maxSockets) {
      try {
        return this.openSocket(family);
      } catch (error) {
        if (first === undefined) throw error;
      }
    }
    return known[flow.index % known.length] as NativeSocket;
  }

  private openSocket(family: 4 | 6): NativeSocket {
    const { options, libc } = this;
    let socket: NativeSocket | undefined;
    try {
      socket = new NativeSocket(libc, family);
      setOptions(libc, socket, options);
      this.prepare(socket);
      socket.bindAny();
    } catch (error) {
      socket?.close();
      if (error instanceof SinkError) throw error;
      const { ttl, iface } = options;
      const text = `udp: ${(error as Error).message} (ttl ${ttl}, iface ${iface})`;
      throw new SinkError('socket-option', text, { cause: error });
    }
    this.sockets.push(socket);
    return socket;
  }
}

function setOptions(libc: Libc, socket: NativeSocket, options: UdpSinkOptions): void {
  const { ttl, iface, loopback, sendBufferBytes = defaultSendBufferBytes } = options;
  if (!(ttl >= 1 && ttl <= 255)) throw new SinkError('socket-option', `udp: ttl ${ttl} is outside 1 to 255`);
  if (socket.family === 4) {
    socket.set(n.SOL_IP, n.IP_TTL, ttl);
    socket.set(n.SOL_IP, n.IP_MULTICAST_TTL, ttl);
    socket.set(n.SOL_IP, n.IP_MULTICAST_LOOP, Number(loopback));
    if (iface !== null) setInterface(libc, socket, interfaceAddress(iface, 4));
  } else {
    socket.set(n.SOL_IPV6, n.IPV6_UNICAST_HOPS, ttl);
    socket.set(n.SOL_IPV6, n.IPV6_MULTICAST_HOPS, ttl);
    socket.set(n.SOL_IPV6, n.IPV6_MULTICAST_LOOP, Number(loopback));
    if (iface !== null) socket.set(n.SOL_IPV6, n.IPV6_MULTICAST_IF, interfaceIndex(libc, iface));
  }
  if (!socket.tries(n.SOL_SOCKET, n.SO_SNDBUFFORCE, sendBufferBytes)) {
    socket.set(n.SOL_SOCKET, n.SO_SNDBUF, sendBufferBytes);
  }
}

function setInterface(libc: Libc, socket: NativeSocket, address: string): void {
  const name = new DataView(new ArrayBuffer(socketAddressBytes));
  writeSocketAddress(libc, name, 0, address, 0);
  socket.setBytes(n.SOL_IP, n.IP_MULTICAST_IF, new Uint8Array(name.buffer, 4, 4));
}
