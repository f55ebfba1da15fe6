/** Addresses and ports as text: IPv4 (RFC 791), IPv6 (RFC 4291 section 2.2), and flows made from them. */
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import { parseIpv4 } from './ipv4.js';

/** An address and a port of it. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const IPV6_WORDS = 8;
const MAX_PORT = 65_535;

/** The address's bytes: 4 of IPv4 or 16 of IPv6; null where the text is neither. */
export function parseAddress(text: string): Uint8Array | null {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value < 0 ? null : Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  }
  const words = parseIpv6Words(text);
  return words === null ? null : Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]));
}

/** Reads `ADDRESS:PORT`, an IPv6 address in brackets; throws UsageError. */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const bytes = parseAddress(address);
  const port = Number(match?.[3]);
  // Brackets are for IPv6 alone.
  const isRight = bytes !== null && (bytes.length === 16) === (match?.[1] !== undefined);
  if (!isRight || port > MAX_PORT) {
    const forms = '233.54.12.111:26477 or [2001:db8::1]:26477';
    throw new UsageError('endpoint', `'${text}' is not ADDRESS:PORT, as in ${forms}`);
  }
  return { address, port };
}

/** `address:port`, an IPv6 address in brackets. */
export function formatEndpoint(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The name of the flow from one to the other. */
export function nameOf(source: Endpoint, destination: Endpoint): string {
  return `${formatEndpoint(source.address, source.port)} > ${formatEndpoint(destination.address, destination.port)}`;
}

/** A flow outside any table, for what is written. */
export function flowBetween(transport: Flow['transport'], source: Endpoint, destination: Endpoint, index = 0): Flow {
  return {
    index,
    transport,
    source: source.address,
    sourcePort: source.port,
    destination: destination.address,
    destinationPort: destination.port,
    name: nameOf(source, destination),
  };
}

/** Eight 16-bit words; `::` stands for as many zeros as are missing, and the last two may be written as IPv4. */
function parseIpv6Words(text: string): number[] | null {
  const sides = text.split('::');
  if (sides.length > 2) return null;
  const parts = sides.map((side, index) => parseWords(side, index === sides.length - 1));
  const [left, right] = parts;
  if (!left || right === null) return null;
  if (right === undefined) return left.length === IPV6_WORDS ? left : null;
  const zeros = IPV6_WORDS - left.length - right.length;
  return zeros < 1 ? null : [...left, ...new Array<number>(zeros).fill(0), ...right];
}

function parseWords(side: string, isLast: boolean): number[] | null {
  const words: number[] = [];
  if (side === '') return words;
  const parts = side.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) words.push(Number.parseInt(part, 16));
    else if (isLast && index === parts.length - 1 && parseIpv4(part) >= 0) {
      const value = parseIpv4(part);
      words.push(Math.floor(value / 65_536), value % 65_536);
    } else return null;
  }
  return words;
}
