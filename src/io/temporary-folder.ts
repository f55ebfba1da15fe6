/**
 * Files and folders of a run's own, removed with it, however it ends: a second signal ends the process where it stands.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kept = new Set<string>();
let isWatching = false;

/** Makes a folder among the system's temporary ones, its name beginning with `prefix`; `remove` may be called twice. */
export function temporaryFolder(prefix: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  return { path, remove: removedAtExit(path) };
}

/** Has a file or folder removed where the process ends first; returns how to remove it, which may be called twice. */
export function removedAtExit(path: string): () => void {
  kept.add(path);
  if (!isWatching) process.on('exit', removeAll);
  isWatching = true;
  return () => removeOne(path);
}

function removeOne(path: string): void {
  kept.delete(path);
  rmSync(path, { recursive: true, force: true });
}

function removeAll(): void {
  for (const path of kept) removeOne(path);
}
