/**
 * Sockets that receive UDP: unicast or multicast, one or several addresses, with a receive buffer sized for bursts and
 * the kernel's count of datagrams that it had to drop.
 */
import { SinkError } from '../core/errors.js';
import { resolveHost } from './address.js';
import { openDgramReceiver } from './dgram-receiver.js';
import { openBatchReceiver } from './native/batch-receiver.js';
import { batchedSockets } from './native/batched-sockets.js';
import type { Sender } from './senders.js';

/** An address to receive on: a multicast group, or a local address to bind. */
export interface ReceiveAddress {
  readonly host: string;
  readonly port: number;
  /** Interface of this membership, where it is another than the receiver's. */
  readonly iface?: string | null;
}

/** How datagrams are taken from the kernel; `auto` is the best that works here. */
export type ReceivePath = 'auto' | 'recvmmsg' | 'dgram';

export interface UdpReceiverOptions {
  /** One address to receive on … */
  host?: string;
  port?: number;
  /** … or several; a `Sender` tells which of them its datagrams came to. */
  groups?: readonly ReceiveAddress[];
  /** Interface of multicast memberships, by address or name; null: the system's choice. */
  iface: string | null;
  /** Receive buffer asked for, in bytes; each address has its own. */
  bufferBytes: number;
  via?: ReceivePath;
  /**
   * Keeps asking for so long after the latest datagram before the thread rests, in microseconds, and has the kernel ask
   * the card as well (`SO_BUSY_POLL`); by default not at all. Only with `recvmmsg`.
   */
  busyPollUs?: number;
  /**
   * Whether the kernel may hand over runs of datagrams as one message (`UDP_GRO`), which has one time of receipt; true
   * unless told.
   */
  coalesce?: boolean;
}

/** Receive buffer that `listen` asks for: 109 ms of small packets at 100,000 a second. */
export const defaultReceiveBufferBytes = 8 << 20;

/**
 * Told of each datagram. The view is borrowed until the call returns. `seconds` and `nanoseconds` are the kernel's time
 * of receipt since the epoch, (0, 0) where there is none.
 */
export type DatagramHandler = (
  view: DataView,
  offset: number,
  length: number,
  from: Sender,
  seconds: number,
  nanoseconds: number,
) => void;

/** How datagrams came in batches. */
export interface ReceiveCounts {
  /** Calls into the kernel. */
  readonly calls: number;
  /** Messages that the kernel had coalesced (`UDP_GRO`), and the datagrams in them. */
  readonly coalesced: number;
  readonly coalescedDatagrams: number;
  /** Datagrams that were longer than any datagram can be, and were cut. */
  readonly truncated: number;
  /** Messages that the kernel stamped, and those among them whose stamp is the network card's. */
  readonly softwareStamps: number;
  readonly hardwareStamps: number;
  /** Failed calls by error code. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

export interface UdpReceiver {
  /** The first address that it is bound to … */
  readonly address: string;
  readonly port: number;
  /** … and all of them, in the order of `groups`. */
  readonly bound: readonly BoundAddress[];
  /** How datagrams are taken, and where it is not the best way, why. */
  readonly path: string;
  /** What was asked for and what the kernel gave, in bytes (half of what Linux reports, which counts its overhead). */
  readonly buffer: { askedBytes: number; grantedBytes: number };
  /** What was received how; null where that is not known. */
  counts(): ReceiveCounts | null;
  /**
   * Datagrams dropped by the kernel since the sockets were opened, a coalesced train of them counted as one; null where
   * the system does not say.
   */
  kernelDrops(): number | null;
  close(): Promise<void>;
}

/** Where a receiver is bound, by literal addresses. */
export interface ResolvedReceive {
  readonly groups: readonly Required<ReceiveAddress>[];
  readonly bufferBytes: number;
  readonly busyPollUs: number;
  readonly coalesce: boolean;
}

/** Binds the sockets, joins the groups where addresses are such, and hands every datagram to `onDatagram`. */
export async function openUdpReceiver(options: UdpReceiverOptions, onDatagram: DatagramHandler): Promise<UdpReceiver> {
  const { host = '0.0.0.0', port = 0, groups = [{ host, port }], iface, bufferBytes, via = 'auto' } = options;
  const resolved = await Promise.all(
    groups.map(async (group) => ({ iface, ...group, host: await resolveHost(group.host) })),
  );
  const { busyPollUs = 0, coalesce = true } = options;
  const receive = { groups: resolved, bufferBytes, busyPollUs, coalesce };
  const { libc, absence } = via === 'dgram' ? { libc: null, absence: null } : batchedSockets();
  if (libc !== null) return openBatchReceiver(libc, receive, onDatagram);
  const needs = via === 'recvmmsg' ? 'via=recvmmsg' : busyPollUs > 0 ? 'busy polling' : null;
  if (needs !== null) {
    throw new SinkError('native', `udp: ${needs} cannot be had here: ${absence ?? 'via=dgram was asked for'}`);
  }
  return openDgramReceiver(receive, onDatagram, absence === null ? 'dgram' : `dgram: ${absence}`);
}
