/** When each packet of a reference capture was due, found by session and sequence number. */
import type { FileDamage } from '../analysis/damage-log.js';
import { UsageError } from '../core/errors.js';
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
/** Sessions that are told apart; packets of others are not found. */
const maxSessions = 1024;

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
  /** The session last asked for, and its name's ten bytes, to compare without making a string. */
  private last: SessionSchedule | undefined;
  private lastWord0 = 0;
  private lastWord1 = 0;
  private lastWord2 = Number.NaN;

  /** Reads the reference and computes every deadline, as a replay with the same options would. */
  static async load(spec: ReplaySpec, onDamage: (damage: FileDamage) => void): Promise<ReferenceSchedule> {
    if (spec.rate.mode === 'max') {
      throw new UsageError('reference', '--reference needs the rate of the replay; one at max speed has no schedule');
    }
    const reference = new ReferenceSchedule();
    const source = await CaptureSource.open(spec, (damage, file) => onDamage({ ...damage, file }));
    try {
      await reference.read(spec, source);
    } finally {
      await source.close();
    }
    return reference;
  }

  /**
   * Nanoseconds after the run's origin at which the MoldUDP64 packet at `offset` was due; NaN where the reference has
   * no such packet, or the packet has no number to know it by.
   */
  find(view: DataView, offset: number): number {
    const sequence = readSequence(view, offset);
    if (sequence === 0) return Number.NaN;
    const word0 = view.getInt32(offset);
    const word1 = view.getInt32(offset + 4);
    const word2 = view.getInt16(offset + 8);
    if (word0 !== this.lastWord0 || word1 !== this.lastWord1 || word2 !== this.lastWord2) {
      this.last = this.sessions.get(readSession(view, offset));
      this.lastWord0 = word0;
      this.lastWord1 = word1;
      this.lastWord2 = word2;
    }
    return this.last?.find(sequence) ?? Number.NaN;
  }

  private async read(spec: ReplaySpec, source: CaptureSource): Promise<void> {
    const gate =
      source.kind === 'datagrams'
        ? new CaptureGate(spec.input, spec.filter, new CaptureWindow(windowOf(spec)), spec.allowTruncated)
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
      const messages = gate.messagesIn(reader);
      const dueNs = schedule.next(captureNs, messages, (reader.length + headerBytes) * 8);
      const sequence = messages > 0 ? readSequence(reader.view, reader.offset) : 0;
      if (sequence > 0) this.add(readSession(reader.view, reader.offset), sequence, dueNs);
    }
  }

  private add(session: string, sequence: number, dueNs: number): void {
    if (++this.packets > maxReferencePackets) {
      throw new UsageError('reference', `--reference holds more than ${maxReferencePackets} packets; use --until`);
    }
    let schedule = this.sessions.get(session);
    if (schedule === undefined) {
      if (this.sessions.size >= maxSessions) return;
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
