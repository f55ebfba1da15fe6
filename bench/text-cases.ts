/**
 * Lines of text, as `decode` writes them in one thread: a BinaryFILE out of the page cache, judged and written line by
 * line, into a file in pieces of 128 KiB. The checksum is over every byte written.
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
  return async () => {
    const out = new Pieces(join(folder, 'lines'));
    const text = new TextBuffer(pieceBytes * 2);
    let writer: MessageWriter | null = null;
    const feed = await MessageFeed.open(path, {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (verdict !== 'known') return;
        writer?.write(text, feed.input.reader, view, offset, length, sequence, stream);
        if (text.length >= pieceBytes) out.write(text);
      },
    });
    writer = messageWriter({ format, fields: [], int64: 'string' }, feed.protocols);
    await feed.run();
    out.write(text);
    return out.close();
  };
}

/** A file without a name, and the sum of what went into it. */
class Pieces {
  private readonly file: number;
  private position = 0;
  private sum = 1;

  constructor(path: string) {
    this.file = openSync(path, 'w');
    unlinkSync(path);
  }

  write(text: TextBuffer): void {
    const { bytes, view, length } = text;
    // Whole words: what is behind the text is made nothing.
    bytes.fill(0, length, (length + 3) & ~3);
    let sum = 0;
    for (let at = 0; at < length; at += 4) sum = (sum + view.getInt32(at, true)) | 0;
    this.sum = (Math.imul(this.sum, 31) + sum) | 0;
    for (let from = 0; from < length; ) from += writeSync(this.file, bytes, from, length - from, this.position + from);
    this.position = (this.position + length) % mostFileBytes;
    text.length = 0;
  }

  close(): number {
    closeSync(this.file);
    return this.sum >>> 0;
  }
}
