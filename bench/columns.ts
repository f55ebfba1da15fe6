/**
 * Columns of a whole session, `npm run bench:columns -- [--messages N] [--folder DIR] [--compare]`: a BinaryFILE is
 * generated in a streaming way, its columns are built and asked questions by the built command, each in a process of
 * its own; printed are seconds, bytes, peak memory and a checksum of each answer. `--compare` reads the capture for
 * each answer as well and holds the two against each other.
 *
 * A gigabyte of disk is needed for every 22 million messages; what is generated is deleted.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './large.js';
import { buildSession } from './session.js';

/** The session of the committed figures. */
const fullMessages = 100_000_000;
/** Messages that are drawn; a longer session repeats them, each time later. */
const drawnMessages = 2_000_000;
const startNs = 4 * 3600e9;
const spanNs = 16 * 3600e9;
const goalSeconds = 3;

/** What is asked, and the seconds within which a whole session is to answer. */
const questions: readonly (readonly string[])[] = [
  ['--type', 'P', '--count'],
  ['--locate', '7', '--count'],
  ['--symbol', 'A', '--count'],
  ['--from', '10:00:00', '--until', '10:00:01'],
  ['--symbol', 'A', '--type', 'P', '--csv'],
  ['--locate', '11', '--type', 'A', '--from', '09:30:00', '--until', '09:40:00'],
  ['--type', 'S'],
];

/** One run of the command; `sha256` of what it printed. */
export interface ColumnRun {
  readonly what: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly lines: number;
  readonly sha256: string;
}

/** A session's columns as they were built and asked. */
export interface ColumnFigures {
  readonly messages: number;
  readonly captureBytes: number;
  readonly columnBytes: number;
  readonly build: ColumnRun;
  readonly answers: readonly ColumnRun[];
}

/** Generates, builds and asks; throws where, with `compares`, an answer is another than reading gives. */
export async function measureColumns(
  messages: number,
  main: string,
  { folder = tmpdir(), compares = false } = {},
): Promise<ColumnFigures> {
  const own = mkdtempSync(join(folder, 'tickreel-columns-'));
  const path = join(own, '11202026.NASDAQ_ITCH50');
  try {
    writeSession(path, messages);
    const build = figures('index --columns', await run(main, ['index', '--columns', path]));
    const answers: ColumnRun[] = [];
    for (const question of questions) {
      const what = question.join(' ');
      const answer = figures(what, await run(main, ['decode', path, ...question]));
      if (compares) {
        const read = figures(what, await run(main, ['decode', path, ...question, '--no-index']));
        if (read.sha256 !== answer.sha256) throw new Error(`decode ${what}: columns and capture answer differently`);
      }
      answers.push(answer);
    }
    const [captureBytes, columnBytes] = [statSync(path).size, statSync(`${path}.trcol`).size];
    return { messages, captureBytes, columnBytes, build, answers };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Writes a session of so many messages, at most as many at a time as are drawn; stamps go on over the day. */
function writeSession(path: string, messages: number): void {
  const drawn = buildSession(Math.min(messages, drawnMessages));
  const bytes = new Uint8Array(drawn.length);
  const view = new DataView(bytes.buffer);
  const copies = Math.ceil(messages / drawnMessages);
  const file = openSync(path, 'w');
  try {
    for (let copy = 0; copy < copies; copy++) {
      bytes.set(drawn);
      let left = messages - copy * drawnMessages;
      let at = 0;
      for (; at < bytes.length && left > 0; left--) {
        const stampAt = at + 7;
        const ns = view.getUint16(stampAt) * 2 ** 32 + view.getUint32(stampAt + 2);
        const later = Math.floor(startNs + (copy * spanNs + (ns - startNs)) / copies);
        view.setUint16(stampAt, Math.floor(later / 2 ** 32));
        view.setUint32(stampAt + 2, later % 2 ** 32);
        at += 2 + view.getUint16(at);
      }
      for (let from = 0; from < at; ) from += writeSync(file, bytes, from, at - from);
    }
  } finally {
    closeSync(file);
  }
}

function figures(what: string, { stdout, seconds, cpuSeconds, peakMb }: Awaited<ReturnType<typeof run>>): ColumnRun {
  const sha256 = createHash('sha256').update(stdout).digest('hex');
  return { what, seconds, cpuSeconds, peakMb, lines: stdout.split('\n').length - 1, sha256 };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: String(fullMessages) },
      folder: { type: 'string' },
      compare: { type: 'boolean', default: false },
    },
  });
  const messages = Number(values.messages);
  if (!Number.isSafeInteger(messages) || messages < 1) throw new Error(`--messages ${values.messages}: not a number`);
  const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const folder = values.folder === undefined ? {} : { folder: values.folder };
  const measured = await measureColumns(messages, command, { ...folder, compares: values.compare });
  const { captureBytes, columnBytes, build, answers } = measured;
  const out = (text: string) => process.stdout.write(`${text}\n`);
  out(`${messages} messages, ${(captureBytes / 1e9).toFixed(2)} GB; goal: an answer in ${goalSeconds} s`);
  out(`columns: ${(columnBytes / 1e9).toFixed(2)} GB, ${(columnBytes / messages).toFixed(1)} bytes a message`);
  out('seconds    CPU s  peak MB      lines  sha256            goal      what');
  for (const { what, seconds, cpuSeconds, peakMb, lines, sha256 } of [build, ...answers]) {
    const cells = [
      seconds.toFixed(2).padStart(7),
      cpuSeconds.toFixed(2).padStart(8),
      peakMb.toFixed(0).padStart(8),
      `${lines}`.padStart(10),
    ];
    const goal = what === build.what ? '' : seconds <= goalSeconds ? 'reached' : 'missed';
    out(`${cells.join(' ')}  ${sha256.slice(0, 16)}  ${goal.padEnd(8)}  ${what}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
