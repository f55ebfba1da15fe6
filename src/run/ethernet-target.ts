/**
 * Raw Ethernet as a target: `eth://IFACE?qdisc-bypass=&checksums=`, its sink, and what makes frames of the datagrams of
 * a run.
 */
import type { ChecksumMode } from '../capture/frame-rewriter.js';
import { Framer } from '../capture/framer.js';
import { rewritesAnything } from '../capture/rewrite-rules.js';
import { UsageError } from '../core/errors.js';
import type { DatagramReader } from '../core/seams.js';
import { openEthernetSink } from '../io/ethernet-sink.js';
import type { EngineOptions } from '../replay/engine.js';
import { FramedSource } from '../replay/framed-source.js';
import { headerBytes } from '../replay/scheduled-reader.js';
import type { ReplaySpec } from './replay-spec.js';
import type { OpenedTarget } from './sink-of.js';

export interface EthernetTarget {
  readonly kind: 'eth';
  readonly iface: string;
  /** Whether frames pass the interface's queueing discipline by. */
  readonly bypassQdisc: boolean;
  readonly checksums: ChecksumMode;
}

/** Reads `eth://IFACE?qdisc-bypass=&checksums=`; throws UsageError. */
export function parseEthernetTarget(text: string): EthernetTarget {
  const match = /^eth:\/\/([^/?#\s]{1,15})\/?(?:\?(.*))?$/.exec(text);
  if (!match) throw new UsageError('target', `'${text}' is not eth://INTERFACE, as in eth://eth1`);
  const options = { bypassQdisc: true, checksums: 'keep' as ChecksumMode };
  for (const [name, value] of new URLSearchParams(match[2] ?? '')) {
    if (name === 'qdisc-bypass') {
      if (!/^(true|false|0|1)$/.test(value)) throw new UsageError('target', `'${text}': qdisc-bypass is true or false`);
      options.bypassQdisc = value === 'true' || value === '1';
    } else if (name === 'checksums') {
      if (value !== 'keep' && value !== 'anew') throw new UsageError('target', `'${text}': checksums is keep or anew`);
      options.checksums = value;
    } else {
      throw new UsageError('target', `'${text}': unknown option '${name}'; there are qdisc-bypass and checksums`);
    }
  }
  return { kind: 'eth', iface: match[1] as string, ...options };
}

/** What a packet takes on layer 2 beside the bytes that are sent, without frame check sequence. */
export function headerBytesOf({ target }: Pick<ReplaySpec, 'target'>): number {
  return target.kind === 'eth' ? 0 : headerBytes;
}

/** Throws UsageError for what is asked of frames where none are sent, or of frames that hold no datagram. */
export function refuseFrames({ target, rewrite, allFrames, filter, dryRun }: ReplaySpec): void {
  const isAsked = allFrames || rewritesAnything(rewrite);
  if (isAsked && target.kind !== 'eth') {
    const option = allFrames ? '--all-frames' : '--rewrite-…';
    const other = dryRun ? '--dry-run alone' : `a target of another kind (${target.kind})`;
    throw new UsageError('ethernet', `${option} goes with --to eth://INTERFACE, not with ${other}`);
  }
  if (allFrames && Object.values(filter).some((list) => list.length > 0)) {
    throw new UsageError('all-frames', 'filters look at datagrams, and --all-frames sends what is none; leave one out');
  }
}

/** Throws SinkError where the interface cannot be opened. */
export function openEthernetTarget({ iface, bypassQdisc }: EthernetTarget): OpenedTarget {
  const sink = openEthernetSink({ iface, bypassQdisc });
  return {
    sink,
    path: () => `packet ring${sink.bypassesQdisc ? ', past the queueing discipline' : ''}`,
    counters: () => ({
      mtuBytes: sink.mtuBytes,
      ringSlots: sink.slots,
      kicks: sink.kicks,
      waits: sink.waits,
      ...(sink.tooLong > 0 ? { framesTooLong: sink.tooLong, longestFrameBytes: sink.longestBytes } : {}),
    }),
    errors: () => Object.fromEntries(sink.errors),
  };
}

/** What an engine that sends frames is told, and who makes them (`payloadSum` as `Framer` has it); else null. */
export function ethernetFramingOf(
  spec: Pick<ReplaySpec, 'target' | 'rewrite'>,
  payloadSum: () => number,
): { framer: Framer; framing: NonNullable<EngineOptions['framing']> } | null {
  const { target, rewrite } = spec;
  if (target.kind !== 'eth') return null;
  const framer = new Framer({ rules: rewrite, checksums: target.checksums, payloadSum });
  const framing = {
    frames: (inner: ConstructorParameters<typeof FramedSource>[0]) => new FramedSource(inner, framer),
    wireBytesOf: (reader: DatagramReader) => framer.lengthOf(reader.frame ?? null, reader.length, reader.flow),
  };
  return { framer, framing };
}
