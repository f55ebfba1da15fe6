/**
 * Receives UDP through Node's own sockets: one call of the kernel a datagram, and no time stamps of the kernel's.
 *
 * What was dropped is known on Linux only, from the `drops` column of /proc/net/udp, by the sockets' local addresses.
 */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { endianness } from 'node:os';
import { parseAddress } from '../capture/endpoint.js';
import { interfaceAddress, isMulticast } from './address.js';
import { SenderTable } from './senders.js';
import { bindRefused, joinRefused } from './socket-refusals.js';
import type { BoundAddress, DatagramHandler, ResolvedReceive, UdpReceiver } from './udp-receiver.js';

/** Opens a socket for each address; rejects with SinkError, and leaves none open, where one is refused. */
export async function openDgramReceiver(
  { groups, bufferBytes }: ResolvedReceive,
  onDatagram: DatagramHandler,
  path = 'dgram',
): Promise<UdpReceiver> {
  const senders = new SenderTable();
  const sockets: Socket[] = [];
  const bound: BoundAddress[] = [];
  let grantedBytes = Number.POSITIVE_INFINITY;
  try {
    for (const [index, { host, port, iface }] of groups.entries()) {
      const family = isIP(host) === 6 ? 6 : 4;
      const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', reuseAddr: isMulticast(host) });
      sockets.push(socket);
      socket.on('message', (bytes, from) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        onDatagram(view, 0, bytes.length, senders.of(from.address, from.port, index), 0, 0);
      });
      await bind(socket, host, port);
      // Before a group is joined, which may bring a burst at once.
      grantedBytes = Math.min(grantedBytes, growBuffer(socket, bufferBytes));
      if (isMulticast(host)) join(socket, host, iface, family);
      bound.push(socket.address());
    }
  } catch (error) {
    await closeAll(sockets);
    throw error;
  }
  const dropsBefore = readDrops(bound) ?? 0;
  return {
    ...(bound[0] as BoundAddress),
    bound,
    path,
    buffer: { askedBytes: bufferBytes, grantedBytes },
    counts: () => null,
    kernelDrops() {
      const drops = readDrops(bound);
      return drops === null ? null : Math.max(0, drops - dropsBefore);
    },
    close: () => closeAll(sockets),
  };
}

function bind(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => reject(bindRefused(host, port, error)));
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      resolve();
    });
  });
}

function join(socket: Socket, host: string, iface: string | null, family: 4 | 6): void {
  try {
    if (iface === null) socket.addMembership(host);
    else socket.addMembership(host, interfaceAddress(iface, family));
  } catch (error) {
    throw joinRefused(host, iface, error as Error);
  }
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
}

function growBuffer(socket: Socket, bytes: number): number {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // A system that refuses instead of granting less: what it has is reported.
  }
  const reported = socket.getRecvBufferSize();
  return process.platform === 'linux' ? reported / 2 : reported;
}

function readDrops(bound: readonly BoundAddress[]): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const own = new Set(bound.map(({ address, port }) => procName(address, port)));
    let drops = 0;
    for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
      for (const line of readFileSync(table, 'latin1').split('\n')) {
        const columns = line.trim().split(/\s+/);
        if (own.has(columns[1] ?? '')) drops += Number(columns[columns.length - 1]);
      }
    }
    return drops;
  } catch {
    return null;
  }
}

/** As the `local_address` column names it: words of 32 bits as this machine's integers, in hexadecimal. */
function procName(address: string, port: number): string {
  const bytes = parseAddress(address.replace(/%.*/, '')) ?? new Uint8Array(4);
  if (endianness() === 'LE') {
    for (let word = 0; word < bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  }
  return `${Buffer.from(bytes).toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}
