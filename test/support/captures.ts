/** Real captures: outside the repository, so tests that read them are skipped, loudly, where the folder is absent. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The folder of real captures: `TICKREEL_CAPTURES`, else `../shared/captures` beside the project. */
export const capturesFolder = process.env.TICKREEL_CAPTURES ?? resolve(projectRoot, '../shared/captures');

export const capturesPresent = existsSync(join(capturesFolder, 'INDEX.md'));

/** A suite over real captures; its name is marked so that the reporter can count what was skipped. */
export function describeCaptures(name: string, suite: () => void): void {
  describe.skipIf(!capturesPresent)(`[captures] ${name}`, suite);
}

export function capturePath(relative: string): string {
  return join(capturesFolder, relative);
}

export function readCapture(relative: string): Uint8Array {
  return readFileSync(capturePath(relative));
}

/** Every file below a folder of captures, as paths relative to the captures folder, sorted. */
export function listCaptures(folder: string): string[] {
  if (!capturesPresent) return [];
  const found: string[] = [];
  for (const entry of readdirSync(capturePath(folder)).sort()) {
    const relative = join(folder, entry);
    if (statSync(capturePath(relative)).isDirectory()) found.push(...listCaptures(relative));
    else found.push(relative);
  }
  return found;
}
