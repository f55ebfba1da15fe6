/**
 * Where a replay goes, the `--to` argument: `udp://host:port?ttl=&iface=&loopback=&via=&gso=`,
 * `soupbintcp://host:port?…`, `eth://interface?…`, `inproc`, `pcap:FILE`, `null`.
 */
import { UsageError } from '../core/errors.js';
import type { SendPath } from '../io/open-udp-sink.js';
import { type EthernetTarget, parseEthernetTarget } from './ethernet-target.js';
import { formatSoupAddress, parseSoupTarget, type SoupTarget } from './soup-target.js';

export type Target =
  | UdpTarget
  | { kind: 'inproc'; via: 'handler' | 'ring' }
  | { kind: 'pcap'; path: string }
  | { kind: 'null' }
  | SoupTarget
  | EthernetTarget;

export interface UdpTarget {
  kind: 'udp';
  host: string | null;
  port: number | null;
  ttl: number;
  iface: string | null;
  loopback: boolean;
  /** How datagrams are handed to the kernel; left out: the best way that works here. */
  via?: SendPath;
  /** Whether neighbours of one size go as one; left out: where the kernel can. */
  gso?: 'auto' | 'off';
}

/** Packets do not leave the local network unless asked: one hop. */
export const defaultTtl = 1;

/** The forms that are understood, for help and refusals. */
export const targetForms =
  'udp://HOST:PORT, soupbintcp://HOST:PORT, eth://INTERFACE, inproc, inproc:ring, pcap:FILE or null';

/** Reads a `--to` argument; throws UsageError with the forms that are understood. */
export function parseTarget(text: string, keepDestinations = false): Target {
  if (text === 'null') return { kind: 'null' };
  if (text === 'inproc' || text === 'inproc:') return { kind: 'inproc', via: 'handler' };
  if (text === 'inproc:ring') return { kind: 'inproc', via: 'ring' };
  if (text.startsWith('pcap:')) {
    const path = text.slice('pcap:'.length).replace(/^\/\/(?=\/)/, '');
    if (path === '') throw new UsageError('target', `--to pcap: needs a file, as in --to pcap:out.pcap`);
    return { kind: 'pcap', path };
  }
  if (text.startsWith('soupbintcp:')) return parseSoupTarget(text);
  if (text.startsWith('eth:')) return parseEthernetTarget(text);
  if (text.startsWith('udp:')) return parseUdpTarget(text, keepDestinations);
  throw new UsageError('target', `--to '${text}' is not understood; use ${targetForms}`);
}

/** Reads `udp://host:port?ttl=&iface=&loopback=&via=&gso=`, as `--to` takes it. */
export function parseUdpTarget(text: string, keepDestinations = false): UdpTarget {
  const { host, port, query } = splitUdpAddress(text);
  if (!keepDestinations && (host === null || port === null)) {
    throw new UsageError('target', `'${text}' needs a host and a port, as in udp://127.0.0.1:26477`);
  }
  if (keepDestinations && host !== null && port !== null) {
    throw new UsageError('target', `'${text}' names host and port, which --keep-destinations takes from the capture`);
  }
  return { kind: 'udp', host, port, ...parseQuery(text, query) };
}

/** Takes `udp://host:port?query` apart; throws UsageError where it has another form. */
export function splitUdpAddress(text: string): { host: string | null; port: number | null; query: string } {
  const match = /^udp:\/\/(\[[0-9a-fA-F:.%a-z]+\]|[^:/?#[\]]*)(?::(\d{1,6}))?\/?(?:\?(.*))?$/.exec(text);
  if (!match) throw new UsageError('target', `'${text}' is not udp://HOST:PORT (an IPv6 address goes in brackets)`);
  const host = match[1].replace(/^\[|\]$/g, '') || null;
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65535)) {
    throw new UsageError('target', `'${text}': port ${port} is outside 1 to 65535`);
  }
  return { host, port, query: match[3] ?? '' };
}

type UdpTargetOptions = Omit<UdpTarget, 'kind' | 'host' | 'port'>;

const sendPaths: readonly SendPath[] = ['auto', 'sendmmsg', 'dgram'];

function parseQuery(text: string, query: string): UdpTargetOptions {
  const options: UdpTargetOptions = { ttl: defaultTtl, iface: null, loopback: true };
  const refuse = (what: string): never => {
    throw new UsageError('target', `'${text}': ${what}`);
  };
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'ttl') {
      const ttl = Number(value);
      if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255) refuse('ttl must be a whole number from 1 to 255');
      options.ttl = ttl;
    } else if (name === 'iface') options.iface = value;
    else if (name === 'loopback') {
      if (!/^(true|false|0|1)$/.test(value)) refuse('loopback is true or false');
      options.loopback = value === 'true' || value === '1';
    } else if (name === 'via') {
      options.via = sendPaths.find((path) => path === value) ?? refuse(`via is one of ${sendPaths.join(', ')}`);
    } else if (name === 'gso') {
      if (value !== 'auto' && value !== 'off') refuse('gso is auto or off');
      else options.gso = value;
    } else refuse(`unknown option '${name}'; there are ttl, iface, loopback, via and gso`);
  }
  return options;
}

/** The target in the form that `--to` takes, for reports. */
export function formatTarget(target: Target): string {
  if (target.kind === 'pcap') return `pcap:${target.path}`;
  if (target.kind === 'inproc') return target.via === 'ring' ? 'inproc:ring' : 'inproc';
  if (target.kind === 'null') return 'null';
  if (target.kind === 'eth') return `eth://${target.iface}`;
  if (target.kind === 'soupbintcp') return formatSoupAddress(target.host, target.port);
  const host = target.host?.includes(':') ? `[${target.host}]` : (target.host ?? '');
  return `udp://${host}${target.port === null ? '' : `:${target.port}`}`;
}
