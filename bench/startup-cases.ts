/**
 * How long the command takes to start, whole processes at a time, beside Node.js that does nothing. Certificates that
 * `NODE_EXTRA_CA_CERTS` names are none of it: Node.js 20 parses them before anything else, 40 ms where there are many.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './cases.js';
import type { Input } from './corpus.js';

/** From `dist/bench`, and from the source. */
const command = ['../cli/main.js', '../dist/cli/main.js']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path)) as string;
/** A process is told of what it decodes; what is behind the first chunk is never read. */
const messages = 20_000;
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
const shared = { input: 'session-ns.pcap', per: 'start', messages } as const;

/** Each is timed from the fork to the end of the process. */
export const startupCases: readonly BenchCase[] = [
  {
    ...shared,
    name: 'startup',
    about: 'tickreel --version, from nothing to its end, without NODE_EXTRA_CA_CERTS as the two below',
    sum: 'startup',
    prepare: () => () => outputSum([command, '--version']),
  },
  {
    ...shared,
    name: 'startup-decode',
    about: 'tickreel decode --limit 1 of a pcap',
    sum: 'startup-decode',
    prepare: prepareDecode,
  },
  {
    ...shared,
    name: 'startup-node',
    about: 'node -e 0: what both begin with',
    sum: 'startup-node',
    prepare: () => () => outputSum(['-e', '0']),
  },
];

function prepareDecode({ bytes }: Input): () => number {
  // Beside what was built, under one name: nothing is left behind elsewhere, however the process ends.
  const path = join(dirname(command), '../bench/startup-decode.pcap');
  writeFileSync(path, bytes);
  return () => outputSum([command, 'decode', path, '--limit', '1']);
}

/** Runs Node.js with these arguments; the sum of what it printed. */
function outputSum(args: readonly string[]): number {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: [...stdio], env: environment });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  let sum = 0;
  for (const byte of stdout) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return sum;
}
