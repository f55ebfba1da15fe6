/** The lines of `decode`, some of which other threads have written. */
import type { SharedBytes } from '../../core/seams.js';
import type { TextBuffer } from '../../core/text-buffer.js';
import { MessageLines } from '../message-lines.js';
import type { MessageWriter } from '../message-writer.js';
import type { Securities } from '../securities.js';
import type { JudgedPart, StageSeed } from './part.js';

export class ThreadedLines extends MessageLines {
  /** No more than `limit` lines are written. */
  constructor(
    text: TextBuffer,
    private readonly own: MessageWriter,
    private readonly securities: Securities,
    private readonly limit: number,
  ) {
    super(text, own, limit);
    securities.tellNews();
  }

  /** What lines hang on, now. */
  seed(): StageSeed | null {
    const { securities, own } = this;
    const { news, version } = securities;
    return news === null ? null : { columns: own.columns, symbols: news, symbolsVersion: version, origin: null };
  }

  /** Whether a part's lines are what would be written here. */
  fits({ written }: JudgedPart): boolean {
    const { securities, own, count, limit } = this;
    return (
      written !== null &&
      securities.news !== null &&
      !written.hasNewSymbols &&
      written.symbolsVersion === securities.version &&
      written.columnsBefore === own.columns &&
      count + written.lines < limit
    );
  }

  /** Takes a part's lines as written; the text is to go out behind what was written before. */
  add({ written }: JudgedPart): SharedBytes | undefined {
    if (written === null) return undefined;
    this.count += written.lines;
    this.own.misplaced += written.misplaced;
    this.own.columns = written.columns;
    return written.text;
  }
}
