#!/usr/bin/env node
/**
 * The `tickreel` command. Its version is told before anything else is loaded; all else is the program's
 * (`program.ts`), whose compiled code Node.js keeps for the next start where it can (22.8 on).
 */
import { readFileSync } from 'node:fs';

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
  // Of Node.js 22.8 on; an import of `node:module` would be in the way of the version.
  const modules = process.getBuiltinModule?.('node:module') as { enableCompileCache?: () => unknown } | undefined;
  modules?.enableCompileCache?.();
  // As where an import waits for ever: nothing is left to do, and the program has not come to its end.
  const leave = (): void => {
    process.exitCode = 13;
  };
  process.once('beforeExit', leave);
  void import('./program.js')
    .then(({ runProgram }) => runProgram(args, version))
    .finally(() => process.off('beforeExit', leave));
}
