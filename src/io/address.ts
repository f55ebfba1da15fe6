/** Addresses as sockets want them: hosts resolved, interfaces by address, what is a multicast group. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SinkError } from '../core/errors.js';

/** The address of a host; rejects with SinkError where there is none. */
export async function resolveHost(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new SinkError('host', `udp: host '${host}' does not resolve; name an address`, { cause: error });
  }
}

/** The address to give the kernel for an interface named by address or by name. */
export function interfaceAddress(iface: string, family: 4 | 6): string {
  if (isIP(iface)) return iface;
  const known = networkInterfaces();
  if (family === 6 && known[iface]) return `::%${iface}`;
  const found = known[iface]?.find((entry) => entry.family === 'IPv4');
  if (found) return found.address;
  const names = Object.keys(known).join(', ');
  throw new SinkError('interface', `iface '${iface}' has no IPv${family} address here; interfaces: ${names}`);
}

/** Whether an address is that of a multicast group, of IPv4 or IPv6. */
export function isMulticast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return isIP(address) === 4 ? first >= 224 && first < 240 : /^ff/i.test(address);
}

/** Whether an address is this machine's own way to itself, of IPv4 or IPv6. */
export function isLoopback(address: string): boolean {
  return isIP(address) === 4
    ? address.startsWith('127.')
    : isIP(address) === 6 && /^(0{0,4}:){2,7}0{0,3}1$/.test(address);
}

/** The name of the interface that has an address, as `lo`; the text itself where none has. */
export function interfaceName(address: string): string {
  const known = Object.entries(networkInterfaces());
  const loopback = known.find(([, entries]) => entries?.some(({ internal }) => internal))?.[0];
  const found = known.find(
    ([name, entries]) => name === address || entries?.some((entry) => entry.address === address),
  );
  return found?.[0] ?? (/^127\./.test(address) ? loopback : undefined) ?? address;
}

/** The name of the interface that leads to this machine itself. */
export function loopbackInterface(): string {
  return interfaceName('127.0.0.1');
}
