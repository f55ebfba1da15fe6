/** Faults in front of what a run sends: the same shape as the schedule behind it, other datagrams at other times. */
import type { CapturedFrame, Flow } from '../../core/seams.js';
import type { Pause, ScheduledSource } from '../scheduled-reader.js';
import type { FaultEngine } from './fault-engine.js';

export class FaultyReader implements ScheduledSource {
  view: DataView;
  offset = 0;
  length = 0;
  flow: Flow;
  messages = 0;
  captureNs = 0;
  dueNs = 0;
  feedLatencyNs = Number.NaN;
  pause: Pause = 'fill';
  private readonly inner: ScheduledSource;
  private readonly engine: FaultEngine;
  private isOver = false;

  constructor(inner: ScheduledSource, engine: FaultEngine) {
    this.inner = inner;
    this.engine = engine;
    this.view = inner.view;
    this.flow = inner.flow;
  }

  get frame(): CapturedFrame | null {
    return this.engine.frame;
  }

  get loop(): number {
    return this.inner.loop;
  }

  get skipped(): number {
    return this.inner.skipped;
  }

  /** Throws UsageError where a log of faults does not fit what is played. */
  next(): boolean {
    const { engine, inner } = this;
    while (!engine.step()) {
      if (this.isOver) {
        this.pause = 'end';
        return false;
      }
      if (inner.next()) {
        if (!engine.take(inner, inner.loop)) this.end(false);
      } else if (inner.pause === 'end') this.end(true);
      else {
        this.pause = inner.pause;
        return false;
      }
    }
    this.view = engine.view;
    this.offset = engine.offset;
    this.length = engine.length;
    this.flow = engine.flow;
    this.messages = engine.messages;
    this.captureNs = engine.captureNs;
    this.dueNs = engine.dueNs;
    this.feedLatencyNs = engine.feedLatencyNs;
    return true;
  }

  restart(): Promise<void> {
    return this.inner.restart();
  }

  private end(isComplete: boolean): void {
    this.isOver = true;
    this.engine.end(isComplete);
  }
}
