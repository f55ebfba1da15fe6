/** Runs the built command as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const main = join(projectRoot, 'dist/cli/main.js');
const timeoutMs = 60_000;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
}

export function fixture(name: string): string {
  return join(projectRoot, 'fixtures', name);
}

const folders: string[] = [];
// Said here, since what a test itself says behind its beginning is not heard.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of this test file's own, removed at its end; may be asked for within a test too. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-'));
  folders.push(folder);
  return folder;
}

/** Starts the command; `input` goes to its standard input, which stays open where it is null. */
export function start(args: readonly string[], input?: Uint8Array | null, withinMs = timeoutMs): Running {
  return startProgram(process.execPath, [main, ...args], input, withinMs);
}

/** Starts any program in the same way. */
export function startProgram(
  program: string,
  args: readonly string[],
  input?: Uint8Array | null,
  withinMs = timeoutMs,
): Running {
  const child = spawn(program, [...args], { cwd: projectRoot, timeout: withinMs });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, finished };
}

/** Runs the command to its end. */
export function run(args: readonly string[], input?: Uint8Array): Promise<Finished> {
  return start(args, input).finished;
}

/** Interrupts a command once it has begun to read: it has taken what a pipe does not hold, and had time for the rest. */
export function interruptReader(child: ChildProcess, input: Uint8Array): void {
  child.stdin?.on('error', () => {});
  child.stdin?.write(input, () => setTimeout(() => child.kill('SIGINT'), 1500));
}

/** Resolves once it holds, asked every 50 ms. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Parses NDJSON. */
export function lines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** Starts a listener on loopback and resolves once it listens. */
export async function startListening(port: number, ...flags: string[]): Promise<Running> {
  const running = start(['listen', `udp://127.0.0.1:${port}`, ...flags]);
  await new Promise<void>((resolve) => {
    running.child.stderr?.on('data', (text: string) => {
      if (text.includes('listening')) resolve();
    });
  });
  return running;
}
