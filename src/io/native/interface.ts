/**
 * What Linux says of a network interface, by ioctl: netdevice(7). The files of /sys are not asked, for they are those
 * of the network namespace that mounted them; /proc/net is the process's own.
 */
import { readFileSync } from 'node:fs';
import { type Libc, systemError } from './libc.js';

const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;
const IFF_UP = 1;
/** ARPHRD_ETHER and ARPHRD_LOOPBACK, whose frames begin with an Ethernet header; linux/if_arp.h. */
const ETHERNET_TYPES: readonly number[] = [1, 772];

export interface InterfaceFacts {
  readonly index: number;
  readonly isUp: boolean;
  readonly mtu: number;
  /** Whether its frames begin with an Ethernet header. */
  readonly isEthernet: boolean;
}

/** Asks of an interface by name, through any socket; null where there is none of that name. */
export function readInterface(library: Libc, socket: number, name: string): InterfaceFacts | null {
  const request = new DataView(new ArrayBuffer(REQUEST_BYTES));
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length >= NAME_BYTES) return null;
  new Uint8Array(request.buffer).set(bytes);
  const ioctl = library.declare('int ioctl(int fd, unsigned long request, uintptr_t argument)');
  const address = library.addressOf(request.buffer);
  if (ioctl(socket, SIOCGIFINDEX, address) < 0) return null;
  const index = request.getInt32(NAME_BYTES, true);
  const ask = (what: number, call: string): void => {
    if (ioctl(socket, what, address) < 0) throw systemError(call, library.errno());
  };
  ask(SIOCGIFFLAGS, 'SIOCGIFFLAGS');
  const isUp = (request.getInt16(NAME_BYTES, true) & IFF_UP) !== 0;
  ask(SIOCGIFMTU, 'SIOCGIFMTU');
  const mtu = request.getInt32(NAME_BYTES, true);
  ask(SIOCGIFHWADDR, 'SIOCGIFHWADDR');
  return { index, isUp, mtu, isEthernet: ETHERNET_TYPES.includes(request.getUint16(NAME_BYTES, true)) };
}

/** Names of all interfaces of this network namespace, those that are down as well; empty where they cannot be read. */
export function interfaceNames(): string[] {
  try {
    const lines = readFileSync('/proc/net/dev', 'latin1').split('\n');
    return lines.flatMap((line) => /^\s*([^\s|]+):/.exec(line)?.[1] ?? []);
  } catch {
    return [];
  }
}
