/** Files that a command writes beside its report: pictures, percentile distributions, the report as JSON. */
import { writeFileSync } from 'node:fs';
import { SinkError, UsageError } from '../core/errors.js';
import { isSameFile } from '../io/file-writer.js';
import { warn } from './summary.js';

/** Writes the file; false, with a warning, where that fails. */
export function writeReportFile(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    warn(`cannot write ${path}: ${(error as Error).message}`);
    return false;
  }
}

/**
 * Before a run: throws where `--plot` would write over the capture, or wants standard output from another option
 * (null: none has it).
 */
export function refusePlot(
  plotPath: string | undefined,
  inputPaths: readonly string[],
  stdoutTakenBy: string | null,
): void {
  if (plotPath === undefined) return;
  if (plotPath === '-' && stdoutTakenBy !== null) {
    throw new UsageError('plot', `--plot - and ${stdoutTakenBy} both want standard output; give one of them a file`);
  }
  if (inputPaths.some((input) => isSameFile(plotPath, input))) {
    throw new SinkError('same-file', `${plotPath} is the capture that is being read; name another file`);
  }
}
