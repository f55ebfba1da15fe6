/** What tells whether a file is still the one that was opened, without opening it. */
import { statSync } from 'node:fs';

/** Which file stands under the path, its size and when it was written last; null where there is none. */
export function fileMark(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
