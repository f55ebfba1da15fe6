/**
 * CME's channel configuration, `config.xml`: which channel, feed and line is sent where.
 *
 * `configuration` holds channels, a channel its products (with their security groups) and its connections, a
 * connection its feed type, protocol, group or hosts, port and line. Elements beside those are passed over. The text
 * is untrusted: what is asked for and missing or wrong is refused, with file, line and element.
 */
import { SchemaError } from '../../core/errors.js';
import type { Flow } from '../../core/seams.js';
import { parseXml, shown, type XmlElement } from '../../schema/sbe/xml-text.js';

/** One line of one feed of a channel. */
export interface ChannelConnection {
  /** Such as `310IA`. */
  readonly id: string;
  /** The channel's id, such as `310`. */
  readonly channel: string;
  /** The channel's name, such as `CME Globex Equity Futures`. */
  readonly label: string;
  /** `H` historical replay, `I` incremental, `N` instrument replay, `S` snapshot, `SMBO` snapshot by order, … */
  readonly feedType: string;
  /** As the file words it, such as `Incremental`. */
  readonly feedName: string;
  /** `A` or `B`. */
  readonly feed: string;
  readonly protocol: 'UDP' | 'TCP';
  /** The multicast group; null of a TCP connection. */
  readonly ip: string | null;
  /** Addresses that send, or that are connected to. */
  readonly hostIps: readonly string[];
  readonly port: number;
}

/** What a product of a channel trades as. */
export interface ChannelProduct {
  readonly code: string;
  /** Codes of its security groups. */
  readonly groups: readonly string[];
}

export interface Channel {
  readonly id: string;
  readonly label: string;
  readonly products: readonly ChannelProduct[];
  readonly connections: readonly ChannelConnection[];
}

/** A configuration that was read, and the way from a flow to its line. */
export class ChannelDirectory {
  /** By group and port of UDP, and by host and port of TCP: null where several channels or lines share one. */
  private readonly places = new Map<string, ChannelConnection | null>();
  /** By the flow's index, what was looked up last: a flow of a capture once. */
  private readonly found: { flow: Flow; line: ChannelConnection | null }[] = [];

  /** `environment` and `updated` are as the file has them, such as `PROD` and `2023/08/14-21:12:03`. */
  constructor(
    readonly environment: string,
    readonly updated: string,
    readonly channels: readonly Channel[],
  ) {
    for (const connection of channels.flatMap(({ connections }) => connections)) {
      const { protocol, ip, hostIps, port } = connection;
      const addresses = protocol === 'UDP' ? (ip === null ? [] : [ip]) : hostIps;
      for (const address of new Set(addresses)) this.place(`${address}:${port}`, connection);
    }
  }

  /** The line that a flow carries, known by where it is sent or, over TCP, by its server; null where none is told. */
  lineOf(flow: Flow): ChannelConnection | null {
    const known = this.found[flow.index];
    if (known !== undefined && known.flow === flow) return known.line;
    const line = this.lineAt(`${flow.destination}:${flow.destinationPort}`, `${flow.source}:${flow.sourcePort}`);
    this.found[flow.index] = { flow, line };
    return line;
  }

  /** The same by `address:port` of both ends. */
  lineAt(destination: string, source: string): ChannelConnection | null {
    return this.places.get(destination) ?? this.places.get(source) ?? null;
  }

  private place(key: string, connection: ChannelConnection): void {
    const other = this.places.get(key);
    const isShared = other === null || (other !== undefined && !isSameLine(other, connection));
    this.places.set(key, isShared ? null : (other ?? connection));
  }
}

/** Reads a configuration; `source` names the file in errors. Throws SchemaError. */
export function readChannels(text: string, source: string): ChannelDirectory {
  const root = parseXml(text, source);
  if (root.name !== 'configuration') refuse(root, `is no channel configuration: the root of one is "configuration"`);
  const channels = childrenOf(root, 'channel').map(readChannel);
  const seen = new Set<string>();
  for (const { id } of channels) {
    if (seen.has(id)) refuse(root, `channel "${shown(id)}" is there twice: take one out`);
    seen.add(id);
  }
  if (channels.length === 0) refuse(root, 'has no channel');
  return new ChannelDirectory(root.attributes.get('environment') ?? '', root.attributes.get('updated') ?? '', channels);
}

function readChannel(element: XmlElement): Channel {
  const id = attributeOf(element, 'id');
  const label = element.attributes.get('label') ?? '';
  return {
    id,
    label,
    products: childrenOf(element, 'products').flatMap((list) =>
      childrenOf(list, 'product').map((product) => ({
        code: attributeOf(product, 'code'),
        groups: childrenOf(product, 'group').map((group) => attributeOf(group, 'code')),
      })),
    ),
    connections: childrenOf(element, 'connections').flatMap((list) =>
      childrenOf(list, 'connection').map((connection) => readConnection(connection, id, label)),
    ),
  };
}

function readConnection(element: XmlElement, channel: string, label: string): ChannelConnection {
  const type = childOf(element, 'type');
  const protocol = protocolOf(childOf(element, 'protocol'));
  const [ip = null] = childrenOf(element, 'ip').map(addressOf);
  const hostIps = childrenOf(element, 'host-ip').map(addressOf);
  if (protocol === 'UDP' && ip === null) refuse(element, 'is UDP and names no group: write its <ip>');
  if (protocol === 'TCP' && hostIps.length === 0) refuse(element, 'is TCP and names no host: write its <host-ip>');
  return {
    id: attributeOf(element, 'id'),
    channel,
    label,
    feedType: attributeOf(type, 'feed-type'),
    feedName: type.text.trim().replace(/\s+/g, ' '),
    feed: feedOf(childOf(element, 'feed')),
    protocol,
    ip: protocol === 'UDP' ? ip : null,
    hostIps,
    port: portOf(childOf(element, 'port')),
  };
}

function protocolOf(element: XmlElement): 'UDP' | 'TCP' {
  const text = element.text.trim();
  if (text === 'UDP/IP') return 'UDP';
  if (text === 'TCP/IP') return 'TCP';
  return refuse(element, `"${shown(text)}" is neither UDP/IP nor TCP/IP`);
}

function addressOf(element: XmlElement): string {
  const text = element.text.trim();
  const octets = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text.split('.').map(Number) : [256];
  if (octets.some((octet) => octet > 255)) refuse(element, `"${shown(text)}" is no IPv4 address`);
  return octets.join('.');
}

function portOf(element: XmlElement): number {
  const text = element.text.trim();
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : refuse(element, `"${shown(text)}" is no port from 1 to 65535`);
}

function feedOf(element: XmlElement): string {
  const text = element.text.trim();
  return /^[A-Z]$/.test(text) ? text : refuse(element, `"${shown(text)}" is no line such as A or B`);
}

function isSameLine(one: ChannelConnection, other: ChannelConnection): boolean {
  return one.channel === other.channel && one.feedType === other.feedType && one.feed === other.feed;
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

function childOf(element: XmlElement, name: string): XmlElement {
  const [child] = childrenOf(element, name);
  return child ?? refuse(element, `has no <${name}>`);
}

function attributeOf(element: XmlElement, name: string): string {
  const text = element.attributes.get(name);
  if (text === undefined || !/^[\x21-\x7e]{1,64}$/.test(text)) {
    refuse(element, `its attribute ${name} "${shown(text ?? '')}" is not 1 to 64 printable characters`);
  }
  return text;
}

function refuse(element: XmlElement, text: string): never {
  throw new SchemaError('channels', `${element.source}, line ${element.line}: ${pathOf(element)}: ${text}`);
}

/** Such as `configuration/channel 310/connections/connection 310IA/port`. */
function pathOf(element: XmlElement): string {
  const given = element.attributes.get('id') ?? element.attributes.get('code');
  const step = given === undefined ? element.name : `${element.name} ${shown(given)}`;
  return element.parent === null ? step : `${pathOf(element.parent)}/${step}`;
}
