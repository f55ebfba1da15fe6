/** Builds frames and capture files byte by byte, independently of what is under test. */

export interface FrameParts {
  payload?: Uint8Array;
  source?: string;
  sourcePort?: number;
  destination?: string;
  destinationPort?: number;
  /** Tag protocol identifiers of the VLAN tags, outermost first. */
  tags?: number[];
  etherType?: number;
  protocol?: number;
  /** Words of IPv4 options. */
  options?: number[];
  totalLength?: number;
  flags?: number;
  udpLength?: number;
  udpChecksum?: 'none' | 'wrong';
  ipChecksum?: 'wrong';
  trailer?: Uint8Array;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Sums 16-bit words the slow way. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += (bytes[at] as number) * (at % 2 === 0 ? 256 : 1);
  return ~((sum % 65535) + (sum > 0 && sum % 65535 === 0 ? 65535 : 0)) & 0xffff;
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

/** The 16 bytes of an IPv6 address written with hexadecimal groups and at most one `::`. */
export function ipv6(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').flatMap((one) => u16(parseInt(one, 16)));
  const start = groups(head);
  const end = groups(tail ?? '');
  return [...start, ...Array(16 - start.length - end.length).fill(0), ...end];
}

/** An Ethernet frame with an IPv4 UDP datagram, right but for what is asked otherwise. */
export function frame(parts: FrameParts = {}): Uint8Array {
  const payload = parts.payload ?? text('payload');
  const source = (parts.source ?? '10.0.0.1').split('.').map(Number);
  const destination = (parts.destination ?? '233.54.12.111').split('.').map(Number);
  const udpLength = parts.udpLength ?? 8 + payload.length;
  const ports = [...u16(parts.sourcePort ?? 1000), ...u16(parts.destinationPort ?? 26477)];
  const pseudo = [...source, ...destination, 0, 17, ...u16(udpLength)];
  let udpSum = checksum(Uint8Array.from([...pseudo, ...ports, ...u16(udpLength), 0, 0, ...payload]));
  if (udpSum === 0) udpSum = 0xffff;
  if (parts.udpChecksum === 'wrong') udpSum ^= 1;
  if (parts.udpChecksum === 'none') udpSum = 0;
  const options = (parts.options ?? []).flatMap(u32);
  const totalLength = parts.totalLength ?? 28 + options.length + payload.length;
  const before = [0x45 + options.length / 4, 0, ...u16(totalLength), 0, 7, ...u16(parts.flags ?? 0)];
  const start = [...before, 64, parts.protocol ?? 17];
  const end = [...source, ...destination, ...options];
  const ipSum = checksum(Uint8Array.from([...start, 0, 0, ...end])) ^ (parts.ipChecksum === 'wrong' ? 1 : 0);
  const ip = [...start, ...u16(ipSum), ...end];
  const tags = (parts.tags ?? []).flatMap((tag) => [...u16(tag), 0, 5]);
  const ethernet = [1, 0, 0x5e, 1, 2, 3, 2, 0, 0, 0, 0, 9, ...tags, ...u16(parts.etherType ?? 0x0800)];
  const head = Uint8Array.from([...ethernet, ...ip, ...ports, ...u16(udpLength), ...u16(udpSum)]);
  return concat(head, payload, parts.trailer ?? new Uint8Array(0));
}

export interface PcapRecord {
  data: Uint8Array;
  seconds?: number;
  fraction?: number;
  original?: number;
  captured?: number;
}

export interface PcapParts {
  littleEndian?: boolean;
  nanoseconds?: boolean;
  /** First word, where it is another than `nanoseconds` asks for; the record header then has 24 bytes. */
  magic?: number;
  link?: number;
  version?: [number, number];
}

export function pcap(records: PcapRecord[], parts: PcapParts = {}): Uint8Array {
  const little = parts.littleEndian ?? true;
  const header = words(
    [parts.magic ?? (parts.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4), 0, 0, 0, 65535, parts.link ?? 1],
    little,
  );
  const view = new DataView(header.buffer);
  const [major, minor] = parts.version ?? [2, 4];
  view.setUint16(4, major, little);
  view.setUint16(6, minor, little);
  const body = records.flatMap(({ data, seconds = 1, fraction = 2, original, captured }) => [
    words([seconds, fraction, captured ?? data.length, original ?? data.length], little),
    parts.magic === undefined ? new Uint8Array(0) : words([2, 0x0800_0400], little),
    data,
  ]);
  return concat(header, ...body);
}

export function words(values: number[], littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
}

function padded(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array(-bytes.length & 3));
}

/** Blocks of a pcapng section in one byte order. */
export class Section {
  constructor(readonly little = true) {}

  padded(bytes: Uint8Array): Uint8Array {
    return padded(bytes);
  }

  block(type: number, body: Uint8Array, trailing?: number): Uint8Array {
    const total = 12 + padded(body).length;
    return concat(words([type, total], this.little), padded(body), words([trailing ?? total], this.little));
  }

  header(version: [number, number] = [1, 0], options: Uint8Array = new Uint8Array(0), length = -1n): Uint8Array {
    const body = concat(words([0x1a2b3c4d, 0], this.little), this.int64(length));
    const view = new DataView(body.buffer);
    view.setUint16(4, version[0], this.little);
    view.setUint16(6, version[1], this.little);
    return this.block(0x0a0d0d0a, concat(body, options));
  }

  option(code: number, value: Uint8Array | number[], length?: number): Uint8Array {
    const head = new DataView(new ArrayBuffer(4));
    head.setUint16(0, code, this.little);
    head.setUint16(2, length ?? value.length, this.little);
    return concat(new Uint8Array(head.buffer), padded(Uint8Array.from(value)));
  }

  interface(link = 1, snap = 0, ...options: Uint8Array[]): Uint8Array {
    const head = new DataView(new ArrayBuffer(8));
    head.setUint16(0, link, this.little);
    head.setUint32(4, snap, this.little);
    return this.block(1, concat(new Uint8Array(head.buffer), ...options));
  }

  /** A signed 64-bit number. */
  int64(value: bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, value, this.little);
    return new Uint8Array(view.buffer);
  }

  enhanced(data: Uint8Array, stamp = 0n, from = 0, original = data.length, captured = data.length): Uint8Array {
    const high = Number(stamp >> 32n);
    const low = Number(stamp & 0xffffffffn);
    return this.block(6, concat(words([from, high, low, captured, original], this.little), padded(data)));
  }

  /** An enhanced packet with options behind it. */
  annotated(data: Uint8Array, stamp: bigint, ...options: Uint8Array[]): Uint8Array {
    const [high, low] = [Number(stamp >> 32n), Number(stamp & 0xffffffffn)];
    return this.block(
      6,
      concat(words([0, high, low, data.length, data.length], this.little), padded(data), ...options),
    );
  }

  /** An obsolete packet block: 16 bits of interface, 16 bits of drops. */
  packet(data: Uint8Array, stamp: bigint, from = 0, drops = 0xffff, ...options: Uint8Array[]): Uint8Array {
    const [high, low] = [Number(stamp >> 32n), Number(stamp & 0xffffffffn)];
    const body = concat(words([0, high, low, data.length, data.length], this.little), padded(data), ...options);
    const view = new DataView(body.buffer);
    view.setUint16(0, from, this.little);
    view.setUint16(2, drops, this.little);
    return this.block(2, body);
  }

  /** Interface statistics: its counters by option code. */
  statistics(from: number, counters: Record<number, bigint>, ...options: Uint8Array[]): Uint8Array {
    const body = Object.entries(counters).map(([code, value]) => this.option(Number(code), this.int64(value)));
    return this.block(5, concat(words([from, 0, 0], this.little), ...body, ...options));
  }

  simple(data: Uint8Array, original = data.length): Uint8Array {
    return this.block(3, concat(words([original], this.little), data));
  }
}
