/** The options that say what a thread asks of the machine: `--cpu`, `--mlock`, `--realtime`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatBytes, formatCounted } from '../core/time.js';
import type { MachineReport, MachineSpec } from '../io/native/machine.js';
import { count } from './options.js';
import { warn } from './summary.js';

export interface MachineFlags {
  cpu: number | 'auto' | 'any';
  mlock?: boolean;
  realtime?: number | true;
}

/** In the middle of 1 to 99: above ordinary threads and most others, below what watches the machine. */
const defaultPriority = 50;

/** Says in each option that it is for the thread that does `what`; `cpu` is the processor unless one is asked for. */
export function addMachineOptions(command: Command, what: string, cpu: 'any' | 'auto' = 'any'): Command {
  const help =
    `keep the thread that ${what} on processor N, and the other threads of this process off it; ` +
    'auto: on one of several';
  return command
    .optionsGroup('Machine (Linux, with koffi):')
    .addOption(new Option('--cpu <N|auto|any>', help).argParser(processor).default(cpu))
    .option('--mlock', 'keep the code of the process, and what --preload read, in memory: it is not paged out')
    .option(
      '--realtime [priority]',
      `run that thread before all ordinary ones (SCHED_FIFO; 1 to 99, ${defaultPriority} unless given)`,
      priority,
    );
}

export function machineOf({ cpu, mlock, realtime }: MachineFlags): MachineSpec {
  return {
    cpu: cpu === 'any' ? null : cpu,
    lockMemory: mlock ?? false,
    realtime: realtime === true ? defaultPriority : (realtime ?? null),
  };
}

/** What was refused, a warning each; the run goes on. */
export function warnOfMachine(report: MachineReport | null): void {
  for (const text of report?.refused ?? []) warn(text);
}

/** The line of a receiver's report, where anything took effect. */
export function machineLine(report: MachineReport | null): string {
  const text = report === null ? '' : machineText(report);
  return text === '' ? '' : `thread        ${text}\n`;
}

/** What took effect, for people; empty where nothing did. */
export function machineText({ cpu, threadsMoved, lockedBytes, realtime }: MachineReport): string {
  const alone = threadsMoved === 0 ? '' : ` (${formatCounted(threadsMoved, 'other thread')} kept off it)`;
  return [
    cpu === null ? '' : `on processor ${cpu}${alone}`,
    lockedBytes === 0 ? '' : `${formatBytes(lockedBytes)} of code locked`,
    realtime === null ? '' : `SCHED_FIFO ${realtime}`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function processor(text: string): MachineFlags['cpu'] {
  return text === 'any' || text === 'auto' ? text : count(0)(text);
}

function priority(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 99) throw new InvalidArgumentError('it is 1 to 99.');
  return value;
}
