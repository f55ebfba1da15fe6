/** What a run over raw Ethernet sends: scheduled datagrams as frames. */
import type { Framer } from '../capture/framer.js';
import type { Pause, ScheduledSource } from './scheduled-reader.js';
import { WrappedSource } from './wrapped-source.js';

/** The source that it wraps, with frames in the place of payloads. */
export class FramedSource extends WrappedSource {
  readonly seek?: NonNullable<ScheduledSource['seek']>;

  constructor(
    inner: ScheduledSource,
    private readonly framer: Framer,
  ) {
    super(inner);
    if (inner.seek !== undefined) this.seek = inner.seek.bind(inner);
  }

  get pause(): Pause {
    return this.inner.pause;
  }

  next(): boolean {
    const { inner, framer } = this;
    while (inner.next()) {
      if (!framer.make(inner.frame ?? null, inner.view, inner.offset, inner.length, inner.flow)) continue;
      this.handOn(framer, inner);
      return true;
    }
    return false;
  }
}
