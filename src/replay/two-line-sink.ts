/** A sink of two: packets of a line that was made go into one, all others into the other. */
import type { Flow, Sink, StagingSink } from '../core/seams.js';

/** `isB` says of a flow whether its packets are those of `b`. Stages where both do. */
export function twoLineSink(a: Sink, b: Sink, isB: (flow: Flow) => boolean): Sink {
  return 'stage' in a && 'stage' in b
    ? new StagingTwoLineSink(a as StagingSink, b as StagingSink, isB)
    : new TwoLineSink(a, b, isB);
}

class TwoLineSink<S extends Sink> implements Sink {
  constructor(
    protected readonly a: S,
    protected readonly b: S,
    protected readonly isB: (flow: Flow) => boolean,
  ) {}

  get unsettled(): number {
    return (this.a.unsettled ?? 0) + (this.b.unsettled ?? 0);
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    (this.isB(flow) ? this.b : this.a).send(view, offset, length, scheduledNs, flow);
  }

  async settle(): Promise<void> {
    await Promise.all([this.a.settle?.(), this.b.settle?.()]);
  }

  /** Closes both, whatever becomes of the one. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled([this.a.close?.(), this.b.close?.()]);
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }
}

class StagingTwoLineSink extends TwoLineSink<StagingSink> implements StagingSink {
  get room(): number {
    return Math.min(this.a.room, this.b.room);
  }

  stage(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    (this.isB(flow) ? this.b : this.a).stage(view, offset, length, scheduledNs, flow);
  }

  flush(): void {
    this.a.flush();
    this.b.flush();
  }

  discard(): void {
    this.a.discard();
    this.b.discard();
  }
}
