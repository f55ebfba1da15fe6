/** What a run over raw Ethernet sends: scheduled datagrams as frames. */
import type { Framer } from '../capture/framer.js';
import type { Flow } from '../core/seams.js';
import type { Pause, ScheduledSource } from './scheduled-reader.js';

/** The source that it wraps, with frames in the place of payloads. */
export class FramedSource implements ScheduledSource {
  view: DataView;
  offset = 0;
  length = 0;
  flow: Flow;
  messages = 0;
  captureNs = 0;
  dueNs = 0;
  feedLatencyNs = Number.NaN;
  readonly seek?: NonNullable<ScheduledSource['seek']>;

  constructor(
    private readonly inner: ScheduledSource,
    private readonly framer: Framer,
  ) {
    this.view = inner.view;
    this.flow = inner.flow;
    if (inner.seek !== undefined) this.seek = inner.seek.bind(inner);
  }

  get loop(): number {
    return this.inner.loop;
  }

  get skipped(): number {
    return this.inner.skipped;
  }

  get pause(): Pause {
    return this.inner.pause;
  }

  next(): boolean {
    const { inner, framer } = this;
    while (inner.next()) {
      if (!framer.make(inner.frame ?? null, inner.view, inner.offset, inner.length, inner.flow)) continue;
      this.view = framer.view;
      this.offset = framer.offset;
      this.length = framer.length;
      this.flow = inner.flow;
      this.messages = inner.messages;
      this.captureNs = inner.captureNs;
      this.dueNs = inner.dueNs;
      this.feedLatencyNs = inner.feedLatencyNs;
      return true;
    }
    return false;
  }

  restart(): Promise<void> {
    return this.inner.restart();
  }
}
