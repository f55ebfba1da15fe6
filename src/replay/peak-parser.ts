/** What `--peak`, `--peak-window` and `--peak-share` ask for. */
import { UsageError } from '../core/errors.js';
import { parseRational } from '../core/rational.js';
import type { PeakOptions } from './peak.js';
import { formatRate, type Rate } from './rate.js';

export const peakDefaults = { windowNs: 10_000_000, share: 0.01 } as const;

export interface PeakTexts {
  readonly peak?: string | undefined;
  /** ns */
  readonly peakWindow?: number | undefined;
  readonly peakShare?: string | undefined;
}

/** Null where it is not asked for; `rate` is that of the replay. Throws `UsageError`. */
export function parsePeak({ peak, peakWindow, peakShare }: PeakTexts, rate: Rate): PeakOptions | null {
  if (peak === undefined) {
    const lone = peakWindow !== undefined ? '--peak-window' : peakShare !== undefined ? '--peak-share' : undefined;
    if (lone !== undefined) throw new UsageError('peak', `${lone} goes with --peak, as in --peak 2x`);
    return null;
  }
  if (rate.mode !== 'original') {
    throw new UsageError(
      'peak',
      `--peak compresses windows of the capture's own timing, which --speed ${formatRate(rate)} does not keep; ` +
        'give a multiple, such as 1x',
    );
  }
  const factor = /^[\d./]+x$/.test(peak.trim()) ? parseRational(peak.trim().slice(0, -1)) : null;
  if (factor === null || factor.numerator <= factor.denominator) {
    throw new UsageError('peak', `--peak ${peak}: how many times the peak rate, above 1x, as in 2x or 1.5x`);
  }
  const windowNs = peakWindow ?? peakDefaults.windowNs;
  if (windowNs < 1000) throw new UsageError('peak', '--peak-window must be at least 1us');
  return { factor, windowNs, share: peakShare === undefined ? peakDefaults.share : parseShare(peakShare) };
}

function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / 100;
  if (share > 0 && share <= 1) return share;
  throw new UsageError('peak', `--peak-share ${text}: a share of the packets is needed, above 0% and up to 100%`);
}
