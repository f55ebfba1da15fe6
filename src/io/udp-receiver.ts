/**
 * A UDP socket that receives: unicast or multicast, with a receive buffer sized for bursts and the kernel's count of
 * datagrams that it had to drop (Linux: the `drops` column of /proc/net/udp, by the socket's port).
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { SinkError } from '../core/errors.js';
import { interfaceAddress, resolveHost } from './udp-sink.js';

export interface UdpReceiverOptions {
  /** A multicast group, or the local address to bind. */
  host: string;
  port: number;
  /** Interface of a multicast membership, by address or name; null: the system's choice. */
  iface: string | null;
  /** Receive buffer asked for, in bytes. */
  bufferBytes: number;
}

/** Receive buffer that `listen` asks for: 109 ms of small packets at 100,000 a second. */
export const defaultReceiveBufferBytes = 8 << 20;

export type DatagramHandler = (bytes: Buffer, from: RemoteInfo) => void;

export interface UdpReceiver {
  readonly address: string;
  readonly port: number;
  /** What was asked for and what the kernel gave, in bytes (half of what Linux reports, which counts its overhead). */
  readonly buffer: { askedBytes: number; grantedBytes: number };
  /** Datagrams dropped by the kernel since the socket was opened; null where the system does not say. */
  kernelDrops(): number | null;
  close(): Promise<void>;
}

/** Binds the socket, joins the group where the address is one, and hands every datagram to `onDatagram`. */
export async function openUdpReceiver(options: UdpReceiverOptions, onDatagram: DatagramHandler): Promise<UdpReceiver> {
  const host = await resolveHost(options.host);
  const family = isIP(host) === 6 ? 6 : 4;
  const multicast = isMulticast(host);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', reuseAddr: multicast });
  socket.on('message', onDatagram);
  await bind(socket, host, options.port);
  // Before a group is joined, which may bring a burst at once.
  const buffer = { askedBytes: options.bufferBytes, grantedBytes: growBuffer(socket, options.bufferBytes) };
  try {
    if (multicast) {
      if (options.iface === null) socket.addMembership(host);
      else socket.addMembership(host, interfaceAddress(options.iface, family));
    }
  } catch (error) {
    socket.close();
    if (error instanceof SinkError) throw error;
    throw new SinkError('join', `cannot join ${host} on ${options.iface ?? 'any interface'}: ${message(error)}`);
  }
  const { port, address } = socket.address();
  const dropsBefore = readDrops(port, family) ?? 0;
  return {
    address,
    port,
    buffer,
    kernelDrops() {
      const drops = readDrops(port, family);
      return drops === null ? null : Math.max(0, drops - dropsBefore);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

export function isMulticast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return isIP(address) === 4 ? first >= 224 && first < 240 : /^ff/i.test(address);
}

function bind(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      const hint =
        error.code === 'EADDRINUSE'
          ? 'another program has it; choose another port'
          : error.code === 'EADDRNOTAVAIL'
            ? 'it is no address of this machine'
            : message(error);
      reject(new SinkError('bind', `cannot listen on ${address}:${port}: ${hint}`, { cause: error }));
    });
    socket.bind(port, address, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      resolve();
    });
  });
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

function readDrops(port: number, family: 4 | 6): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const portHex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    let drops = 0;
    for (const line of readFileSync(family === 6 ? '/proc/net/udp6' : '/proc/net/udp', 'latin1').split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(portHex)) drops += Number(columns[columns.length - 1]);
    }
    return drops;
  } catch {
    return null;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
