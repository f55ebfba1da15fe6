/** What every line begins with, `file` to `sendingTimeNs`: as text a key, and as bytes of JSON or CSV a line. */
import { mostDigits, writeEpochNs } from '../core/digits.js';
import { formatEpochNs } from '../core/halves.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { type TextBuffer, type TextPiece, textPiece, writePiece } from '../core/text-buffer.js';
import { NumberLead, TimeLead } from './number-lead.js';
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

/** Keys whose values are JSON numbers; the others are strings, and null where there is none. */
const numericKeys: readonly CommonKey[] = ['packet', 'sequence', 'channel'];
const isPlainNumber = /^(?:0|[1-9]\d*)$/;

/** A form of the head: what stands around values, and the value of a key that does not change with each line. */
interface Form {
  before(key: CommonKey): string;
  after(key: CommonKey): string;
  /** Stands for a number that there is not … */
  readonly none: string;
  /** … and around one that is text. */
  readonly mark: string;
  settled(key: CommonKey, text: string, stream: Stream): string;
}

const json: Form = {
  before: (key) => `"${key}":`,
  after: () => ',',
  none: 'null',
  mark: '"',
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
  none: '',
  mark: '',
  settled: (_key, text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
};

/** Bytes of the numbers of a head, at most, and of what stands around a SendingTime. */
const mostNumberBytes = 4 * mostDigits + 64;

/**
 * Writes the heads of lines of one form: each key's value, and a comma behind each. Numbers come in one order, and what
 * stands between them is made once a stream: a head is a few stores of eight bytes and the digits.
 */
export class LineHead {
  private readonly form: Form;
  private readonly opening: string;
  private readonly keys: readonly CommonKey[];
  private readonly texts: CommonTexts;
  private readonly settled = new Map<Stream, Settled>();
  private readonly sending: Sending | null;
  private readonly hasPacket: boolean;
  private readonly hasTime: boolean;
  private readonly hasSequence: boolean;
  /** Whether the file's name is asked for, which may change within a stream. */
  private readonly namesFile: boolean;
  private latest: Stream | null = null;
  private latestSettled: Settled | null = null;

  /** `opening` stands before each head. */
  constructor(format: 'ndjson' | 'csv', keys: readonly CommonKey[], texts: CommonTexts, opening = '') {
    this.form = format === 'csv' ? csv : json;
    this.keys = keys;
    this.texts = texts;
    this.opening = opening;
    this.hasPacket = keys.includes('packet');
    this.hasTime = keys.includes('timestampNs');
    this.hasSequence = keys.includes('sequence');
    this.namesFile = keys.includes('file');
    this.sending = keys.includes('sendingTimeNs') ? sendingOf(this.form) : null;
  }

  write(text: TextBuffer, reader: RecordReader, sequence: number, stream: Stream): void {
    const settled = this.settledOf(reader, sequence, stream);
    text.room(settled.most);
    const out = text.view;
    let at = text.length;
    if (this.hasPacket) at = settled.packet.write(out, at, reader.packetNumber);
    if (this.hasTime) at = settled.time.write(out, at, reader.seconds, reader.nanoseconds);
    if (this.hasSequence && sequence !== 0) {
      at = settled.sequence.write(out, at, sequence);
      at = writePiece(out, at, settled.behind);
    } else at = writePiece(out, at, settled.behindNone);
    text.length = this.sending === null ? at : writeSending(out, at, this.sending, stream);
  }

  private settledOf(reader: RecordReader, sequence: number, stream: Stream): Settled {
    const file = this.namesFile ? this.texts.file(reader, sequence, stream) : '';
    const { latestSettled } = this;
    if (stream === this.latest && latestSettled?.session === stream.session && latestSettled.file === file) {
      return latestSettled;
    }
    let settled = this.settled.get(stream);
    if (settled === undefined || settled.session !== stream.session || settled.file !== file) {
      settled = this.settle(file, reader, sequence, stream);
      this.settled.set(stream, settled);
    }
    this.latest = stream;
    this.latestSettled = settled;
    return settled;
  }

  private settle(file: string, reader: RecordReader, sequence: number, stream: Stream): Settled {
    const { form, texts, keys } = this;
    const leads = { packet: '', timestampNs: '', sequence: '' };
    let lead = this.opening;
    let none = '';
    for (const key of keys) {
      if (key === 'packet' || key === 'timestampNs' || key === 'sequence') {
        const mark = numericKeys.includes(key) ? '' : form.mark;
        leads[key] = lead + form.before(key) + mark;
        lead = mark + form.after(key);
        none = key === 'sequence' ? leads.sequence + form.none : '';
      } else if (key !== 'sendingTimeNs') {
        const value = form.settled(key, texts[key](reader, sequence, stream), stream);
        lead += form.before(key) + value + form.after(key);
      }
    }
    return new Settled(stream.session, file, leads, lead, none + lead);
  }
}

/** What stands between the numbers of one stream's heads; `session` and `file` as they were then. */
class Settled {
  readonly packet: NumberLead;
  readonly time: TimeLead;
  readonly sequence: NumberLead;
  readonly behind: TextPiece;
  /** Where there is no sequence number: what stands before it, and instead, with what is behind. */
  readonly behindNone: TextPiece;
  /** Bytes of a head at most. */
  readonly most: number;

  constructor(
    readonly session: string | null,
    readonly file: string,
    leads: Readonly<Record<'packet' | 'timestampNs' | 'sequence', string>>,
    behind: string,
    behindNone: string,
  ) {
    const texts = [leads.packet, leads.timestampNs, leads.sequence, behind, behindNone];
    this.packet = new NumberLead(leads.packet);
    this.time = new TimeLead(leads.timestampNs);
    this.sequence = new NumberLead(leads.sequence);
    this.behind = textPiece(behind);
    this.behindNone = textPiece(behindNone);
    this.most = texts.reduce((sum, text) => sum + textPiece(text).length, mostNumberBytes);
  }
}

/** What stands around a SendingTime, and instead where there is none. */
interface Sending {
  readonly before: TextPiece;
  readonly after: TextPiece;
  readonly none: TextPiece;
}

function sendingOf(form: Form): Sending {
  const [before, after] = [form.before('sendingTimeNs'), form.after('sendingTimeNs')];
  return {
    before: textPiece(before + form.mark),
    after: textPiece(form.mark + after),
    none: textPiece(before + form.none + after),
  };
}

function writeSending(out: DataView, at: number, { before, after, none }: Sending, stream: Stream): number {
  const { sendingSeconds, sendingNanoseconds = 0 } = stream;
  if (sendingSeconds === undefined) return writePiece(out, at, none);
  return writePiece(out, writeEpochNs(out, writePiece(out, at, before), sendingSeconds, sendingNanoseconds), after);
}
