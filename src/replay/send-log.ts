/**
 * What was sent, packet by packet, when it was due and when it went, told to another thread that compares it with what
 * arrives: a ring in shared memory whose records have no payload, and the datagram's fingerprint for their flow.
 */
import { RingWriter } from '../core/ring.js';
import type { Flow, Sink, StagingSink } from '../core/seams.js';
import { maxStaged } from './staged.js';

/** The bytes that a fingerprint is taken of: session and number of MoldUDP64, number and time of MDP, lie in them. */
const fingerprintBytes = 24;
const prime = 0x01000193;
const noPayload = new DataView(new ArrayBuffer(0));

/** 32 bits that tell a datagram from its neighbours: of its beginning and its length. */
export function fingerprint(view: DataView, offset: number, length: number): number {
  let hash = length;
  let at = offset;
  const end = offset + Math.min(length, fingerprintBytes);
  for (; at + 4 <= end; at += 4) hash = Math.imul(hash ^ view.getInt32(at), prime) ^ (hash >>> 15);
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), prime);
  return hash | 0;
}

/** Writes the log: fingerprints as datagrams are handed to the sink that `wrap` gives, times as they have been sent. */
export class SendLog {
  private readonly writer: RingWriter;
  /** Fingerprints of datagrams whose times are not known yet, in a circle. */
  private readonly prints = new Int32Array(maxStaged * 2);
  private handed = 0;
  private logged = 0;

  constructor(memory: SharedArrayBuffer) {
    this.writer = new RingWriter(memory, { full: 'drop' });
  }

  /** The sink to send to in place of `sink`. */
  wrap(sink: Sink): Sink {
    return 'stage' in sink ? new LoggedStagingSink(sink as StagingSink, this) : new LoggedSink(sink, this);
  }

  hand(view: DataView, offset: number, length: number): void {
    this.prints[this.handed++ % this.prints.length] = fingerprint(view, offset, length);
  }

  /** What was handed over and not sent never will be. */
  forget(): void {
    this.handed = this.logged;
  }

  /** The next of the datagrams handed over was due and went then, on the run's clock. */
  sent(dueNs: number, startNs: number): void {
    const print = this.prints[this.logged++ % this.prints.length] as number;
    this.writer.write(noPayload, 0, 0, print, dueNs, startNs);
  }

  close(): void {
    this.writer.close();
  }
}

class LoggedSink implements Sink {
  constructor(
    protected readonly inner: Sink,
    protected readonly log: SendLog,
  ) {}

  /** The fingerprint is taken after the send, which it would delay. */
  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    this.inner.send(view, offset, length, scheduledNs, flow);
    this.log.hand(view, offset, length);
  }

  get unsettled(): number {
    return this.inner.unsettled ?? 0;
  }

  async settle(): Promise<void> {
    await this.inner.settle?.();
  }

  async close(): Promise<void> {
    this.log.close();
    await this.inner.close?.();
  }
}

class LoggedStagingSink extends LoggedSink implements StagingSink {
  constructor(
    private readonly staging: StagingSink,
    log: SendLog,
  ) {
    super(staging, log);
  }

  get room(): number {
    return this.staging.room;
  }

  stage(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    this.staging.stage(view, offset, length, scheduledNs, flow);
    this.log.hand(view, offset, length);
  }

  flush(): void {
    this.staging.flush();
  }

  discard(): void {
    this.staging.discard();
    this.log.forget();
  }
}
