/**
 * Lines of text, as `decode` writes them in one thread: a BinaryFILE out of the page cache, judged and written line by
 * line, into a file in pieces of 128 KiB. The checksum is over every byte that the first run wrote, which is not timed:
 * adding them up takes an eighth of the time of writing them. Later runs are held to its length and to a word of every 64
 * bytes.
 */
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageFeed, type MessageWriter, messageWriter, TextBuffer } from 'tickreel';
import type { BenchCase, Run } from './cases.js';
import type { Input } from './corpus.js';
import { sessionMessages } from './session.js';

const pieceBytes = 1 << 17;
/** The output goes over the same bytes again from here on: it is in the page cache, and the disk need not hold it. */
const mostFileBytes = 1 << 28;
const shared = { input: 'session.NASDAQ_ITCH50', per: 'message', messages: sessionMessages } as const;

export const textCases: readonly BenchCase[] = [
  {
    ...shared,
    name: 'ndjson',
    about: 'decode to NDJSON: a file in, all fields as JSON, a file out',
    sum: 'ndjson',
    prepare: (input) => prepareText(input, 'ndjson'),
  },
  {
    ...shared,
    name: 'csv',
    about: 'decode to CSV: a file in, all columns, a file out',
    sum: 'csv',
    prepare: (input) => prepareText(input, 'csv'),
  },
];

function prepareText({ bytes }: Input, format: 'ndjson' | 'csv'): Run {
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'session.NASDAQ_ITCH50');
  writeFileSync(path, bytes);
  // One writer for all runs, as one run of the command has one: it is compiled for itself alone.
  let writer: MessageWriter | null = null;
  let first: Sums | null = null;
  return async () => {
    const out = new Pieces(join(folder, 'lines'), first === null);
    const text = new TextBuffer(pieceBytes * 2);
    const feed = await MessageFeed.open(path, {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (verdict !== 'known') return;
        writer?.write(text, feed.input.reader, view, offset, length, sequence, stream);
        if (text.length >= pieceBytes) out.write(text);
      },
    });
    if (writer === null) writer = messageWriter({ format, fields: [], int64: 'string' }, feed.protocols);
    // The header of a CSV comes with its first row.
    else if (format === 'csv') writer.columns = null;
    await feed.run();
    out.write(text);
    const sums = out.close();
    first ??= sums;
    if (first.sampled !== sums.sampled || first.bytes !== sums.bytes) throw new Error('another run wrote other lines');
    return first.every;
  };
}

/** What went into a file: how many bytes, the sum of a word of every 64, and of every word where that was asked for. */
interface Sums {
  readonly bytes: number;
  readonly sampled: number;
  readonly every: number;
}

/** A file without a name, and the sums of what went into it. */
class Pieces {
  private readonly file: number;
  private position = 0;
  private bytes = 0;
  private sampled = 1;
  private every = 1;

  constructor(
    path: string,
    private readonly sumsEvery: boolean,
  ) {
    this.file = openSync(path, 'w');
    unlinkSync(path);
  }

  write(text: TextBuffer): void {
    const { bytes, view, length } = text;
    // Whole words: what is behind the text is made nothing.
    bytes.fill(0, length, (length + 3) & ~3);
    this.sampled = (Math.imul(this.sampled, 31) + sumOf(view, length, 64)) | 0;
    if (this.sumsEvery) this.every = (Math.imul(this.every, 31) + sumOf(view, length, 4)) | 0;
    for (let from = 0; from < length; ) from += writeSync(this.file, bytes, from, length - from, this.position + from);
    this.position = (this.position + length) % mostFileBytes;
    this.bytes += length;
    text.length = 0;
  }

  close(): Sums {
    closeSync(this.file);
    return { bytes: this.bytes, sampled: this.sampled >>> 0, every: this.every >>> 0 };
  }
}

function sumOf(view: DataView, length: number, step: number): number {
  let sum = 0;
  for (let at = 0; at < length; at += step) sum = (sum + view.getInt32(at, true)) | 0;
  return sum;
}
