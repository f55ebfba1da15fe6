/**
 * A generated session of a CME MDP 3.0 channel into a pcap or pcapng: the packets of its four feeds, each to groups of
 * its own, with capture stamps, a second line and faults if asked, and the truth about all of it.
 */
import { type Endpoint, flowBetween } from '../capture/endpoint.js';
import { UsageError } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import { type CaptureFormat, type CaptureOutput, openCaptureOutput } from '../io/capture-output.js';
import type { OutputCounts } from '../io/message-output.js';
import type { ChannelConnection } from '../protocol/mdp3/channels.js';
import { channelsText } from '../protocol/mdp3/channels-text.js';
import type { FaultShare } from '../sim/fault-draw.js';
import { type FaultsTruth, FaultyLines, type FeedFaultOptions, type PacketNumbers } from '../sim/faults.js';
import { type FeedName, feedNames, incremental } from '../sim/mdp3/packet-queue.js';
import { Mdp3Session, type Mdp3SessionOptions } from '../sim/mdp3/session.js';
import type { Mdp3SessionTruth } from '../sim/mdp3/truth.js';
import { CaptureStamps } from './capture-stamps.js';
import type { WireSpec } from './wire-spec.js';

export interface Mdp3OutputSpec {
  /** A file, or `-` for standard output. */
  readonly path: string;
  readonly format: CaptureFormat;
  /** Who sends line A: 127.0.0.1:26410. */
  readonly source?: Endpoint | undefined;
  /** Where the incremental feed of line A goes; the other feeds go to the ports behind it. */
  readonly destination?: Endpoint | undefined;
}

export interface Mdp3GenerateSpec extends WireSpec {
  readonly session: Mdp3SessionOptions;
  readonly output: Mdp3OutputSpec;
  /** Writes line B too: `true` to the channel's own groups, else where its incremental feed goes. */
  readonly lineB?: Endpoint | true | undefined;
}

/** Where a feed's line goes. */
export interface Mdp3FlowTruth {
  readonly feed: FeedName;
  readonly line: 'A' | 'B';
  readonly flow: string;
}

/** The faults of one feed. */
export interface Mdp3FeedFaults extends FaultsTruth {
  readonly feed: FeedName;
}

/** What was generated and written. */
export interface Mdp3GenerateTruth extends Mdp3SessionTruth {
  readonly output: OutputCounts;
  readonly flows: readonly Mdp3FlowTruth[];
  /** By feed; null where no fault and no second line was asked for. */
  readonly faults: readonly Mdp3FeedFaults[] | null;
}

const sources: readonly Endpoint[] = [
  { address: '127.0.0.1', port: 26_410 },
  { address: '127.0.0.1', port: 26_411 },
];
/** Last bytes of the groups of each feed's line A; line B's follow. */
const groups: Readonly<Record<FeedName, number>> = { I: 31, N: 41, S: 51, SMBO: 61 };
/** As the exchange's configuration words them. */
const feedWords: Readonly<Record<FeedName, string>> = {
  I: 'Incremental',
  N: 'Instrument Replay',
  S: 'Snapshot',
  SMBO: 'SnapshotMBO',
};
/** Ports of line A and B are these and the channel's number. */
const ports = [14_000, 15_000];
const mostPort = 65_535;
/** Packets made before whoever waits gets a turn. */
const slicePackets = 1 << 14;

/** Where a feed's line of a channel goes unless something else is asked for; `line` 0 is A. */
export function defaultMdp3Group(feed: FeedName, line: number, channel: number): Endpoint {
  return { address: `239.255.42.${groups[feed] + line}`, port: ports[line] + (channel % 1000) };
}

export class Mdp3Generation {
  readonly session: Mdp3Session;
  private readonly capture: CaptureOutput;
  private readonly output: DatagramOutput;
  private readonly faults: FaultyLines | null;
  private readonly stamps: CaptureStamps | null;
  private readonly flowsA: readonly Flow[];
  private readonly flowsB: readonly Flow[] | null;
  private isStopped = false;

  /** Checks what is asked for and opens the file; throws UsageError or SinkError. */
  constructor(spec: Mdp3GenerateSpec) {
    const { output, lineB, latency } = spec;
    this.session = new Mdp3Session(spec.session);
    const { channel, seed } = this.session;
    this.flowsA = flowsOf(0, channel, output.source ?? sources[0], output.destination);
    this.flowsB = lineB === undefined ? null : flowsOf(1, channel, sources[1], lineB === true ? undefined : lineB);
    this.stamps = latency === undefined ? null : new CaptureStamps(latency, new Random(`${seed} latency`));
    this.capture = openCaptureOutput({ path: output.path, format: output.format });
    const asked = [spec.gaps, spec.dups, spec.reorder, lineB];
    this.faults = asked.every((one) => one === undefined) ? null : this.faultsOf(spec);
    this.output = this.faults ?? this.capture;
  }

  /** Messages and bytes written so far. */
  get counts(): OutputCounts {
    const { packets, bytes, clampedTimestamps } = this.capture;
    const messages = this.session.count;
    return { messages, packets, bytes, tooLong: 0, zeroLength: 0, clampedTimestamps, connections: 0 };
  }

  /** True where the run was ended before all messages were made. */
  get stopped(): boolean {
    return this.isStopped;
  }

  /** Ends the run after the packets at hand; what is written stays readable. */
  stop(): void {
    this.isStopped = true;
  }

  /** Makes all messages; the file is whole and closed then, and also where it fails. */
  async run(): Promise<void> {
    try {
      while (!this.isStopped && this.writeSome()) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      this.output.close();
    }
  }

  truth(): Mdp3GenerateTruth {
    const { session, faults } = this;
    // Feeds are in order of their first packet.
    const told = faults?.feedTruths.map((truth) => ({ feed: this.feedOf(truth), ...truth }));
    return { ...session.truth(), output: this.counts, flows: this.describeFlows(), faults: told ?? null };
  }

  /** A channel configuration that names every feed and line, in the form of the exchange's `config.xml`. */
  channels(): string {
    const { session, flowsA, flowsB } = this;
    const connections = [flowsA, flowsB ?? []].flatMap((flows, line) =>
      flows.map((flow, feed) => this.connectionOf(flow, feedNames[feed], line === 0 ? 'A' : 'B')),
    );
    if (connections.some(({ ip }) => ip?.includes(':'))) {
      throw new UsageError('channels-file', 'a channel configuration names IPv4 groups only');
    }
    const id = String(session.channel);
    const channel = { id, label: `Generated channel ${id}`, products: session.products, connections };
    return channelsText('GENERATED', `${session.date.replaceAll('-', '/')}-00:00:00`, [channel]);
  }

  private connectionOf(flow: Flow, feedType: FeedName, feed: 'A' | 'B'): ChannelConnection {
    const channel = String(this.session.channel);
    return {
      id: `${channel}${feedType}${feed}`,
      channel,
      label: '',
      feedType,
      feedName: feedWords[feedType],
      feed,
      protocol: 'UDP',
      ip: flow.destination,
      hostIps: [flow.source],
      port: flow.destinationPort,
    };
  }

  private writeSome(): boolean {
    const { session, output, stamps } = this;
    for (let made = 0; made < slicePackets; made++) {
      if (!session.next()) return false;
      const { view, offset, length, seconds, nanoseconds } = session;
      const flow = this.flowsA[session.feed];
      if (stamps === null) {
        output.datagram(view, offset, length, flow, seconds, nanoseconds);
      } else {
        stamps.stamp(seconds, nanoseconds);
        output.datagram(view, offset, length, flow, stamps.seconds, stamps.nanoseconds);
      }
    }
    return true;
  }

  private faultsOf(spec: Mdp3GenerateSpec): FaultyLines {
    const { session, flowsA, flowsB } = this;
    const { gaps, dups, reorder, reorderDepth, skew } = spec;
    return new FaultyLines(this.capture, {
      seed: session.seed,
      messages: session.incrementalMessages,
      ...(reorderDepth === undefined ? {} : { reorderDepth }),
      ...(skew === undefined ? {} : { skew }),
      feedOf: (flow): FeedFaultOptions => {
        const feed = flowsA.indexOf(flow);
        const lineB = flowsB?.[feed];
        return {
          ...faultOf('gaps', gaps, feed),
          ...faultOf('dups', dups, feed),
          ...faultOf('reorder', reorder, feed),
          ...(lineB === undefined ? {} : { lineB }),
        };
      },
      numbersOf: (_view, _offset, _length, numbers: PacketNumbers) => {
        numbers.from = session.sequence;
        numbers.to = session.sequence;
        numbers.messages = session.packetMessages;
        numbers.isLast = session.count === session.messages;
      },
    });
  }

  private feedOf({ lines }: FaultsTruth): FeedName {
    return feedNames[this.flowsA.findIndex(({ name }) => name === lines[0].flow)];
  }

  private describeFlows(): Mdp3FlowTruth[] {
    const line = (flows: readonly Flow[] | null, name: 'A' | 'B') =>
      (flows ?? []).map((flow, index) => ({ feed: feedNames[index], line: name, flow: flow.name }));
    return [...line(this.flowsA, 'A'), ...line(this.flowsB, 'B')];
  }
}

/** A number of faults is of the incremental feed, a share of every feed's packets. */
function faultOf(kind: 'gaps' | 'dups' | 'reorder', share: FaultShare | undefined, feed: number): FeedFaultOptions {
  return share === undefined || (feed !== incremental && 'count' in share) ? {} : { [kind]: share };
}

/** The flows of a line, by feed. */
function flowsOf(line: number, channel: number, source: Endpoint, destination?: Endpoint): Flow[] {
  if (destination !== undefined && destination.port + feedNames.length > mostPort + 1) {
    throw new UsageError('destination', `the feeds take ${feedNames.length} ports from ${destination.port} on`);
  }
  return feedNames.map((feed, index) => {
    const group = destination ?? defaultMdp3Group(feed, line, channel);
    const port = destination === undefined ? group.port : group.port + index;
    return flowBetween('UDP', source, { address: group.address, port }, line * feedNames.length + index);
  });
}
