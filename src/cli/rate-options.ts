/** The options that say how fast a replay goes: one rate, and the shape that it takes. */
import type { Command } from 'commander';
import { UsageError } from '../core/errors.js';
import { parseDuration } from '../core/time.js';
import { parsePeak } from '../replay/peak-parser.js';
import type { RateOptions } from '../replay/rate.js';
import { parseShapedRate } from '../replay/shape-parser.js';
import type { ReplaySpec } from '../run/replay-spec.js';
import { duration, refusing } from './options.js';

/** All of them are held open. */
const mostOverlaid = 64;

export interface RateFlags extends RateOptions {
  shape?: string;
  peak?: string;
  peakWindow?: number;
  peakShare?: string;
}

/** The options that set the rate, at most one of which may be given, and its shape. */
export function addRateOptions(command: Command): Command {
  return command
    .optionsGroup('Rate (exactly one; default: original timing):')
    .option('--speed <rate>', '10x, 0.5x, 50Mmsg/s, 100kpps, 1Gbps (layer 2 without FCS) or max')
    .option('--multiplier <factor>', 'the same as --speed FACTORx')
    .option('--pps <N>', 'the same as --speed Npps')
    .option('--mbps <N>', 'the same as --speed NMbps')
    .option('--topspeed', 'the same as --speed max')
    .optionsGroup('Load (tickreel help load):')
    .option(
      '--shape <shape>',
      'the rate over time, in multiples of it or absolute: "ramp 1x..4x over 30s; burst 10x for 100ms every 5s"',
    )
    .option('--peak <factor>', "compress the capture's busiest windows to this multiple of its peak rate, as in 2x")
    .option('--peak-window <time>', 'how long a window is (default: 10ms)', duration)
    .option('--peak-share <percent>', 'windows as busy as those of this share of the packets (default: 1%)');
}

/** The rate, its shape and what becomes of the peaks; throws UsageError where options contradict each other. */
export function loadOf(flags: RateFlags): Pick<ReplaySpec, 'rate' | 'shape' | 'peak'> {
  const { rate, shape } = parseShapedRate(flags);
  return { rate, shape, peak: parsePeak(flags, rate) };
}

export interface OverlayFlags {
  overlay?: boolean;
  overlayOffset?: number[];
}

/** The options that lay captures over each other. */
export function addOverlayOptions(command: Command): Command {
  return command
    .option('--overlay', 'play several captures at once, each from its own first packet on, flows and sessions apart')
    .option(
      '--overlay-offset <time,...>',
      'when each capture begins, in the order of naming (0 where left out): 0s,500ms,2s',
      refusing((text) => text.split(',').map((each) => parseDuration(each))),
    );
}

/** When each capture begins, ns; null where they are merged by their stamps. Throws UsageError. */
export function overlayOf({ overlay, overlayOffset = [] }: OverlayFlags, paths: readonly string[]): number[] | null {
  if (overlay === undefined) {
    if (overlayOffset.length > 0) throw new UsageError('overlay', '--overlay-offset goes with --overlay');
    return null;
  }
  if (paths.length < 2) {
    throw new UsageError('overlay', '--overlay lays captures over each other; name two or more, or one twice');
  }
  if (paths.length > mostOverlaid) {
    throw new UsageError('overlay', `--overlay: ${paths.length} captures are more than the ${mostOverlaid} it takes`);
  }
  if (overlayOffset.length > paths.length) {
    const captures = `${overlayOffset.length} times for ${paths.length} captures`;
    throw new UsageError('overlay', `--overlay-offset has ${captures}; give one for each`);
  }
  return paths.map((_path, index) => overlayOffset[index] ?? 0);
}
