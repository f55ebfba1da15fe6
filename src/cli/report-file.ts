/** Files that a command writes beside its report: pictures, percentile distributions, the report as JSON. */
import { writeFileSync } from 'node:fs';
import { UsageError } from '../core/errors.js';
import { refuseUnwritable, unwritable } from '../io/file-error.js';
import { refuseSameFile } from '../io/file-writer.js';
import { warn } from './summary.js';

/** Writes the file; false, with a warning, where that fails. */
export function writeReportFile(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    warn(unwritable(path, error).message);
    return false;
  }
}

/**
 * Before a run: throws where `--plot` would write over the capture, cannot be written, or wants standard output from
 * another option (null: none has it).
 */
export function refusePlot(
  plotPath: string | undefined,
  inputPaths: readonly string[],
  stdoutTakenBy: string | null,
): void {
  if (plotPath === '-' && stdoutTakenBy !== null) {
    throw new UsageError('plot', `--plot - and ${stdoutTakenBy} both want standard output; give one of them a file`);
  }
  refuseOutputs([plotPath], inputPaths);
}

/**
 * Before a run: throws where one of the files to be written is a capture being read, is named twice, or cannot be
 * written.
 */
export function refuseOutputs(outputs: readonly (string | undefined)[], inputPaths: readonly string[]): void {
  const paths = outputs.filter((path) => path !== undefined && path !== '-') as string[];
  for (const [index, path] of paths.entries()) {
    refuseSameFile(path, inputPaths);
    if (paths.indexOf(path) < index) throw new UsageError('same-file', `${path} is named for two outputs`);
    refuseUnwritable(path);
  }
}
