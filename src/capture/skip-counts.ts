/** Counts of packets that carry no datagram for us, by reason: nothing is passed over in silence. */

/** The most reasons that are told apart; the rest share `OTHER_REASONS`. */
export const MAX_SKIP_REASONS = 64;

/** The reason of packets that came after `MAX_SKIP_REASONS` different ones. */
export const OTHER_REASONS = 'other reasons';

const ETHERTYPES: Readonly<Record<number, string>> = {
  2054: 'ARP',
  34525: 'IPv6',
  34824: 'Ethernet flow control',
  34825: 'slow protocols',
  34887: 'MPLS',
  34915: 'PPPoE discovery',
  34916: 'PPPoE',
  35020: 'LLDP',
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
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  132: 'SCTP',
};

/** How many packets were skipped for which reason. */
export class SkipCounts {
  total = 0;
  private readonly counts = new Map<string, number>();
  /** Names that were built once, so that a flood of one kind builds no strings. */
  private readonly linkTypes = new Map<number, string>();
  private readonly etherTypes = new Map<number, string>();
  private readonly protocols = new Map<number, string>();

  add(reason: string): void {
    this.total++;
    const known = this.counts.has(reason) || this.counts.size < MAX_SKIP_REASONS;
    const key = known ? reason : OTHER_REASONS;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  addLinkType(linkType: number): void {
    this.add(named(this.linkTypes, linkType, linkTypeReason));
  }

  addEtherType(etherType: number): void {
    this.add(named(this.etherTypes, etherType, etherTypeReason));
  }

  addProtocol(protocol: number): void {
    this.add(named(this.protocols, protocol, protocolReason));
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }
}

function named(names: Map<number, string>, value: number, build: (value: number) => string): string {
  const known = names.get(value);
  if (known !== undefined) return known;
  if (names.size >= MAX_SKIP_REASONS) return OTHER_REASONS;
  const name = build(value);
  names.set(value, name);
  return name;
}

function linkTypeReason(linkType: number): string {
  return `link type ${linkType}`;
}

function etherTypeReason(etherType: number): string {
  if (etherType < 0x0600) return 'IEEE 802.3 frame without ethertype';
  return withName(`ethertype 0x${etherType.toString(16).padStart(4, '0')}`, ETHERTYPES[etherType]);
}

function protocolReason(protocol: number): string {
  return withName(`IPv4 protocol ${protocol}`, PROTOCOLS[protocol]);
}

function withName(text: string, name: string | undefined): string {
  return name === undefined ? text : `${text} (${name})`;
}
