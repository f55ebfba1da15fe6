/**
 * Where a replay goes, the `--to` argument: `udp://host:port?ttl=&iface=&loopback=`, `soupbintcp://host:port?…`,
 * `inproc`, `pcap:FILE`, `null`.
 */
import { UsageError } from '../core/errors.js';
import { formatSoupAddress, parseSoupTarget, type SoupTarget } from './soup-target.js';

export type Target =
  | { kind: 'udp'; host: string | null; port: number | null; ttl: number; iface: string | null; loopback: boolean }
  | { kind: 'inproc'; via: 'handler' | 'ring' }
  | { kind: 'pcap'; path: string }
  | { kind: 'null' }
  | SoupTarget;

/** Packets do not leave the local network unless asked: one hop. */
export const defaultTtl = 1;

/** The forms that are understood, for help and refusals. */
export const targetForms = 'udp://HOST:PORT, soupbintcp://HOST:PORT, inproc, inproc:ring, pcap:FILE or null';

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
  if (text.startsWith('udp:')) return parseUdpTarget(text, keepDestinations);
  throw new UsageError('target', `--to '${text}' is not understood; use ${targetForms}`);
}

/** Reads `udp://host:port?ttl=&iface=&loopback=`, as `--to` and `listen` take it. */
export function parseUdpTarget(text: string, keepDestinations = false): Target & { kind: 'udp' } {
  const match = /^udp:\/\/(\[[0-9a-fA-F:.%a-z]+\]|[^:/?#[\]]*)(?::(\d{1,6}))?\/?(?:\?(.*))?$/.exec(text);
  if (!match) throw new UsageError('target', `'${text}' is not udp://HOST:PORT (an IPv6 address goes in brackets)`);
  const host = match[1].replace(/^\[|\]$/g, '') || null;
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65535)) {
    throw new UsageError('target', `'${text}': port ${port} is outside 1 to 65535`);
  }
  if (!keepDestinations && (host === null || port === null)) {
    throw new UsageError('target', `'${text}' needs a host and a port, as in udp://127.0.0.1:26477`);
  }
  if (keepDestinations && host !== null && port !== null) {
    throw new UsageError('target', `'${text}' names host and port, which --keep-destinations takes from the capture`);
  }
  return { kind: 'udp', host, port, ...parseQuery(text, match[3] ?? '') };
}

function parseQuery(text: string, query: string): { ttl: number; iface: string | null; loopback: boolean } {
  const options = { ttl: defaultTtl, iface: null as string | null, loopback: true };
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'ttl') {
      const ttl = Number(value);
      if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255) {
        throw new UsageError('target', `'${text}': ttl must be a whole number from 1 to 255`);
      }
      options.ttl = ttl;
    } else if (name === 'iface') options.iface = value;
    else if (name === 'loopback') {
      if (!/^(true|false|0|1)$/.test(value)) throw new UsageError('target', `'${text}': loopback is true or false`);
      options.loopback = value === 'true' || value === '1';
    } else throw new UsageError('target', `'${text}': unknown option '${name}'; there are ttl, iface and loopback`);
  }
  return options;
}

/** The target in the form that `--to` takes, for reports. */
export function formatTarget(target: Target): string {
  if (target.kind === 'pcap') return `pcap:${target.path}`;
  if (target.kind === 'inproc') return target.via === 'ring' ? 'inproc:ring' : 'inproc';
  if (target.kind === 'null') return 'null';
  if (target.kind === 'soupbintcp') return formatSoupAddress(target.host, target.port);
  const host = target.host?.includes(':') ? `[${target.host}]` : (target.host ?? '');
  return `udp://${host}${target.port === null ? '' : `:${target.port}`}`;
}
