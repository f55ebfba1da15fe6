/**
 * The seek indexes of an input's files, kept over loops and seeks: learned while files are read, taken from beside a
 * capture at the first seek where a whole one lies there, written there once a file was read to its end.
 *
 * A file that cannot be begun in its middle (compressed, a pipe, `--recover`, stamps of trailers) is only watched: how
 * late its stamps have become says whether a target still lies ahead.
 */
import { isEarlier, type RecordNotes, SeekIndex, type SeekPoint, type Stamp } from '../core/seek-index.js';
import type { IndexedFile } from '../core/seek-index-bytes.js';
import type { Beginning, CaptureFile } from '../io/open-capture.js';
import {
  identify,
  indexPathOf,
  isPointRight,
  isUnchanged,
  loadSeekIndex,
  saveSeekIndex,
} from '../io/seek-index-file.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { InputSpec } from './input.js';

/** Of a capture that cannot have an index. */
export const readsAsStored = 'is compressed or no plain file: what is in its middle is known only by reading up to it';

/** Smaller captures are read through faster than a person notices; no file is put beside them. */
export const leastIndexedBytes = 8 << 20;

export interface SeekIndexOptions {
  /** Whether indexes may be written beside their captures. */
  readonly writes: boolean;
  /** Told, as a line of text, where a seek has to do without an index, and why. */
  readonly say: (text: string) => void;
  /** Bytes between two points, and of the smallest capture that gets an index; as they are here where absent. */
  readonly spacingBytes?: number;
  readonly leastBytes?: number;
}

/** One file's. */
class FileIndex {
  index: SeekIndex;
  /** Null where it can have none; undefined before the file was opened. */
  file: IndexedFile | null | undefined = undefined;
  /** Whether what lies beside the capture was looked at, and whether that is up to date. */
  isLoaded = false;
  isSaved = false;

  constructor(spacingBytes: number | undefined) {
    this.index = new SeekIndex(spacingBytes);
  }
}

export class SeekIndexes {
  private readonly spec: InputSpec;
  private readonly options: SeekIndexOptions;
  private readonly files: FileIndex[];
  private readonly said = new Set<string>();

  constructor(spec: InputSpec, options: SeekIndexOptions) {
    this.spec = spec;
    this.options = options;
    this.files = spec.paths.map(() => new FileIndex(options.spacingBytes));
  }

  /** What the reader of the file is to tell what it meets. */
  notesOf(index: number): RecordNotes {
    return this.at(index).index;
  }

  /** Whether the file was opened before. */
  knows(index: number): boolean {
    return this.at(index).file !== undefined;
  }

  /** To be called when the file has been opened. */
  async opened(index: number, file: CaptureFile): Promise<void> {
    const entry = this.at(index);
    if (entry.file !== undefined) return;
    const path = this.spec.paths[index] as string;
    const isReadAsStored = !this.spec.recover && this.spec.timestamps === 'capture' && file.sizeBytes !== null;
    entry.file = isReadAsStored ? await identify(path, file, this.spec.frameByType).catch(() => null) : null;
  }

  /** Whether every record read so far of any file is stamped before the target. */
  isAhead(target: Stamp): boolean {
    return this.files.every(({ index }) => isEarlier(index.highest, target));
  }

  /** Why the files cannot be begun in their middle; null where all can. */
  get refusal(): string | null {
    if (this.spec.recover) return 'what --recover finds is known only by reading';
    if (this.spec.timestamps === 'trailer') return 'stamps of trailers are known only by reading';
    const lacking = this.files.findIndex(({ file }) => file === null);
    return lacking < 0 ? null : `${this.spec.paths[lacking]} ${readsAsStored}`;
  }

  /** Where to begin in the file to find the target by reading on; undefined at its start. */
  async beginningOf(index: number, target: Stamp): Promise<Beginning | undefined> {
    const entry = this.at(index);
    const path = this.spec.paths[index] as string;
    if (!entry.file) return undefined;
    if (!(await isUnchanged(path, entry.file))) {
      this.forget(entry, path, 'it has changed while it was read');
      return undefined;
    }
    await this.load(entry, path, entry.file);
    const found = entry.index.pointBefore(target);
    const point = found === null ? null : this.withoutStreams(entry.index, found, path);
    if (point === null || point.records === 0) return undefined;
    if (!(await isPointRight(path, entry.index, point, this.openOptions(entry.file)))) {
      this.forget(entry, path, `it does not hold at byte ${point.offset} what ${indexPathOf(path)} says`);
      return undefined;
    }
    return { point, blocks: entry.index.blocksOf(point) };
  }

  /** Writes what is complete beside its capture; what cannot be written is told and done without. */
  async save(): Promise<void> {
    if (!this.options.writes) return;
    for (const [index, entry] of this.files.entries()) {
      const { file } = entry;
      if (!file || entry.isSaved || !entry.index.isComplete || entry.index.isOverrun) continue;
      if (file.sizeBytes < (this.options.leastBytes ?? leastIndexedBytes)) continue;
      entry.isSaved = true;
      try {
        await saveSeekIndex(this.spec.paths[index] as string, entry.index, file);
      } catch (error) {
        this.say(`${(error as Error).message}; the next run finds times by reading (--no-index asks for no index)`);
      }
    }
  }

  private async load(entry: FileIndex, path: string, file: IndexedFile): Promise<void> {
    if (entry.isLoaded || entry.index.isComplete) return;
    entry.isLoaded = true;
    const loaded = await loadSeekIndex(path, file);
    if (loaded === 'absent') return;
    if ('why' in loaded) {
      this.say(`${indexPathOf(path)} is not used: ${loaded.why}; it is made anew as the capture is read`);
      return;
    }
    entry.index = loaded;
    entry.isSaved = true;
  }

  /** Sequence numbers of TCP sessions are told where they open, so a reader begins before the first of them. */
  private withoutStreams(index: SeekIndex, found: SeekPoint, path: string): SeekPoint | null {
    if (!found.afterStreams) return found;
    this.say(`${path} has TCP before the time that is looked for: it is read from where that begins`);
    return index.points.findLast((point) => !point.afterStreams) ?? null;
  }

  private forget(entry: FileIndex, path: string, why: string): void {
    entry.index = new SeekIndex(this.options.spacingBytes);
    entry.file = undefined;
    entry.isLoaded = true;
    entry.isSaved = false;
    this.say(`${path} is read from its start: ${why}`);
  }

  private openOptions(file: IndexedFile) {
    const { frameByType, date } = this.spec;
    return {
      lengthOf: itch50.lengthOf,
      timestampOf: itch50.timestampOf,
      frameByType,
      tcp: file.format !== 'BinaryFILE',
      ...(date === null ? {} : { date }),
    };
  }

  private at(index: number): FileIndex {
    return this.files[index] as FileIndex;
  }

  /** Says everything once. */
  private say(text: string): void {
    if (this.said.has(text)) return;
    this.said.add(text);
    this.options.say(text);
  }
}
