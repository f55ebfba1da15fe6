/** Builds the layers of frames one by one, each a function from what it carries to bytes. */
import { checksum, concat, ipv6, u16, u32 } from './build.js';

function bytes(...numbers: number[]): Uint8Array {
  return Uint8Array.from(numbers);
}

/** Ethernet. */
export function ether(etherType: number, payload: Uint8Array): Uint8Array {
  return concat(bytes(1, 0, 0x5e, 1, 2, 3, 2, 0, 0, 0, 0, 9, ...u16(etherType)), payload);
}

export interface Ipv4Parts {
  protocol?: number;
  source?: number[];
  destination?: number[];
  identification?: number;
  /** Of a fragment: place of its bytes, and whether others follow. */
  place?: number;
  more?: boolean;
}

/** An IPv4 packet; 10.0.0.1 to 10.0.0.2. */
export function ip4(payload: Uint8Array, parts: Ipv4Parts = {}): Uint8Array {
  const flags = (parts.more ? 0x2000 : 0) | ((parts.place ?? 0) / 8);
  const start = [0x45, 0, ...u16(20 + payload.length), ...u16(parts.identification ?? 7), ...u16(flags)];
  const protocol = [64, parts.protocol ?? 17];
  const end = [...(parts.source ?? [10, 0, 0, 1]), ...(parts.destination ?? [10, 0, 0, 2])];
  const sum = checksum(bytes(...start, ...protocol, 0, 0, ...end));
  return concat(bytes(...start, ...protocol, ...u16(sum), ...end), payload);
}

export interface Ipv6Parts {
  next?: number;
  source?: string;
  destination?: string;
  length?: number;
}

/** An IPv6 packet; fe80::1 to ff02::2. */
export function ip6(payload: Uint8Array, parts: Ipv6Parts = {}): Uint8Array {
  const { next = 17, source = 'fe80::1', destination = 'ff02::2', length = payload.length } = parts;
  return concat(bytes(0x60, 0, 0, 0, ...u16(length), next, 64, ...ipv6(source), ...ipv6(destination)), payload);
}

/** An IPv6 fragment header and the piece behind it. */
export function fragment6(next: number, place: number, more: boolean, identification: number, piece: Uint8Array) {
  return concat(bytes(next, 0, ...u16(place | (more ? 1 : 0)), ...u32(identification)), piece);
}

/** A UDP datagram without checksum, from port 5 to port 6. */
export function udp(payload: Uint8Array, ports: [number, number] = [5, 6]): Uint8Array {
  return concat(bytes(...u16(ports[0]), ...u16(ports[1]), ...u16(8 + payload.length), 0, 0), payload);
}

/** A UDP datagram with the checksum that it has between fe80::1 and `destination`. */
export function udp6(payload: Uint8Array, ports: [number, number] = [5, 6], destination = 'ff02::2'): Uint8Array {
  const datagram = udp(payload, ports);
  const pseudo = bytes(...ipv6('fe80::1'), ...ipv6(destination), 0, 0, ...u16(datagram.length), 0, 0, 0, 17);
  const sum = checksum(concat(pseudo, datagram)) || 0xffff;
  return datagram.with(6, sum >> 8).with(7, sum & 0xff);
}

/** A TCP segment from port 5 to port 6 without checksum. */
export function tcpSegment(sequence: number, flags: number, payload: Uint8Array): Uint8Array {
  return concat(bytes(...u16(5), ...u16(6), ...u32(sequence), 0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0), payload);
}

export function gre(protocol: number, payload: Uint8Array, flags = 0, fields: number[] = []): Uint8Array {
  return concat(bytes(...u16(flags), ...u16(protocol), ...fields), payload);
}

/** A UDP datagram to VXLAN's port. */
export function vxlan(frame: Uint8Array, flags = 0x08000000): Uint8Array {
  return udp(concat(bytes(...u32(flags), 0, 0, 7, 0), frame), [49_152, 4789]);
}

/** MPLS labels, the last of which ends the stack. */
export function mpls(count: number, payload: Uint8Array): Uint8Array {
  const labels = Array.from({ length: count }, (_, index) => [0, 1, index === count - 1 ? 0x31 : 0x30, 64]);
  return concat(bytes(...labels.flat()), payload);
}
