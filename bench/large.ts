/**
 * Large captures, `npm run bench:large -- [gigabytes …]`: each is generated, inspected and converted by the built
 * command; printed are time, time per gigabyte (the same for every size where the work is linear) and peak memory.
 *
 * Memory is the kernel's own high-water mark of the process, so this needs Linux and as much free disk as the largest.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Bytes of a generated pcap a message, about. */
const bytesPerMessage = 108.6;
const pollMs = 50;

/** One run of the command over one file. */
export interface LargeRun {
  command: string;
  fileBytes: number;
  messages: number;
  seconds: number;
  peakMb: number;
}

/** Generates, inspects and converts a capture of about so many bytes; `main` is the built command's file. */
export async function measureLarge(bytes: number, main: string): Promise<LargeRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-large-'));
  const path = join(folder, 'large.pcap');
  const messages = Math.ceil(bytes / bytesPerMessage);
  try {
    const generated = await run(main, ['generate', '-o', path, '--messages', `${messages}`]);
    const fileBytes = statSync(path).size;
    const inspected = await run(main, ['inspect', path, '--json']);
    const { messages: counted } = JSON.parse(inspected.stdout) as { messages: { total: number } };
    const converted = await run(main, ['convert', path, '-o', '/dev/null', '--format', 'binaryfile', '--json']);
    const { messages: written } = JSON.parse(converted.stdout) as { messages: number };
    return [
      { command: 'generate', fileBytes, messages, ...figures(generated) },
      { command: 'inspect', fileBytes, messages: counted.total, ...figures(inspected) },
      { command: 'convert', fileBytes, messages: written, ...figures(converted) },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a run printed and took. */
export interface Finished {
  stdout: string;
  seconds: number;
  peakMb: number;
  /** Of processor time, all threads; as of up to a twentieth of a second before the end. */
  cpuSeconds: number;
}

function figures({ seconds, peakMb }: Finished): Pick<LargeRun, 'seconds' | 'peakMb'> {
  return { seconds, peakMb };
}

/**
 * Runs the built command; rejects where it does not end with 0. With `from`, arguments of the command whose output is
 * its standard input; that one must end with 0 as well, and is not measured.
 */
export async function run(main: string, args: readonly string[], from?: readonly string[]): Promise<Finished> {
  const startNs = process.hrtime.bigint();
  const source = from === undefined ? null : start(main, from, 'ignore');
  const child = start(main, args, source?.stdout ?? 'ignore');
  // The pipe is the children's alone, so that either hears of the other's end.
  source?.stdout.destroy();
  const sourceEnd = source === null ? null : endOf(source);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  let peakMb = 0;
  let cpuSeconds = 0;
  const poll = setInterval(() => {
    peakMb = Math.max(peakMb, highWaterMb(child.pid as number));
    cpuSeconds = Math.max(cpuSeconds, processorSeconds(child.pid as number));
  }, pollMs);
  const code = await endOf(child);
  clearInterval(poll);
  if (code !== 0) throw new Error(`tickreel ${args.join(' ')} ended with ${code}`);
  const sourceCode = await sourceEnd;
  if (sourceCode !== null && sourceCode !== 0) throw new Error(`tickreel ${from?.join(' ')} ended with ${sourceCode}`);
  return { stdout, seconds: Number(process.hrtime.bigint() - startNs) / 1e9, peakMb, cpuSeconds };
}

type Child = ChildProcessByStdio<null, Readable, null>;

function start(main: string, args: readonly string[], input: 'ignore' | Readable): Child {
  return spawn(process.execPath, [main, ...args], { stdio: [input, 'pipe', 'inherit'] }) as unknown as Child;
}

function endOf(child: Child): Promise<number | null> {
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

/** 0 once the process has ended. */
function highWaterMb(pid: number): number {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? 0 : Number(kilobytes) / 1024;
  } catch {
    return 0;
  }
}

/** User and system time, which the kernel counts in hundredths; 0 once the process has ended. */
function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

async function main(): Promise<void> {
  const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const sizes = process.argv.slice(2).map(Number);
  process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n`);
  process.stdout.write('command        GB   messages    seconds   s per GB   peak MB\n');
  for (const gigabytes of sizes.length > 0 ? sizes : [0.5, 1, 2.5, 5]) {
    for (const { command: name, fileBytes, messages, seconds, peakMb } of await measureLarge(
      gigabytes * 1e9,
      command,
    )) {
      const cells = [
        name.padEnd(10),
        (fileBytes / 1e9).toFixed(2).padStart(6),
        `${messages}`.padStart(10),
        seconds.toFixed(1).padStart(10),
        ((seconds * 1e9) / fileBytes).toFixed(2).padStart(10),
        peakMb.toFixed(0).padStart(9),
      ];
      process.stdout.write(`${cells.join(' ')}\n`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
