/** `struct sockaddr_in` and `sockaddr_in6`: addresses as the kernel takes them. */
import { networkInterfaces } from 'node:os';
import { parseAddress } from '../../capture/endpoint.js';
import { SinkError } from '../../core/errors.js';
import type { Libc } from './libc.js';
import { AF_INET, AF_INET6 } from './socket-numbers.js';

/** Room for either kind. */
export const socketAddressBytes = 28;
const ipv4Length = 16;
const ipv6Length = 28;

/** Writes the address with its port, an IPv6 one with its scope (`%eth0`); says how long it is. */
export function writeSocketAddress(libc: Libc, view: DataView, offset: number, address: string, port: number): number {
  const [text = '', scope] = address.split('%');
  const bytes = parseAddress(text);
  if (bytes === null) throw new SinkError('host', `'${address}' is no IPv4 or IPv6 address`);
  const isIpv6 = bytes.length === 16;
  new Uint8Array(view.buffer, view.byteOffset + offset, socketAddressBytes).fill(0);
  view.setUint16(offset, isIpv6 ? AF_INET6 : AF_INET, true);
  view.setUint16(offset + 2, port);
  new Uint8Array(view.buffer, view.byteOffset + offset + (isIpv6 ? 8 : 4), bytes.length).set(bytes);
  if (scope !== undefined) view.setUint32(offset + 24, interfaceIndex(libc, scope), true);
  return isIpv6 ? ipv6Length : ipv4Length;
}

/** The address at `offset` as text. */
export function readAddress(view: DataView, offset: number): string {
  if (view.getUint16(offset, true) === AF_INET) return readIpv4(view, offset + 4);
  const words = Array.from({ length: 8 }, (_, index) => view.getUint16(offset + 8 + 2 * index));
  // An IPv4 sender, as a socket of IPv6 sees it.
  const isMapped = words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
  return isMapped ? `::ffff:${readIpv4(view, offset + 20)}` : formatIpv6(words);
}

/** … and where it is of one link alone, with the number of its interface. */
export function readSender(view: DataView, offset: number): string {
  const address = readAddress(view, offset);
  const scope = view.getUint16(offset, true) === AF_INET6 ? view.getUint32(offset + 24, true) : 0;
  return scope === 0 ? address : `${address}%${scope}`;
}

export function readPort(view: DataView, offset: number): number {
  return view.getUint16(offset + 2);
}

function readIpv4(view: DataView, offset: number): string {
  return [0, 1, 2, 3].map((at) => view.getUint8(offset + at)).join('.');
}

/** As RFC 5952 writes it: lower case, the longest run of zeros (of two words or more) as `::`. */
function formatIpv6(words: readonly number[]): string {
  const text = words.map((word) => word.toString(16)).join(':');
  const runs = text.match(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g) ?? [];
  const longest = runs.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  const before = text.slice(0, at).replace(/:$/, '');
  const after = text.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** The number of an interface, named by its name, its number or one of its addresses. */
export function interfaceIndex(libc: Libc, iface: string): number {
  if (/^\d+$/.test(iface)) return Number(iface);
  const known = networkInterfaces();
  const name = Object.keys(known).find((key) => known[key]?.some(({ address }) => address === iface)) ?? iface;
  const index = libc.declare('uint32_t if_nametoindex(const char *name)')(name);
  if (index === 0) {
    throw new SinkError(
      'interface',
      `there is no interface '${iface}' here; there are ${Object.keys(known).join(', ')}`,
    );
  }
  return index;
}
