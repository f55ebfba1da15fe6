/** What a bench ran on, for its report. */
import { cpus, release, totalmem } from 'node:os';

/** Processor, memory, Node.js, platform, date and the command of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly platform: string;
  readonly date: string;
  readonly command: string;
}

/** This machine, and the command by the name of its script. */
export function machineOf(script: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    date: new Date().toISOString(),
    command: [`npm run ${script} --`, ...process.argv.slice(2)].join(' '),
  };
}
