/** Faults in front of what a run sends: the same shape as the schedule behind it, other datagrams at other times. */
import type { CapturedFrame } from '../../core/seams.js';
import type { Pause, ScheduledSource } from '../scheduled-reader.js';
import { WrappedSource } from '../wrapped-source.js';
import type { FaultEngine } from './fault-engine.js';

export class FaultyReader extends WrappedSource {
  pause: Pause = 'fill';
  private readonly engine: FaultEngine;
  private isOver = false;

  constructor(inner: ScheduledSource, engine: FaultEngine) {
    super(inner);
    this.engine = engine;
  }

  get frame(): CapturedFrame | null {
    return this.engine.frame;
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
    this.handOn(engine, engine);
    return true;
  }

  private end(isComplete: boolean): void {
    this.isOver = true;
    this.engine.end(isComplete);
  }
}
