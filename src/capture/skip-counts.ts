/** Counts of packets that carry no datagram for us, by reason: nothing is passed over in silence. */

/** The most reasons that are told apart; the rest share `OTHER_REASONS`. */
export const MAX_SKIP_REASONS = 64;

/** The reason of packets that came after `MAX_SKIP_REASONS` different ones. */
export const OTHER_REASONS = 'other reasons';

const ETHERTYPES: Readonly<Record<number, string>> = {
  2054: 'ARP',
  8939: 'ERSPAN III',
  24579: 'DECnet',
  34525: 'IPv6',
  34824: 'Ethernet flow control',
  34825: 'slow protocols',
  34827: 'PPP',
  34887: 'MPLS',
  34915: 'PPPoE discovery',
  34916: 'PPPoE',
  34958: 'EAPOL',
  35006: 'ERSPAN',
  35020: 'LLDP',
  35045: 'MACsec',
  35063: 'PTP',
};

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPv4',
  6: 'TCP',
  41: 'IPv6',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  59: 'no next header',
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  108: 'IPComp',
  112: 'VRRP',
  132: 'SCTP',
  136: 'UDP-Lite',
};

const PPP_PROTOCOLS: Readonly<Record<number, string>> = {
  49185: 'LCP',
  49187: 'PAP',
  49699: 'CHAP',
  32801: 'IPCP',
  32855: 'IPv6CP',
  61: 'multilink',
};

/** What a number stands for that a packet is skipped by, and how it is written. */
export type Numbered = 'link' | 'ethertype' | 'ipv4' | 'ipv6' | 'ppp' | 'family' | 'device';

const WRITERS: Readonly<Record<Numbered, (value: number) => string>> = {
  link: (value) => `link type ${value}`,
  ethertype: etherTypeReason,
  ipv4: (value) => withName(`IPv4 protocol ${value}`, PROTOCOLS[value]),
  ipv6: (value) => withName(`IPv6 next header ${value}`, PROTOCOLS[value]),
  ppp: (value) => withName(`PPP protocol ${hexadecimal(value)}`, PPP_PROTOCOLS[value]),
  family: (value) => `address family ${value}`,
  device: (value) => `Linux cooked device type ${value}`,
};

/** How many packets were skipped for which reason. */
export class SkipCounts {
  total = 0;
  private readonly counts = new Map<string, number>();
  /** Names that were built once, so that a flood of one kind builds no strings. */
  private readonly names = new Map<Numbered, Map<number, string>>();
  private readonly inner = new Map<string, Map<string, string>>();

  /** Counts `times` packets; `outer` is the kind of tunnel that they came in, empty where none. */
  add(reason: string, outer = '', times = 1): void {
    this.total += times;
    const name = outer === '' ? reason : this.within(outer, reason);
    const known = this.counts.has(name) || this.counts.size < MAX_SKIP_REASONS;
    const key = known ? name : OTHER_REASONS;
    this.counts.set(key, (this.counts.get(key) ?? 0) + times);
  }

  addNumber(kind: Numbered, value: number, outer = ''): void {
    const names = this.names.get(kind) ?? new Map<number, string>();
    this.names.set(kind, names);
    this.add(
      named(names, value, () => WRITERS[kind](value)),
      outer,
    );
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }

  private within(outer: string, reason: string): string {
    const names = this.inner.get(outer) ?? new Map<string, string>();
    this.inner.set(outer, names);
    return named(names, reason, () => `${outer}: ${reason}`);
  }
}

function named<Key>(names: Map<Key, string>, key: Key, build: () => string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  if (names.size >= MAX_SKIP_REASONS) return OTHER_REASONS;
  const name = build();
  names.set(key, name);
  return name;
}

function etherTypeReason(etherType: number): string {
  if (etherType < 0x0600) return 'IEEE 802.3 frame without ethertype';
  return withName(`ethertype ${hexadecimal(etherType)}`, ETHERTYPES[etherType]);
}

function hexadecimal(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}

function withName(text: string, name: string | undefined): string {
  return name === undefined ? text : `${text} (${name})`;
}
