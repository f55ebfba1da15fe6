/** What every line begins with, `file` to `sendingTimeNs`: as text a key, and as bytes of JSON or CSV a line. */
import { mostDigits, writeEpochNs, writeNine, writeSafe } from '../core/digits.js';
import { formatEpochNs } from '../core/halves.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { type TextBuffer, type TextPiece, textPiece, writePiece } from '../core/text-buffer.js';
import { isMdp3, type Protocols } from './protocols.js';

export const commonKeys = [
  ...(['file', 'packet', 'timestampNs', 'sequence', 'protocol', 'session'] as const),
  ...(['channel', 'feed', 'sendingTimeNs'] as const),
] as const;
export type CommonKey = (typeof commonKeys)[number];

/** Keys that only messages of MDP have. */
export const lineKeys: readonly CommonKey[] = ['channel', 'feed', 'sendingTimeNs'];

/** The value of a key as text; '' where there is none. */
export type CommonText = (reader: RecordReader, sequence: number, stream: Stream) => string;
export type CommonTexts = Readonly<Record<CommonKey, CommonText>>;

/** The texts of all keys; `fileName` names the file that the message at hand is of. */
export function commonTexts(protocols: Protocols | null, fileName: () => string): CommonTexts {
  const lineOf = (stream: Stream) => (stream.flow === null ? null : (protocols?.lineOf(stream.flow) ?? null));
  return {
    file: fileName,
    packet: (reader) => `${reader.packetNumber}`,
    timestampNs: (reader) => formatEpochNs(reader.seconds, reader.nanoseconds),
    sequence: (_reader, sequence) => (sequence === 0 ? '' : `${sequence}`),
    protocol: (_reader, _sequence, stream) => (isMdp3(stream) ? 'mdp3' : 'itch50'),
    session: (_reader, _sequence, stream) => stream.session ?? '',
    // Where a configuration names the stream's flow.
    channel: (_reader, _sequence, stream) => lineOf(stream)?.channel ?? '',
    feed: (_reader, _sequence, stream) => lineOf(stream)?.feed ?? '',
    sendingTimeNs: (_reader, _sequence, { sendingSeconds, sendingNanoseconds }) =>
      sendingSeconds === undefined ? '' : formatEpochNs(sendingSeconds, sendingNanoseconds ?? 0),
  };
}

/** Keys whose values are written anew for each line; the others are the same for all lines of a stream. */
type Number = 'packet' | 'timestampNs' | 'sequence' | 'sendingTimeNs';
const numbers: readonly CommonKey[] = ['packet', 'timestampNs', 'sequence', 'sendingTimeNs'];
/** Keys whose values are JSON numbers; the others are strings, and null where there is none. */
const numericKeys: readonly CommonKey[] = ['packet', 'sequence', 'channel'];
const isPlainNumber = /^(?:0|[1-9]\d*)$/;

/** A form of the head: what stands around values, and the value of a key that does not change with each line. */
interface Form {
  before(key: CommonKey): string;
  after(key: CommonKey): string;
  none(key: Number): string;
  settled(key: CommonKey, text: string, stream: Stream): string;
}

const json: Form = {
  before: (key) => `"${key}":`,
  after: () => ',',
  none: () => 'null',
  settled(key, text, { session }) {
    // A session's name may be empty; it is null only where the framing has none.
    const mayBeNull = key === 'channel' || key === 'feed' || (key === 'session' && session === null);
    if (mayBeNull && text === '') return 'null';
    // A configuration may name a channel by more than a number.
    return numericKeys.includes(key) && isPlainNumber.test(text) ? text : JSON.stringify(text);
  },
};

const csv: Form = {
  before: () => '',
  after: () => ',',
  none: () => '',
  settled: (_key, text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
};

/** A step of a head: a number with what stands around it, or the keys that a stream settles. */
interface Step {
  readonly number: Number | null;
  readonly before: TextPiece;
  readonly after: TextPiece;
  /** Instead of all three, where there is no number. */
  readonly none: TextPiece;
  readonly keys: CommonKey[];
}

/** Two numbers at most a step, and what stands around them. */
const mostStepBytes = 2 * mostDigits + 64;

const nothing = textPiece('');

/** Writes the heads of lines of one form: each key's value, and a comma behind each. */
export class LineHead {
  private readonly form: Form;
  private readonly steps: readonly Step[];
  private readonly texts: CommonTexts;
  private readonly settled = new Map<Stream, Settled>();
  private latest: Stream | null = null;
  private seconds = -1;
  private readonly second = new DataView(new ArrayBuffer(64));
  private secondLength = 0;
  private latestSettled: Settled = { session: null, file: '', pieces: [] };

  constructor(form: 'ndjson' | 'csv', keys: readonly CommonKey[], texts: CommonTexts) {
    this.form = form === 'csv' ? csv : json;
    this.texts = texts;
    this.steps = stepsOf(keys, this.form, form === 'csv' ? '' : '"');
  }

  write(text: TextBuffer, reader: RecordReader, sequence: number, stream: Stream): void {
    const { steps } = this;
    const { pieces } = this.settledOf(reader, sequence, stream);
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as Step;
      if (step.number === null) {
        text.piece(pieces[index] as TextPiece);
        continue;
      }
      text.room(mostStepBytes);
      const { seconds } = reader;
      if (step.number === 'timestampNs' && seconds > 0) {
        const at = writeNine(text.view, this.writeSecond(text.view, text.length, seconds, step), reader.nanoseconds);
        text.length = writePiece(text.view, at, step.after);
      } else text.length = writeNumber(text.view, text.length, step, reader, sequence, stream);
    }
  }

  /** Writes what precedes the nanoseconds: thousands of lines have one second, so its digits are kept. */
  private writeSecond(out: DataView, at: number, seconds: number, { before }: Step): number {
    const { second } = this;
    if (seconds !== this.seconds) {
      this.seconds = seconds;
      this.secondLength = writeSafe(second, writePiece(second, 0, before), seconds);
    }
    // Digits and names are ASCII, of which no eight bytes are a NaN.
    const { secondLength } = this;
    for (let from = 0; from < secondLength; from += 8) out.setFloat64(at + from, second.getFloat64(from, true), true);
    return at + secondLength;
  }

  private settledOf(reader: RecordReader, sequence: number, stream: Stream): Settled {
    const file = this.texts.file(reader, sequence, stream);
    if (stream !== this.latest) {
      this.latest = stream;
      this.latestSettled = this.settled.get(stream) ?? this.settle(file, reader, sequence, stream);
    }
    const { latestSettled } = this;
    if (latestSettled.session === stream.session && latestSettled.file === file) return latestSettled;
    this.latestSettled = this.settle(file, reader, sequence, stream);
    return this.latestSettled;
  }

  private settle(file: string, reader: RecordReader, sequence: number, stream: Stream): Settled {
    const { form, texts } = this;
    const pieces = this.steps.map(({ keys }) => {
      const values = keys.map((key) => {
        const value = form.settled(key, texts[key](reader, sequence, stream), stream);
        return `${form.before(key)}${value}${form.after(key)}`;
      });
      return textPiece(values.join(''));
    });
    const settled = { session: stream.session, file, pieces };
    this.settled.set(stream, settled);
    return settled;
  }
}

/** What one stream settles, by step; `session` and `file` as they were then. */
interface Settled {
  readonly session: string | null;
  readonly file: string;
  readonly pieces: readonly TextPiece[];
}

function stepsOf(keys: readonly CommonKey[], form: Form, quote: string): Step[] {
  const steps: Step[] = [];
  for (const key of keys) {
    const last = steps.at(-1);
    if (!numbers.includes(key)) {
      if (last?.number === null) last.keys.push(key);
      else steps.push({ number: null, before: nothing, after: nothing, none: nothing, keys: [key] });
      continue;
    }
    const number = key as Number;
    const mark = numericKeys.includes(key) ? '' : quote;
    steps.push({
      number,
      before: textPiece(form.before(key) + mark),
      after: textPiece(mark + form.after(key)),
      none: textPiece(form.before(key) + form.none(number) + form.after(key)),
      keys: [],
    });
  }
  return steps;
}

function writeNumber(
  out: DataView,
  at: number,
  { number, before, after, none }: Step,
  reader: RecordReader,
  sequence: number,
  stream: Stream,
): number {
  if (number === 'sequence' && sequence === 0) return writePiece(out, at, none);
  if (number === 'sendingTimeNs' && stream.sendingSeconds === undefined) return writePiece(out, at, none);
  const start = writePiece(out, at, before);
  let end = start;
  if (number === 'packet') end = writeSafe(out, start, reader.packetNumber);
  else if (number === 'timestampNs') end = writeEpochNs(out, start, reader.seconds, reader.nanoseconds);
  else if (number === 'sequence') end = writeSafe(out, start, sequence);
  else end = writeEpochNs(out, start, stream.sendingSeconds as number, stream.sendingNanoseconds ?? 0);
  return writePiece(out, end, after);
}
