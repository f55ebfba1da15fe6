/** Where a listener receives: `udp://host:port?iface=&via=&busypoll=&gro=`. */
import { UsageError } from '../core/errors.js';
import { parseDuration } from '../core/time.js';
import type { ReceivePath } from '../io/udp-receiver.js';
import { splitUdpAddress } from './target.js';

export interface ReceiveAddressSpec {
  /** A multicast group, or a local address. */
  host: string;
  port: number;
  /** Interface of a multicast membership, by address or name; null: the system's choice. */
  iface: string | null;
  /** How datagrams are taken from the kernel; left out: the best way that works here. */
  via?: ReceivePath;
  /** How long to keep asking after the latest datagram, in microseconds. */
  busyPollUs?: number;
  /** Whether runs of datagrams may come as one, with one time of receipt; left out: as the command has it. */
  coalesce?: boolean;
}

const receivePaths: readonly ReceivePath[] = ['auto', 'recvmmsg', 'dgram'];
/** Asking for longer would leave timers and signals no turn. */
const longestBusyPollUs = 10_000;

/** Throws UsageError with the forms that are understood. */
export function parseReceiveAddress(text: string): ReceiveAddressSpec {
  const { host, port, query } = splitUdpAddress(text);
  if (host === null || port === null) {
    throw new UsageError('target', `'${text}' needs a host and a port, as in udp://127.0.0.1:26477`);
  }
  const address: ReceiveAddressSpec = { host, port, iface: null };
  for (const [name, value] of new URLSearchParams(query)) readOption(address, name, value, text);
  if (address.via === 'dgram' && address.coalesce === true) {
    throw new UsageError('target', `'${text}': gro=on cannot be had with via=dgram, which takes datagrams one by one`);
  }
  return address;
}

function readOption(address: ReceiveAddressSpec, name: string, value: string, text: string): void {
  const refuse = (what: string): never => {
    throw new UsageError('target', `'${text}': ${what}`);
  };
  if (name === 'iface') address.iface = value;
  else if (name === 'via') {
    address.via = receivePaths.find((path) => path === value) ?? refuse(`via is one of ${receivePaths.join(', ')}`);
  } else if (name === 'busypoll') {
    const us = parseDuration(value) / 1000;
    if (!(us > 0 && us <= longestBusyPollUs)) refuse('busypoll is a time of up to 10ms, as in busypoll=50us');
    address.busyPollUs = us;
  } else if (name === 'gro') {
    if (value !== 'on' && value !== 'off') refuse('gro is on or off');
    address.coalesce = value === 'on';
  } else if (name !== 'ttl' && name !== 'loopback') {
    // Those two belong to senders, who share the form.
    refuse(`unknown option '${name}'; there are iface, via, busypoll and gro`);
  }
}
