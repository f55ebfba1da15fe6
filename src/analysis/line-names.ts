/**
 * Which line of a feed a flow is, A or B: as told (`--line-a`, `--line-b`), else by CME's channel configuration.
 *
 * A line is told by the address that it is sent to, or, where both go to one address, by that of its sender.
 */
import { type Endpoint, formatEndpoint, parseEndpoint } from '../capture/endpoint.js';
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import type { ChannelDirectory } from '../protocol/mdp3/channels.js';

export type LineName = 'A' | 'B';

/** An address of a line. */
export interface LineEndpoint extends Endpoint {
  /** Interface that it comes or goes by, an address or a name; null: any. Only sockets have one. */
  readonly iface: string | null;
}

/** The addresses of both lines, as the user told them; plain data. */
export interface LineSpec {
  readonly a: readonly LineEndpoint[];
  readonly b: readonly LineEndpoint[];
}

export const noLines: LineSpec = { a: [], b: [] };

/** Reads `ADDRESS:PORT` or `ADDRESS:PORT@IFACE`; throws UsageError. */
export function parseLineEndpoint(text: string): LineEndpoint {
  const [address = '', ...rest] = text.split('@');
  const iface = rest.length === 0 ? null : rest.join('@');
  if (iface === '') throw new UsageError('line', `'${text}' names no interface behind @: write one, or leave @ out`);
  return { ...parseEndpoint(address), iface };
}

/** Throws UsageError where the spec contradicts itself. */
export function checkLines({ a, b }: LineSpec): void {
  const shared = a.find((one) => b.some((other) => isSame(one, other) && one.iface === other.iface));
  if (shared === undefined) return;
  const address = formatEndpoint(shared.address, shared.port);
  throw new UsageError('line', `${address} cannot be line A and line B: give each its own address, or its sender's`);
}

/** Throws UsageError where an interface is named, which datagrams of a file do not have. */
export function refuseInterfaces({ a, b }: LineSpec): void {
  const named = [...a, ...b].find(({ iface }) => iface !== null);
  if (named === undefined) return;
  const address = formatEndpoint(named.address, named.port);
  throw new UsageError('line', `${address}@${named.iface}: only sockets have an interface; leave @${named.iface} out`);
}

/** Names the lines of flows. */
export class LineNames {
  private readonly named = new Map<string, LineName>();
  private readonly found = new Map<Flow, LineName | null>();

  constructor(
    { a, b }: LineSpec = noLines,
    private readonly channels: ChannelDirectory | null = null,
  ) {
    checkLines({ a, b });
    for (const one of b) this.named.set(keyOf(one.address, one.port, one.iface), 'B');
    for (const one of a) this.named.set(keyOf(one.address, one.port, one.iface), 'A');
  }

  /** The flow's line, `iface` where it came or goes by one that is known; null where nothing tells. */
  nameOf(flow: Flow, iface: string | null = null): LineName | null {
    let name = this.found.get(flow);
    if (name !== undefined) return name;
    const { destination, destinationPort, source, sourcePort } = flow;
    name = this.told(destination, destinationPort, iface) ?? this.told(source, sourcePort, iface);
    if (name === null) {
      const feed = this.channels?.lineOf(flow)?.feed;
      if (feed === 'A' || feed === 'B') name = feed;
    }
    this.found.set(flow, name);
    return name;
  }

  private told(address: string, port: number, iface: string | null): LineName | null {
    const { named } = this;
    return (
      (iface === null ? undefined : named.get(keyOf(address, port, iface))) ??
      named.get(keyOf(address, port, null)) ??
      null
    );
  }
}

function keyOf(address: string, port: number, iface: string | null): string {
  return iface === null ? formatEndpoint(address, port) : `${formatEndpoint(address, port)}@${iface}`;
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port;
}
