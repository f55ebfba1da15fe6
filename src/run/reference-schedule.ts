/** When each packet of a reference capture was due, found by session and sequence number. */
import { UsageError } from '../core/errors.js';
import type { Damage } from '../core/seams.js';
import { headerBytes } from '../replay/engine.js';
import { createSchedule } from '../replay/schedule.js';
import { Timeline } from '../replay/timeline.js';
import { CaptureWindow } from '../replay/window.js';
import { readSequence, readSession } from '../session/moldudp64.js';
import { CaptureGate, packedGate } from './capture-gate.js';
import { CaptureSource, windowOf } from './capture-source.js';
import type { ReplaySpec } from './replay-spec.js';

/** Packets that a reference may have: 16 bytes each are kept. */
export const maxReferencePackets = 8_000_000;

class SessionSchedule {
  sequences = new Float64Array(1024);
  dueNs = new Float64Array(1024);
  count = 0;
  private cursor = 0;

  add(sequence: number, dueNs: number): void {
    if (this.count === this.sequences.length) {
      this.sequences = grown(this.sequences);
      this.dueNs = grown(this.dueNs);
    }
    this.sequences[this.count] = sequence;
    this.dueNs[this.count++] = dueNs;
  }

  /** NaN where no packet begins with that number. Packets mostly come in order, so the next one is tried first. */
  find(sequence: number): number {
    const { sequences, cursor } = this;
    if (cursor < this.count && sequences[cursor] === sequence) return this.dueNs[this.cursor++];
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sequences[middle] < sequence) low = middle + 1;
      else high = middle;
    }
    if (low >= this.count || sequences[low] !== sequence) return Number.NaN;
    this.cursor = low + 1;
    return this.dueNs[low];
  }
}

/** The schedule of a whole capture at a rate. */
export class ReferenceSchedule {
  packets = 0;
  private readonly sessions = new Map<string, SessionSchedule>();

  /** Reads the reference and computes every deadline, as a replay with the same options would. */
  static async load(spec: ReplaySpec, onDamage: (damage: Damage) => void): Promise<ReferenceSchedule> {
    if (spec.rate.mode === 'max') {
      throw new UsageError('reference', '--reference needs the rate of the replay; one at max speed has no schedule');
    }
    const reference = new ReferenceSchedule();
    const source = await CaptureSource.open(spec, onDamage);
    try {
      await reference.read(spec, source);
    } finally {
      await source.close();
    }
    return reference;
  }

  /** Nanoseconds after the run's origin at which the packet was due; NaN where the reference has no such packet. */
  find(session: string, sequence: number): number {
    return this.sessions.get(session)?.find(sequence) ?? Number.NaN;
  }

  private async read(spec: ReplaySpec, source: CaptureSource): Promise<void> {
    const gate =
      source.kind === 'datagrams'
        ? new CaptureGate(spec.input, spec.filter, new CaptureWindow(windowOf(spec)))
        : packedGate;
    const schedule = createSchedule(spec.rate);
    const timeline = new Timeline({ maxGapNs: spec.maxGapNs });
    for (;;) {
      const { reader } = source;
      if (!reader.next()) {
        if (reader.done) return;
        await source.fill();
        continue;
      }
      const verdict = gate.admit(reader);
      if (verdict === 'after') return;
      if (verdict !== 'yes') continue;
      const captureNs = timeline.place(reader.seconds, reader.nanoseconds);
      const dueNs = schedule.next(captureNs, gate.messagesIn(reader), (reader.length + headerBytes) * 8);
      if (gate.messagesIn(reader) > 0) {
        this.add(readSession(reader.view, reader.offset), readSequence(reader.view, reader.offset), dueNs);
      }
    }
  }

  private add(session: string, sequence: number, dueNs: number): void {
    if (++this.packets > maxReferencePackets) {
      throw new UsageError('reference', `--reference holds more than ${maxReferencePackets} packets; use --until`);
    }
    let schedule = this.sessions.get(session);
    if (schedule === undefined) {
      schedule = new SessionSchedule();
      this.sessions.set(session, schedule);
    }
    // A repeated or late packet cannot be told apart by its number; the first one counts.
    if (schedule.count === 0 || sequence > schedule.sequences[schedule.count - 1]) schedule.add(sequence, dueNs);
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
