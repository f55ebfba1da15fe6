/** Reads a capture to its end and puts an index beside it, by which a replay finds times without reading up to them. */
import { readsAsStored } from '../analysis/seek-indexes.js';
import { CaptureError } from '../core/errors.js';
import type { Damage } from '../core/seams.js';
import { SeekIndex } from '../core/seek-index.js';
import { openCapture } from '../io/open-capture.js';
import { identify, indexPathOf, loadSeekIndex, saveSeekIndex } from '../io/seek-index-file.js';
import { itch50 } from '../protocol/itch50/index.js';

export interface IndexOptions {
  frameByType: boolean;
  /** Write it anew where a right one is there. */
  force: boolean;
  onDamage: (damage: Damage) => void;
}

/** The object that `index --json` prints for a capture. */
export interface IndexReport {
  capture: string;
  index: string;
  /** `kept`: the index that is there is of this very capture. */
  outcome: 'written' | 'kept';
  captureBytes: number;
  /** Packets, or messages of a BinaryFILE; null where nothing was read. */
  records: number | null;
  points: number;
}

/**
 * Rejects with CaptureError where the capture cannot be read or have an index, with SinkError where that cannot be
 * written.
 */
export async function indexCapture(path: string, options: IndexOptions): Promise<IndexReport> {
  const { frameByType, onDamage } = options;
  const index = new SeekIndex();
  const { lengthOf, timestampOf } = itch50;
  const file = await openCapture(path, {
    lengthOf,
    timestampOf,
    frameByType,
    tcp: true,
    readAhead: true,
    index,
    onDamage,
  });
  try {
    const identity = await identify(path, file, frameByType);
    if (identity === null) throw new CaptureError('index', `${path} ${readsAsStored}`);
    const report = { capture: path, index: indexPathOf(path), captureBytes: identity.sizeBytes };
    if (!options.force) {
      const kept = await loadSeekIndex(path, identity);
      if (kept instanceof SeekIndex) return { ...report, outcome: 'kept', records: null, points: kept.points.length };
    }
    const { reader } = file;
    while (!reader.done) if (!reader.next() && !reader.done) await file.fill();
    if (index.isOverrun) {
      throw new CaptureError('index', `${path} describes more interfaces than an index keeps`);
    }
    if (!(await saveSeekIndex(path, index, identity))) {
      throw new CaptureError('index', `${path} changed while it was read; index it once it is written to its end`);
    }
    return { ...report, outcome: 'written', records: index.records, points: index.points.length };
  } finally {
    await file.close();
  }
}
