/** Which rows of a capture's columns a filter and a window choose, before any byte of the capture is read. */
import type { Protocols } from '../analysis/protocols.js';
import { isMdp3 } from '../analysis/protocols.js';
import { cellAt, keepFlagged, maxChunkRows, rowsFlagged, signatureOf } from '../core/column-chunk.js';
import type { Chunk, ColumnInfo } from '../core/column-file-bytes.js';
import type { ColumnFile } from '../io/column-file.js';
import type { FilterSpec, MessageFilter } from '../replay/filter.js';
import type { CaptureWindow } from '../replay/window.js';

/** Verdicts on a row: not wanted, wanted, a definition to learn from, or both. */
export const rowIs = { passed: 0, wanted: 1, definition: 2 };

/** Where a wanted symbol's locate code begins to stand for it, by code; Infinity where never. */
type FirstRows = Float64Array;

const locates = 65_536;
const templates = 65_536;

export interface ChoiceParts {
  readonly filter: FilterSpec;
  /** Of flows and sessions. */
  readonly flows: MessageFilter;
  readonly window: CaptureWindow;
  readonly isWindowed: boolean;
  readonly protocols: Protocols;
}

/** Chooses rows chunk by chunk, in the order of the file. */
export class ColumnChoice {
  /** A verdict a row of the chunk at hand. */
  readonly verdicts = new Uint8Array(maxChunkRows);
  /** The rows of the chunk at hand that are not `passed`, in order. */
  readonly chosen = new Uint16Array(maxChunkRows);
  /** Whether every stream is of ITCH, so that columns alone decide. */
  readonly isDecided: boolean;
  private readonly file: ColumnFile;
  private readonly info: ColumnInfo;
  private readonly parts: ChoiceParts;
  private readonly streamWanted: Uint8Array;
  private readonly streamIsMdp3: Uint8Array;
  private readonly takesAllStreams: boolean;
  private readonly itchTypes: Uint8Array | null;
  private readonly mdp3Types: Uint8Array | null;
  private readonly definitions = new Uint8Array(templates);
  private readonly locateWanted: Uint8Array | null;
  private readonly named: readonly (FirstRows | undefined)[] | null;
  /** Bits of wanted instruments, of which a message must have both of one; null where all are wanted. */
  private readonly signatures: readonly number[] | null;
  private readonly values = {
    type: new Float64Array(maxChunkRows),
    instrument: new Float64Array(maxChunkRows),
    stream: new Float64Array(maxChunkRows),
    seconds: new Float64Array(maxChunkRows),
    nanoseconds: new Float64Array(maxChunkRows),
  };
  private firstRow = 0;

  constructor(file: ColumnFile, parts: ChoiceParts) {
    const { info } = file;
    const { filter, flows, protocols } = parts;
    this.file = file;
    this.info = info;
    this.parts = parts;
    this.streamWanted = Uint8Array.from(info.streams, (stream) =>
      (stream.flow === null || flows.acceptsFlow(stream.flow)) && flows.acceptsStream(stream) ? 1 : 0,
    );
    this.streamIsMdp3 = Uint8Array.from(info.streams, (stream) => (isMdp3(stream) ? 1 : 0));
    this.takesAllStreams = this.streamWanted.every((wanted) => wanted === 1);
    this.isDecided = this.streamIsMdp3.every((is) => is === 0);
    const hasTypes = filter.types.length > 0;
    this.itchTypes = hasTypes
      ? flagsOf(
          256,
          filter.types.filter(isCharacter).map((type) => type.charCodeAt(0)),
        )
      : null;
    this.mdp3Types = hasTypes ? flagsOf(templates, templatesOf(filter.types, protocols)) : null;
    for (const type of info.definitions) this.definitions[type] = 1;
    this.locateWanted = filter.locates.length > 0 ? flagsOf(locates, filter.locates) : null;
    this.named = filter.symbols.length > 0 ? namedLocates(info, filter.symbols) : null;
    this.signatures = signaturesOf(info, filter);
  }

  /** Sets `verdicts` of the chunk, which follows the one before; returns how many rows are not `passed`. */
  choose(chunk: Chunk): number {
    const { firstRow, verdicts } = this;
    this.firstRow += chunk.rows;
    const mayDefine = !this.isDecided && this.info.definitions.some((type) => hasType(chunk, type));
    const isIn = this.mayBeIn(chunk) && this.mayHaveTypes(chunk);
    if (!isIn && !mayDefine) return 0;
    if (this.isDecided) return this.narrow(chunk, firstRow);
    verdicts.fill(isIn ? rowIs.wanted : rowIs.passed, 0, chunk.rows);
    this.load(chunk, mayDefine);
    if (isIn) this.sift(chunk, firstRow);
    if (mayDefine) this.addDefinitions(chunk);
    const { chosen } = this;
    let count = 0;
    for (let row = 0; row < chunk.rows; row++) if (verdicts[row] !== rowIs.passed) chosen[count++] = row;
    return count;
  }

  /** Where every stream is of ITCH: each column is read only for rows that those before it have left. */
  private narrow(chunk: Chunk, firstRow: number): number {
    const { file, chosen, verdicts, itchTypes, locateWanted, named, streamWanted } = this;
    if (this.asksForSecurities) return 0;
    let count = chunk.rows;
    if (itchTypes !== null) count = rowsFlagged(file.cells(chunk, 'type'), itchTypes, chosen);
    else if (locateWanted !== null) count = rowsFlagged(file.cells(chunk, 'instrument'), locateWanted, chosen);
    else for (let row = 0; row < count; row++) chosen[row] = row;
    if (count > 0 && itchTypes !== null && locateWanted !== null) {
      count = keepFlagged(file.cells(chunk, 'instrument'), locateWanted, chosen, count);
    }
    if (count > 0 && !this.takesAllStreams) {
      count = keepFlagged(file.cells(chunk, 'stream'), streamWanted, chosen, count);
    }
    if (count > 0 && named !== null) count = this.keepNamed(chunk, firstRow, named, count);
    if (count > 0 && this.parts.isWindowed) count = this.keepIn(chunk, count);
    for (let index = 0; index < count; index++) verdicts[chosen[index] as number] = rowIs.wanted;
    return count;
  }

  private keepNamed(chunk: Chunk, firstRow: number, named: readonly (FirstRows | undefined)[], count: number): number {
    const { file, chosen } = this;
    const streams = file.cells(chunk, 'stream');
    const instruments = file.cells(chunk, 'instrument');
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const row = chosen[index] as number;
      const first = named[cellAt(streams, row)]?.[cellAt(instruments, row)] ?? Number.POSITIVE_INFINITY;
      if (firstRow + row >= first) chosen[kept++] = row;
    }
    return kept;
  }

  private keepIn(chunk: Chunk, count: number): number {
    const { file, chosen, parts } = this;
    const seconds = file.cells(chunk, 'seconds');
    const nanoseconds = file.cells(chunk, 'nanoseconds');
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const row = chosen[index] as number;
      if (parts.window.check(cellAt(seconds, row), cellAt(nanoseconds, row)) === 'in') chosen[kept++] = row;
    }
    return kept;
  }

  private load(chunk: Chunk, mayDefine: boolean): void {
    const { file, values } = this;
    file.column(chunk, 'stream', values.stream);
    if (this.itchTypes !== null || mayDefine) file.column(chunk, 'type', values.type);
    const asksOfInstruments = this.locateWanted !== null || this.named !== null || this.signatures !== null;
    if (asksOfInstruments) file.column(chunk, 'instrument', values.instrument);
    if (this.parts.isWindowed) {
      file.column(chunk, 'seconds', values.seconds);
      file.column(chunk, 'nanoseconds', values.nanoseconds);
    }
  }

  private sift(chunk: Chunk, firstRow: number): void {
    const { verdicts, values, parts, itchTypes, mdp3Types, streamIsMdp3 } = this;
    const { rows } = chunk;
    if (!this.takesAllStreams) {
      for (let row = 0; row < rows; row++) {
        if (this.streamWanted[values.stream[row] as number] === 0) verdicts[row] = rowIs.passed;
      }
    }
    if (itchTypes !== null) {
      for (let row = 0; row < rows; row++) {
        const wanted = streamIsMdp3[values.stream[row] as number] === 1 ? mdp3Types : itchTypes;
        if ((wanted as Uint8Array)[values.type[row] as number] === 0) verdicts[row] = rowIs.passed;
      }
    }
    this.siftInstruments(rows, firstRow);
    if (!parts.isWindowed) return;
    for (let row = 0; row < rows; row++) {
      if (verdicts[row] === rowIs.passed) continue;
      if (parts.window.check(values.seconds[row] as number, values.nanoseconds[row] as number) !== 'in') {
        verdicts[row] = rowIs.passed;
      }
    }
  }

  private siftInstruments(rows: number, firstRow: number): void {
    const { verdicts, values, locateWanted, named, signatures } = this;
    if (locateWanted === null && named === null && signatures === null && !this.asksForSecurities) return;
    for (let row = 0; row < rows; row++) {
      if (verdicts[row] === rowIs.passed) continue;
      const instrument = values.instrument[row] as number;
      const stream = values.stream[row] as number;
      if (this.streamIsMdp3[stream] === 1) {
        const isWanted = signatures === null || signatures.some((bits) => (instrument & bits) >>> 0 === bits);
        if (!isWanted || locateWanted !== null) verdicts[row] = rowIs.passed;
        continue;
      }
      const isNamed = named === null || firstRow + row >= (named[stream]?.[instrument] ?? Number.POSITIVE_INFINITY);
      const isLocated = locateWanted === null || locateWanted[instrument] === 1;
      if (!isNamed || !isLocated || this.asksForSecurities) verdicts[row] = rowIs.passed;
    }
  }

  /** No message of ITCH has a SecurityID. */
  private get asksForSecurities(): boolean {
    return this.parts.filter.securityIds.length > 0;
  }

  private addDefinitions(chunk: Chunk): void {
    const { verdicts, values, definitions, streamIsMdp3 } = this;
    for (let row = 0; row < chunk.rows; row++) {
      if (streamIsMdp3[values.stream[row] as number] === 0 || definitions[values.type[row] as number] === 0) continue;
      verdicts[row] = (verdicts[row] as number) | rowIs.definition;
    }
  }

  private mayBeIn({ firstSeconds, firstNanoseconds, lastSeconds, lastNanoseconds }: Chunk): boolean {
    const { isWindowed, window } = this.parts;
    if (!isWindowed) return true;
    return (
      window.check(lastSeconds, lastNanoseconds) !== 'before' &&
      window.check(firstSeconds, firstNanoseconds) !== 'after'
    );
  }

  private mayHaveTypes(chunk: Chunk): boolean {
    const { itchTypes, mdp3Types } = this;
    if (itchTypes === null) return true;
    if (itchTypes.some((wanted, type) => wanted === 1 && hasType(chunk, type))) return true;
    return !this.isDecided && (mdp3Types as Uint8Array).some((wanted, type) => wanted === 1 && hasType(chunk, type));
  }
}

function hasType({ types }: Chunk, type: number): boolean {
  const bit = type & 255;
  return ((types[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
}

function flagsOf(size: number, chosen: readonly number[]): Uint8Array {
  const flags = new Uint8Array(size);
  for (const one of chosen) flags[one] = 1;
  return flags;
}

function isCharacter(type: string): boolean {
  return type.length === 1;
}

/** Ids of the templates that types name, by number or by name. */
function templatesOf(types: readonly string[], { mdp3 }: Protocols): number[] {
  const numbers = types.filter((type) => /^\d{1,5}$/.test(type)).map(Number);
  const messages = mdp3.catalogue.codecs.flatMap(({ schema }) => schema.messages);
  return [...numbers, ...messages.filter(({ name }) => types.includes(name)).map(({ id }) => id)];
}

function namedLocates({ locates: names }: ColumnInfo, symbols: readonly string[]): (FirstRows | undefined)[] {
  const tables: (FirstRows | undefined)[] = [];
  for (const { stream, locate, symbol, row } of names ?? []) {
    if (!symbols.includes(symbol)) continue;
    const table = tables[stream] ?? new Float64Array(locates).fill(Number.POSITIVE_INFINITY);
    table[locate] = row;
    tables[stream] = table;
  }
  return tables;
}

function signaturesOf({ securities }: ColumnInfo, { symbols, securityIds }: FilterSpec): number[] | null {
  if (symbols.length + securityIds.length === 0) return null;
  const ofSymbols = securities.filter(([, symbol]) => symbols.includes(symbol)).map(([id]) => id);
  return (securityIds.length > 0 ? securityIds : ofSymbols).map(signatureOf);
}
