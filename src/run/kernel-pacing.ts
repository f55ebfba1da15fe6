/** `--pacing kernel`: what it needs of a target, and the times that datagrams are handed over with. */
import { isIP } from 'node:net';
import type { BasedClock } from '../core/clock.js';
import { UsageError } from '../core/errors.js';
import type { Clock } from '../core/seams.js';
import { resolveHost } from '../io/address.js';
import type { TransmitTimeOptions } from '../io/native/transmit-times.js';
import { transmitClock } from '../io/queue-discipline.js';
import type { ReplaySpec } from './replay-spec.js';
import { formatTarget } from './target.js';

/** Throws UsageError where datagrams do not go through the kernel's queue of an interface. */
export function refuseKernelPacing(spec: ReplaySpec, hasOwnSink: boolean): void {
  if (spec.pacing !== 'kernel' || spec.dryRun || spec.target.kind === 'pcap') return;
  if (spec.target.kind === 'udp' && !hasOwnSink) return;
  throw new UsageError(
    'pacing-kernel',
    'kernel pacing leaves the time to the queue of a network interface, which ' +
      `${hasOwnSink ? 'a sink of your own' : formatTarget(spec.target)} does not pass: use --to udp://HOST:PORT, or ` +
      'another pacing',
  );
}

/** What the sink is to be told, for a target of UDP; rejects with SinkError where no queue on the way keeps times. */
export async function transmitTimesOf(spec: ReplaySpec, clock: Clock): Promise<{ txtime?: TransmitTimeOptions }> {
  const { target } = spec;
  if (spec.pacing !== 'kernel' || target.kind !== 'udp') return {};
  const host = target.host === null || isIP(target.host) ? target.host : await resolveHost(target.host);
  const kept = transmitClock({ host, iface: target.iface });
  return { txtime: { clock: kept, base: (clock as BasedClock).base } };
}
