/** Patterns such as `day-*.pcap` as the files that they match, for shells and callers that leave them as they are. */
import { existsSync } from 'node:fs';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { UsageError } from '../core/errors.js';

/** The paths with each pattern replaced by its matches, sorted; throws UsageError where one matches nothing. */
export function expandPaths(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!isDynamicPattern(path) || existsSync(path)) return path;
    const found = globSync(path, { absolute: path.startsWith('/'), expandDirectories: false }).sort();
    if (found.length === 0) throw new UsageError('pattern', `no file matches '${path}'`);
    return found;
  });
}
