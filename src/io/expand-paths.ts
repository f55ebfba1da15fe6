/** Patterns such as `day-*.pcap` as the files that they match, for shells and callers that leave them as they are. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { UsageError } from '../core/errors.js';

/** A path without any of these is no pattern. */
const special = /[*?[\]{}()!+@\\]/;

/** The paths with each pattern replaced by its matches, sorted; throws UsageError where one matches nothing. */
export function expandPaths(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!special.test(path)) return path;
    const { globSync, isDynamicPattern } = createRequire(import.meta.url)('tinyglobby') as typeof import('tinyglobby');
    if (!isDynamicPattern(path) || existsSync(path)) return path;
    const found = globSync(path, { absolute: path.startsWith('/'), expandDirectories: false }).sort();
    if (found.length === 0) throw new UsageError('pattern', `no file matches '${path}'`);
    return found;
  });
}
