/** What the flags of `tickreel generate` ask for, and which of them contradict each other or the protocol. */
import type { Endpoint } from '../capture/endpoint.js';
import { UsageError } from '../core/errors.js';
import { parseDuration, parseWhen } from '../core/time.js';
import { type OutputFormat, type OutputFraming, outputFormatOf } from '../io/message-output.js';
import type { LatencyRange } from '../run/capture-stamps.js';
import { defaultLineB, type GenerateSpec } from '../run/generate.js';
import type { Mdp3GenerateSpec } from '../run/generate-mdp3.js';
import type { WireSpec } from '../run/wire-spec.js';
import type { FaultShare } from '../sim/fault-draw.js';
import { maxReorderDepth } from '../sim/faults.js';

export interface PriceFlags {
  lowest: number;
  highest: number;
}

export interface GenerateFlags {
  output: string;
  protocol: 'itch50' | 'mdp3';
  messages: number;
  symbols?: number;
  seed: number | string;
  date: string;
  from?: number;
  until?: number;
  duration?: number;
  prices?: PriceFlags;
  marketWideHalt?: boolean;
  schemaVersion?: number;
  channel?: number;
  channelReset?: boolean;
  channelsFile?: string;
  format?: OutputFormat;
  framing?: OutputFraming;
  session?: string;
  source?: Endpoint;
  destination?: Endpoint;
  mtu?: number;
  pack?: 'timestamp' | 'mtu';
  latency?: LatencyRange;
  gaps?: FaultShare;
  dups?: FaultShare;
  reorder?: FaultShare;
  reorderDepth?: number;
  bLine?: Endpoint | true;
  skew?: LatencyRange;
  truth?: string;
}

/** Flags that say something about one protocol only. */
const ofItch = ['prices', 'marketWideHalt', 'framing', 'session', 'pack'] as const;
const ofMdp = ['schemaVersion', 'channel', 'channelReset', 'channelsFile'] as const;

/** Throws UsageError for flags that do not go together. */
export function refuse(flags: GenerateFlags): void {
  if (flags.output === '-' && flags.truth === '-') {
    throw new UsageError('truth', '--truth - and -o - both want standard output: give a file to one of them');
  }
  if (flags.truth === flags.output) throw new UsageError('truth', '--truth and --output name one file');
  if (flags.channelsFile === '-') throw new UsageError('channels-file', '--channels-file wants a file of its own');
  if (flags.channelsFile === flags.output) {
    throw new UsageError('channels-file', '--channels-file and --output name one file');
  }
  if (flags.output === '-' && process.stdout.isTTY) {
    throw new UsageError('terminal', 'standard output is a terminal: name a file with -o, or pipe into a program');
  }
  if (flags.reorderDepth !== undefined && flags.reorderDepth > maxReorderDepth) {
    throw new UsageError('reorder-depth', `--reorder-depth is at most ${maxReorderDepth}`);
  }
  if (flags.reorderDepth !== undefined && flags.reorder === undefined) {
    throw new UsageError('reorder-depth', '--reorder-depth goes with --reorder');
  }
  if (flags.skew !== undefined && flags.bLine === undefined) throw new UsageError('skew', '--skew goes with --b-line');
  for (const name of flags.protocol === 'mdp3' ? ofItch : ofMdp) {
    if (flags[name] === undefined) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const [other, hint] = flags.protocol === 'mdp3' ? ['MDP 3.0', ''] : ['ITCH', ': add --protocol mdp3'];
    throw new UsageError('protocol', `${flag} says nothing about a session of ${other}${hint}`);
  }
}

/** A session of ITCH. */
export function itchSpecOf(flags: GenerateFlags): GenerateSpec {
  const { output: path, format, framing, session, source, destination, mtu, pack, bLine } = flags;
  return {
    session: {
      messages: flags.messages,
      seed: flags.seed,
      date: flags.date,
      marketWideHalt: flags.marketWideHalt ?? false,
      ...(flags.symbols === undefined ? {} : { symbols: flags.symbols }),
      ...hours(flags),
      ...(flags.prices === undefined ? {} : { lowestPrice: flags.prices.lowest, highestPrice: flags.prices.highest }),
    },
    output: { path, format, framing, session, source, destination, mtu, pack },
    ...wireOf(flags),
    lineB: bLine === true ? defaultLineB : bLine,
  };
}

/** A session of MDP 3.0. */
export function mdp3SpecOf(flags: GenerateFlags): Mdp3GenerateSpec {
  const { output: path, source, destination, bLine } = flags;
  const format = outputFormatOf(path, flags.format);
  if (format === 'binaryfile') {
    throw new UsageError('format', 'a BinaryFILE holds no packets, which MDP 3.0 is made of: write a pcap or pcapng');
  }
  return {
    session: {
      messages: flags.messages,
      seed: flags.seed,
      date: flags.date,
      channelReset: flags.channelReset ?? false,
      ...(flags.symbols === undefined ? {} : { instruments: flags.symbols }),
      ...(flags.schemaVersion === undefined ? {} : { schemaVersion: flags.schemaVersion }),
      ...(flags.channel === undefined ? {} : { channel: flags.channel }),
      ...(flags.mtu === undefined ? {} : { mtu: flags.mtu }),
      ...hours(flags),
    },
    output: { path, format, source, destination },
    ...wireOf(flags),
    lineB: bLine,
  };
}

function wireOf({ latency, gaps, dups, reorder, reorderDepth, skew }: GenerateFlags): WireSpec {
  return { latency, gaps, dups, reorder, reorderDepth, skew };
}

export function parseSeed(text: string): number | string {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : text;
}

/** Nanoseconds since midnight. */
export function parseTimeOfDay(text: string): number {
  const when = parseWhen(text);
  if (when.kind !== 'timeOfDay') throw new UsageError('when', `'${text}' is no time of day, as in 09:30:00`);
  return when.ns;
}

/** Reads `LOW-HIGH`. */
export function parsePrices(text: string): PriceFlags {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) throw new UsageError('prices', `'${text}' is not LOW-HIGH in dollars, as in 0.5-600`);
  return { lowest: Number(match[1]), highest: Number(match[2]) };
}

/** Reads `20us`, or `20us-80us` for anything between. */
export function parseLatency(text: string): LatencyRange {
  const [least, most = least, ...others] = text.split('-').map(parseDuration);
  if (others.length > 0 || most < least) throw new UsageError('latency', `'${text}' is not TIME or LEAST-MOST`);
  return { leastNs: least, mostNs: most };
}

function hours({ from, until, duration }: GenerateFlags) {
  return {
    ...(from === undefined ? {} : { fromNs: from }),
    ...(until === undefined ? {} : { untilNs: until }),
    ...(duration === undefined ? {} : { durationNs: duration }),
  };
}
