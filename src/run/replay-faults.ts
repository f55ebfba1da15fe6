/** Faults of a replay: which of them go with its target and rate, and the line B that it makes. */
import type { Protocols } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import { resolveHost } from '../io/address.js';
import { needsSchedule } from '../replay/faults/fault.js';
import type { ReplaySpec } from './replay-spec.js';
import { MadeLine, noFaults, openRunFaults, type RunFaults } from './run-faults.js';

/** Null where nothing befalls packets; rejects with UsageError, SinkError or CaptureError. */
export async function openReplayFaults(spec: ReplaySpec, protocols: Protocols): Promise<RunFaults | null> {
  refuseFaults(spec);
  const { faults, lineB } = spec;
  if (faults === null && lineB === null) return null;
  const madeLine = lineB === null ? null : await makeLine(lineB.host, lineB.port);
  return openRunFaults(faults ?? noFaults, protocols, { madeLine, inputPaths: spec.input.paths });
}

/** Throws UsageError for what the target or the rate gives no meaning. */
function refuseFaults({ faults, lineB, target, rate, dryRun }: ReplaySpec): void {
  const isFile = target.kind === 'pcap';
  if (lineB !== null && !(isFile || target.kind === 'udp' || target.kind === 'null' || dryRun)) {
    throw new UsageError(
      'line-b',
      `a line B is made of datagrams: --to udp://HOST:PORT or pcap:FILE, not ${target.kind}`,
    );
  }
  if (faults === null) return;
  const isUnpaced = rate.mode === 'max' && !isFile && !dryRun;
  const waiting = faults.plan.faults.find(needsSchedule);
  if (isUnpaced && waiting !== undefined) {
    throw new UsageError('fault', `"${waiting.text}" needs a schedule to delay packets on: --speed max has none`);
  }
  const stale = faults.plan.faults.find(({ effect }) => effect.kind === 'corrupt' && effect.checksum === 'stale');
  if (stale === undefined || isFile || target.kind === 'eth' || dryRun) return;
  const text = 'a stale checksum is one of a frame that is written here: --to pcap:FILE or eth://INTERFACE';
  throw new UsageError('fault', `"${stale.text}": ${text}`);
}

async function makeLine(host: string | null, port: number | null): Promise<MadeLine> {
  if (host === null || port === null) {
    throw new UsageError('line-b', '--line-b udp:// needs a host and a port, as in udp://127.0.0.1:26478');
  }
  return new MadeLine({ address: await resolveHost(host), port });
}
