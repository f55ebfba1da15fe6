/**
 * Long sessions, `npm run bench:sessions -- [--messages N,N,…] [--symbols N] [--folder DIR] [--pipe] [--json FILE]`:
 * each is made by `tickreel generate`, as a BinaryFILE, and read by `tickreel inspect`; printed are the seconds of
 * either, the processor time, the time a message (the same for every length where the work is linear) and the peak
 * memory of `inspect`, and what it counted, which must be what the generator says it made.
 *
 * Where the folder has room the session is stored first, so that `inspect` has the machine for itself; else, and with
 * `--pipe`, it flows from one program into the other and is never stored: the wall clock is then the slower one's.
 * Memory is the kernel's own high-water mark of the process, so this needs Linux.
 */
import { mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Finished, run } from './large.js';

const sizes = '1000000,10000000,100000000';
/** Bytes of a BinaryFILE a message, more than there are. */
const mostBytesPerMessage = 40;

/** One session: how it was made and read. */
export interface SessionRun {
  readonly messages: number;
  readonly bytes: number;
  readonly isStored: boolean;
  /** Of the generator; of a pipe, as long as the reader's. */
  readonly generateSeconds: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Types' codes times their counts, added up. */
  readonly checksum: number;
}

interface Truth {
  readonly messagesByType: Readonly<Record<string, number>>;
  readonly output: { readonly bytes: number };
}

/** Generates and inspects sessions of so many messages; throws where other messages are counted than were made. */
export async function measureSession(
  messages: number,
  main: string,
  { folder = tmpdir(), symbols = 0, pipe = false } = {},
): Promise<SessionRun> {
  const { bavail, bsize } = statfsSync(folder);
  const isStored = !pipe && bavail * bsize > 1.5 * mostBytesPerMessage * messages;
  const own = mkdtempSync(join(folder, 'tickreel-sessions-'));
  const [path, truthPath] = [join(own, 'session.NASDAQ_ITCH50'), join(own, 'truth.json')];
  const common = ['--messages', `${messages}`, '--format', 'binaryfile', '--truth', truthPath];
  const generate = [
    'generate',
    '-o',
    isStored ? path : '-',
    ...common,
    ...(symbols ? ['--symbols', `${symbols}`] : []),
  ];
  try {
    let generateSeconds: number;
    let inspected: Finished;
    if (isStored) {
      generateSeconds = (await run(main, generate)).seconds;
      inspected = await run(main, ['inspect', path, '--json']);
    } else {
      inspected = await run(main, ['inspect', '-', '--json'], generate);
      generateSeconds = inspected.seconds;
    }
    const truth = JSON.parse(readFileSync(truthPath, 'utf8')) as Truth;
    const { messages: counted } = JSON.parse(inspected.stdout) as { messages: Counted };
    const checksum = checksumOf(truth.messagesByType);
    if (counted.total !== messages || checksumOf(countsOf(counted)) !== checksum) {
      throw new Error(`inspect counted ${counted.total} messages, ${checksumOf(countsOf(counted))}, not ${checksum}`);
    }
    if (isStored && statSync(path).size !== truth.output.bytes)
      throw new Error(`${path} is not as long as it was made`);
    const { seconds, cpuSeconds, peakMb } = inspected;
    return { messages, bytes: truth.output.bytes, isStored, generateSeconds, seconds, cpuSeconds, peakMb, checksum };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

interface Counted {
  readonly total: number;
  readonly byType: Readonly<Record<string, { readonly count: number } | number>>;
}

function countsOf({ byType }: Counted): Record<string, number> {
  return Object.fromEntries(
    Object.entries(byType).map(([type, count]) => [type, typeof count === 'number' ? count : count.count]),
  );
}

function checksumOf(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [type, count]) => sum + type.charCodeAt(0) * count, 0) % 2 ** 32;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: sizes },
      symbols: { type: 'string', default: '0' },
      folder: { type: 'string', default: tmpdir() },
      pipe: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const asked = values.messages.split(',').map(Number);
  const [symbols, wrong] = [Number(values.symbols), asked.find((count) => !Number.isSafeInteger(count) || count < 1)];
  if (wrong !== undefined) throw new Error(`--messages ${values.messages}: whole numbers with commas between them`);
  const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const out = (text: string) => process.stdout.write(`${text}\n`);
  out(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`);
  out('   messages        MB  session  generate s  inspect s    CPU s  ns/message  peak MB    checksum');
  const runs: SessionRun[] = [];
  for (const messages of asked) {
    const measured = await measureSession(messages, command, { folder: values.folder, symbols, pipe: values.pipe });
    runs.push(measured);
    const cells = [
      `${messages}`.padStart(11),
      (measured.bytes / 1e6).toFixed(0).padStart(9),
      (measured.isStored ? 'stored' : 'piped').padStart(8),
      measured.generateSeconds.toFixed(1).padStart(11),
      measured.seconds.toFixed(2).padStart(10),
      measured.cpuSeconds.toFixed(2).padStart(8),
      ((measured.cpuSeconds * 1e9) / messages).toFixed(0).padStart(11),
      measured.peakMb.toFixed(0).padStart(8),
      `${measured.checksum}`.padStart(11),
    ];
    out(cells.join(' '));
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(runs, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
