/** Gives flows other addresses: `ADDRESS:PORT` for all of them, or `OLD=NEW` for those that have the old one. */
import { type Endpoint, flowBetween, parseEndpoint } from '../capture/endpoint.js';
import type { Flow } from '../core/seams.js';

export interface Remapping {
  /** Null: any. */
  readonly from: Endpoint | null;
  readonly to: Endpoint;
}

/** Reads `ADDRESS:PORT` or `ADDRESS:PORT=ADDRESS:PORT`; throws UsageError. */
export function parseRemapping(text: string): Remapping {
  const [first = '', second] = text.split('=', 2);
  return second === undefined
    ? { from: null, to: parseEndpoint(first) }
    : { from: parseEndpoint(first), to: parseEndpoint(second) };
}

/** The endpoint that the first remapping which fits makes of it; itself where none does. */
export function remapped(endpoint: Endpoint, remappings: readonly Remapping[]): Endpoint {
  const fits = ({ from }: Remapping) =>
    from === null || (from.address === endpoint.address && from.port === endpoint.port);
  return remappings.find(fits)?.to ?? endpoint;
}

/** Remaps flows, each once. */
export class FlowMap {
  private readonly flows = new Map<Flow, Flow>();
  private readonly sources: readonly Remapping[];
  private readonly destinations: readonly Remapping[];

  constructor(sources: readonly Remapping[], destinations: readonly Remapping[]) {
    this.sources = sources;
    this.destinations = destinations;
  }

  /** The flow itself where nothing about it changes. */
  get(flow: Flow): Flow {
    if (this.sources.length + this.destinations.length === 0) return flow;
    let mapped = this.flows.get(flow);
    if (mapped === undefined) {
      const source = remapped({ address: flow.source, port: flow.sourcePort }, this.sources);
      const to = { address: flow.destination, port: flow.destinationPort };
      mapped = flowBetween(flow.transport, source, remapped(to, this.destinations), flow.index);
      this.flows.set(flow, mapped);
    }
    return mapped;
  }
}
