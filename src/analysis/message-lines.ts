/** Messages as lines in one buffer, with what of them `decode` leaves out. */
import type { RecordReader, Stream } from '../core/seams.js';
import type { TextBuffer } from '../core/text-buffer.js';
import type { MessageWriter } from './message-writer.js';
import type { Verdict } from './protocol-gate.js';
import { isMdp3 } from './protocols.js';

export class MessageLines {
  /** Lines written, those that a header of a CSV came with among them. */
  count = 0;

  constructor(
    private readonly text: TextBuffer,
    private readonly writer: MessageWriter,
    /** Lines at most. */
    private readonly most = Number.POSITIVE_INFINITY,
  ) {}

  /** Writes a message, where it is one to be written; `reader` stands at its record. Returns whether. */
  take(
    reader: RecordReader,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
    verdict: Verdict,
  ): boolean {
    if (this.count >= this.most || !isWritten(verdict, stream)) return false;
    const known = verdict === 'known' ? verdict : 'unknown';
    if (!this.writer.write(this.text, reader, view, offset, length, sequence, stream, known)) return false;
    this.count++;
    return true;
  }
}

/** Whether `decode` prints a message: what no template of MDP knows has a header all the same. */
export function isWritten(verdict: Verdict, stream: Stream): boolean {
  return verdict === 'known' || (verdict === 'unknown' && isMdp3(stream));
}
