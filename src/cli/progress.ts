/** The progress line of a replay: once a second on standard error, and only where that is a terminal. */
import { statSync } from 'node:fs';
import { isStandardInput } from '../analysis/input.js';
import { formatCount, formatDuration, formatRate } from '../core/time.js';
import type { ReplayControl } from '../replay/control.js';
import type { ReplaySpec } from '../run/replay-spec.js';

const everyMs = 1000;

/** Starts the line and returns how to take it away. */
type Progressing = Pick<ReplaySpec, 'input' | 'limit' | 'durationNs' | 'loops'>;

export function showProgress(control: ReplayControl, spec: Progressing, stream = process.stderr): () => void {
  if (!stream.isTTY) return () => {};
  const sizeBytes = spec.input.paths.reduce((sum, path) => sum + sizeOf(path), 0);
  let packetsBefore = 0;
  const startMs = Date.now();
  const timer = setInterval(() => {
    const packets = control.read('packets');
    const p99Ns = control.read('latenessP99Ns');
    const share = shareDone(control, spec, sizeBytes);
    const eta = share > 0.001 ? ((Date.now() - startMs) * (1 - share)) / share : Number.NaN;
    stream.write(
      `\r\x1b[K${formatDuration(control.read('positionNs'))} of the capture, ${formatCount(packets)} packets, ` +
        `${formatRate(((packets - packetsBefore) * 1000) / everyMs, 'pps')}, ` +
        `late p99 ${p99Ns > 0 ? formatDuration(p99Ns) : '-'}, ` +
        `max ${formatDuration(control.read('longestLagNs'))}` +
        (Number.isNaN(eta) ? '' : `, ${(share * 100).toFixed(0)} %, ${formatDuration(eta * 1e6)} left`),
    );
    packetsBefore = packets;
  }, everyMs);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[K');
  };
}

/** How much of the run is behind us, by whichever bound is the nearest; 0 where there is none to tell by. */
function shareDone(control: ReplayControl, spec: Progressing, sizeBytes: number): number {
  const byLimit = control.read('packets') / spec.limit;
  const byTime = control.read('elapsedNs') / spec.durationNs;
  const loop = Math.max(control.read('loop') - 1, 0);
  const ofLoop = sizeBytes > 0 ? Math.min(control.read('sourceBytesRead') / sizeBytes, 1) : 0;
  const byFile = spec.loops === 0 ? 0 : (loop + ofLoop) / spec.loops;
  return Math.min(1, Math.max(byLimit, byTime, byFile));
}

/** 0 where it is not known: the share is told by other bounds then. */
function sizeOf(path: string): number {
  return isStandardInput(path) ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}
