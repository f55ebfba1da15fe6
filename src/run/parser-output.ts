/** What a program writes on its standard output, as messages: lines of JSON, or records of one size. */
import type { ComparedMessage } from '../compare/message.js';
import type { OutputPlace } from '../compare/parsed.js';
import { type RecordLayout, readRecord } from '../compare/records.js';

/** What an object of the output is; null where it is no message. */
export type ReadOutput = (values: Readonly<Record<string, unknown>>, place: OutputPlace) => ComparedMessage | null;

/** Reads pieces of output as they come. */
export interface OutputReader {
  push(chunk: Uint8Array): ComparedMessage[];
  /** What is left at the end. */
  end(): ComparedMessage[];
  /** Lines or records that could not be read, and the first of them in words. */
  readonly rubbish: number;
  readonly firstRubbish: string | null;
}

const maxLineBytes = 1 << 20;
const shownBytes = 120;
const newline = 0x0a;

/** Of NDJSON. */
export class LineReader implements OutputReader {
  rubbish = 0;
  firstRubbish: string | null = null;
  private rest: Uint8Array[] = [];
  private restBytes = 0;
  /** Within a line that is too long to be one. */
  private isSkipping = false;
  private number = 0;
  private offset = 0;

  constructor(
    private readonly file: string,
    private readonly read: ReadOutput,
  ) {}

  push(chunk: Uint8Array): ComparedMessage[] {
    const found: ComparedMessage[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.line(chunk.subarray(from, at), found);
      from = at + 1;
    }
    this.keep(chunk.subarray(from));
    return found;
  }

  end(): ComparedMessage[] {
    const found: ComparedMessage[] = [];
    if (this.restBytes > 0 || this.isSkipping) this.line(new Uint8Array(0), found);
    return found;
  }

  private keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.isSkipping) return;
    this.rest.push(bytes.slice());
    this.restBytes += bytes.length;
    if (this.restBytes <= maxLineBytes) return;
    this.refuse(`a line of over ${maxLineBytes} bytes`, Buffer.concat(this.rest), this.number + 1);
    this.rest = [];
    this.restBytes = 0;
    this.isSkipping = true;
  }

  private line(end: Uint8Array, found: ComparedMessage[]): void {
    const bytes = this.rest.length === 0 ? end : Buffer.concat([...this.rest, end]);
    const start = this.offset;
    this.number++;
    this.offset += bytes.length + 1;
    this.rest = [];
    this.restBytes = 0;
    if (this.isSkipping) {
      this.isSkipping = false;
      return;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').trim();
    if (text === '') return;
    let values: unknown;
    try {
      values = JSON.parse(exactIntegers(text));
    } catch {
      this.refuse('no JSON', bytes);
      return;
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      this.refuse('no JSON object', bytes);
      return;
    }
    const place = { file: this.file, number: this.number, offset: start };
    const message = this.read(values as Record<string, unknown>, place);
    if (message !== null) found.push(message);
  }

  private refuse(what: string, bytes: Uint8Array, number = this.number): void {
    this.rubbish++;
    if (this.firstRubbish !== null) return;
    const shown = printable(bytes.subarray(0, shownBytes));
    this.firstRubbish = `line ${number} of its output is ${what}: ${shown}`;
  }
}

/** Of fixed-width records. */
export class RecordReader implements OutputReader {
  rubbish = 0;
  firstRubbish: string | null = null;
  private rest: Uint8Array = new Uint8Array(0);
  private number = 0;

  constructor(
    private readonly file: string,
    private readonly layout: RecordLayout,
    private readonly typeKey: string,
    private readonly read: ReadOutput,
  ) {}

  push(chunk: Uint8Array): ComparedMessage[] {
    const { size } = this.layout;
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const found: ComparedMessage[] = [];
    let at = 0;
    for (; at + size <= bytes.length; at += size) {
      const place = { file: this.file, number: ++this.number, offset: (this.number - 1) * size };
      const message = this.read(readRecord(this.layout, view, at, this.typeKey), place);
      if (message !== null) found.push(message);
    }
    this.rest = bytes.slice(at);
    return found;
  }

  end(): ComparedMessage[] {
    if (this.rest.length > 0) {
      this.rubbish++;
      this.firstRubbish = `its output ends with ${this.rest.length} bytes of a record of ${this.layout.size}`;
    }
    return [];
  }
}

const wideInteger = /\d{16}/;
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON in which integers that a double may round are texts. */
function exactIntegers(text: string): string {
  if (!wideInteger.test(text)) return text;
  return text.replace(tokens, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
