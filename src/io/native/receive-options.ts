/** What a socket that receives is told: its buffer, which stamps and counts it wants, its groups. */
import { parseAddress } from '../../capture/endpoint.js';
import { SinkError } from '../../core/errors.js';
import { interfaceAddress } from '../address.js';
import type { ResolvedReceive } from '../udp-receiver.js';
import type { Libc } from './libc.js';
import type { NativeSocket } from './native-socket.js';
import { interfaceIndex } from './socket-address.js';
import * as n from './socket-numbers.js';

/** The kernel's time of receipt, and the card's where it stamps. */
const receiveStamps =
  n.SOF_TIMESTAMPING_RX_SOFTWARE |
  n.SOF_TIMESTAMPING_SOFTWARE |
  n.SOF_TIMESTAMPING_RX_HARDWARE |
  n.SOF_TIMESTAMPING_RAW_HARDWARE;

/** Sets what the system lets be set: where it refuses, the receiver does without and its report says so. */
export function setReceiveOptions(
  socket: NativeSocket,
  { bufferBytes, busyPollUs, coalesce }: Omit<ResolvedReceive, 'groups'>,
): void {
  // Beyond net.core.rmem_max only with CAP_NET_ADMIN.
  if (!socket.tries(n.SOL_SOCKET, n.SO_RCVBUFFORCE, bufferBytes)) {
    socket.tries(n.SOL_SOCKET, n.SO_RCVBUF, bufferBytes);
  }
  if (!socket.tries(n.SOL_SOCKET, n.SO_TIMESTAMPING, receiveStamps)) {
    socket.tries(n.SOL_SOCKET, n.SO_TIMESTAMPNS, 1);
  }
  socket.tries(n.SOL_SOCKET, n.SO_RXQ_OVFL, 1);
  if (coalesce) socket.tries(n.SOL_UDP, n.UDP_GRO, 1);
  if (busyPollUs > 0 && !socket.tries(n.SOL_SOCKET, n.SO_BUSY_POLL, Math.ceil(busyPollUs))) {
    throw new SinkError('busy-poll', `busy polling for ${busyPollUs} us is not permitted: it needs CAP_NET_ADMIN`);
  }
}

/** Joins a group on an interface named by address or name; null: the system's choice. */
export function joinGroup(libc: Libc, socket: NativeSocket, group: string, iface: string | null): void {
  const [text = ''] = group.split('%');
  const address = parseAddress(text) ?? new Uint8Array();
  // Else it also gets what comes by interfaces on which other sockets have joined the group.
  if (socket.family === 4) socket.tries(n.SOL_IP, n.IP_MULTICAST_ALL, 0);
  else socket.tries(n.SOL_IPV6, n.IPV6_MULTICAST_ALL, 0);
  if (socket.family === 4) {
    const local = iface === null ? new Uint8Array(4) : (parseAddress(interfaceAddress(iface, 4)) ?? new Uint8Array(4));
    socket.setBytes(n.SOL_IP, n.IP_ADD_MEMBERSHIP, Uint8Array.of(...address, ...local));
    return;
  }
  const scope = iface ?? group.split('%')[1];
  const index = scope === undefined ? 0 : interfaceIndex(libc, scope);
  const request = new Uint8Array(20);
  request.set(address);
  new DataView(request.buffer).setInt32(16, index, true);
  socket.setBytes(n.SOL_IPV6, n.IPV6_ADD_MEMBERSHIP, request);
}
