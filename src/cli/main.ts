#!/usr/bin/env node
/**
 * The `tickreel` command. Its version is told before anything else is loaded; all else is the program's
 * (`program.ts`), whose compiled code Node.js keeps for the next start where it can (22.1 on).
 */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';

const args = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
if (args.length === 1 && (args[0] === '-V' || args[0] === '--version')) {
  // The reader of a pipe may have gone.
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit();
    process.stderr.write(`tickreel: cannot write to standard output: ${message}\n`);
    process.exit(1);
  });
  process.stdout.write(`${version}\n`);
} else {
  (nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  await (await import('./program.js')).runProgram(args, version);
}
