/** The options that say how a replay waits for its deadlines. */
import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.js';
import { formatDuration } from '../core/time.js';
import { type Pacing, pacings } from '../core/waiter.js';
import { type ReplaySpec, replayDefaults } from '../run/replay-spec.js';
import { duration } from './options.js';

export interface PacingFlags {
  pacing: Pacing;
  spinBelow?: number;
}

const spinBelow = formatDuration(replayDefaults.spinBelowNs);

export function addPacingOptions(command: Command): Command {
  return command
    .optionsGroup('Pacing:')
    .addOption(
      new Option('--pacing <how>', 'how deadlines are waited for (tickreel help pacing)')
        .choices(pacings)
        .default(replayDefaults.pacing),
    )
    .option(
      '--spin-below <time>',
      `of hybrid: sleep until so long before a deadline, spin the rest (default: ${spinBelow})`,
      duration,
    );
}

/** Throws UsageError where a threshold is given to a pacing that has none. */
export function pacingOf({ pacing, spinBelow }: PacingFlags): Pick<ReplaySpec, 'pacing' | 'spinBelowNs'> {
  if (spinBelow !== undefined && pacing !== 'hybrid') {
    throw new UsageError('spin-below', `--spin-below goes with --pacing hybrid: ${pacing} has no threshold`);
  }
  return { pacing, spinBelowNs: spinBelow ?? replayDefaults.spinBelowNs };
}
