/** What stands in front of a source of scheduled datagrams and hands on others in their place: faults, whole frames. */
import type { Flow } from '../core/seams.js';
import type { Pause, ScheduledPacket, ScheduledSource } from './scheduled-reader.js';

export abstract class WrappedSource implements ScheduledSource {
  view: DataView;
  offset = 0;
  length = 0;
  flow: Flow;
  messages = 0;
  captureNs = Number.NaN;
  dueNs = Number.NaN;
  feedLatencyNs = Number.NaN;
  abstract readonly pause: Pause;

  constructor(protected readonly inner: ScheduledSource) {
    this.view = inner.view;
    this.flow = inner.flow;
  }

  get loop(): number {
    return this.inner.loop;
  }

  get skipped(): number {
    return this.inner.skipped;
  }

  abstract next(): boolean;

  restart(): Promise<void> {
    return this.inner.restart();
  }

  /** Stands at these bytes of a packet, with its times and all else that is known of it. */
  protected handOn(bytes: Pick<ScheduledPacket, 'view' | 'offset' | 'length'>, packet: ScheduledPacket): void {
    this.view = bytes.view;
    this.offset = bytes.offset;
    this.length = bytes.length;
    this.flow = packet.flow;
    this.messages = packet.messages;
    this.captureNs = packet.captureNs;
    this.dueNs = packet.dueNs;
    this.feedLatencyNs = packet.feedLatencyNs;
  }
}
