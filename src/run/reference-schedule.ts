/** When each packet of a reference capture was due, found by session and sequence number, or by SendingTime. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { Protocols } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import { PeakTimeline } from '../replay/peak.js';
import { createSchedule } from '../replay/schedule.js';
import { headerBytes } from '../replay/scheduled-reader.js';
import { Timeline } from '../replay/timeline.js';
import { nanosecondsOf, readTimeHigh, readTimeLow, SENDING_TIME_OFFSET, secondsOf } from '../session/mdp3-header.js';
import { readSequence, readSession } from '../session/moldudp64.js';
import { CaptureSource } from './capture-source.js';
import { gateOf, walk } from './capture-walk.js';
import { surveyPeak } from './peak-survey.js';
import type { ReplaySpec } from './replay-spec.js';

/** Packets that a reference may have: 16 bytes each are kept. */
export const maxReferencePackets = 8_000_000;
/** Sessions that are told apart; packets of others are not found. */
const maxSessions = 1024;
/** 104 days: further apart a number of ns is no longer exact. */
const farSeconds = 104 * 86_400;

class SessionSchedule {
  sequences = new Float64Array(1024);
  dueNs = new Float64Array(1024);
  count = 0;
  private isSorted = true;
  private cursor = 0;

  add(sequence: number, dueNs: number): void {
    if (this.count === this.sequences.length) {
      this.sequences = grown(this.sequences);
      this.dueNs = grown(this.dueNs);
    }
    this.sequences[this.count] = sequence;
    this.dueNs[this.count++] = dueNs;
  }

  /** The same for numbers in any order; `seal` before anything is looked for. */
  addInAnyOrder(sequence: number, dueNs: number): void {
    if (this.count > 0 && sequence < this.sequences[this.count - 1]) this.isSorted = false;
    this.add(sequence, dueNs);
  }

  /** Puts the numbers in order; of equal ones the first that was added comes first, and is found. */
  seal(): void {
    if (this.isSorted) return;
    const { sequences, dueNs, count } = this;
    const order = Array.from({ length: count }, (_, index) => index);
    order.sort((a, b) => sequences[a] - sequences[b] || a - b);
    this.sequences = Float64Array.from(order, (index) => sequences[index]);
    this.dueNs = Float64Array.from(order, (index) => dueNs[index]);
    this.isSorted = true;
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
  /**
   * Packets of MDP, by SendingTime in ns since `mdp3Seconds`: on the wire their numbers do not tell channels, feeds and
   * rounds apart. Lines A and B send the same packet; the first one counts.
   */
  private readonly mdp3Packets = new SessionSchedule();
  private mdp3Seconds = Number.NaN;
  /** The session last asked for, and its name's ten bytes, to compare without making a string. */
  private last: SessionSchedule | undefined;
  private lastWord0 = 0;
  private lastWord1 = 0;
  private lastWord2 = Number.NaN;

  /** Reads the reference and computes every deadline, as a replay with the same options would. */
  static async load(
    spec: ReplaySpec,
    protocols: Protocols,
    onDamage: (damage: FileDamage) => void,
  ): Promise<ReferenceSchedule> {
    if (spec.rate.mode === 'max') {
      throw new UsageError('reference', '--reference needs the rate of the replay; one at max speed has no schedule');
    }
    const reference = new ReferenceSchedule();
    const source = await CaptureSource.open(spec, (damage, file) => onDamage({ ...damage, file }), protocols.mdp3);
    try {
      await reference.read(spec, protocols, source);
      reference.mdp3Packets.seal();
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

  /** The same for the MDP packet at `offset`. */
  findMdp3(view: DataView, offset: number): number {
    return this.mdp3Packets.find(this.sinceFirstNs(view, offset));
  }

  private async read(spec: ReplaySpec, protocols: Protocols, source: CaptureSource): Promise<void> {
    const captureGate = gateOf(spec, protocols, source);
    const schedule = createSchedule(spec.rate, spec.shape);
    const own = new Timeline({ maxGapNs: spec.maxGapNs });
    const timeline = spec.peak === null ? own : new PeakTimeline(own, await surveyPeak(spec, spec.peak, protocols));
    await walk(source, captureGate, (reader, gate) => {
      const captureNs = timeline.place(reader.seconds, reader.nanoseconds);
      const messages = gate.messagesIn(reader);
      const dueNs = schedule.next(captureNs, messages, (reader.length + headerBytes) * 8);
      const { view, offset, length, flow } = reader;
      if (captureGate?.framingOf(view, offset, length, flow) === 'mdp3') this.addMdp3(view, offset, dueNs);
      else {
        const sequence = messages > 0 ? readSequence(view, offset) : 0;
        if (sequence > 0) this.add(readSession(view, offset), sequence, dueNs);
      }
    });
  }

  private countPacket(): void {
    if (++this.packets <= maxReferencePackets) return;
    throw new UsageError('reference', `--reference holds more than ${maxReferencePackets} packets; use --until`);
  }

  private addMdp3(view: DataView, offset: number, dueNs: number): void {
    this.countPacket();
    if (Number.isNaN(this.mdp3Seconds)) this.mdp3Seconds = sendingSeconds(view, offset);
    const sinceNs = this.sinceFirstNs(view, offset);
    if (!Number.isNaN(sinceNs)) this.mdp3Packets.addInAnyOrder(sinceNs, dueNs);
  }

  /** SendingTime since the first packet's second; NaN, which nothing equals, where ns are not exact any more. */
  private sinceFirstNs(view: DataView, offset: number): number {
    const seconds = sendingSeconds(view, offset) - this.mdp3Seconds;
    if (Math.abs(seconds) > farSeconds) return Number.NaN;
    const at = offset + SENDING_TIME_OFFSET;
    return seconds * 1e9 + nanosecondsOf(readTimeHigh(view, at), readTimeLow(view, at));
  }

  private add(session: string, sequence: number, dueNs: number): void {
    this.countPacket();
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

function sendingSeconds(view: DataView, offset: number): number {
  const at = offset + SENDING_TIME_OFFSET;
  return secondsOf(readTimeHigh(view, at), readTimeLow(view, at));
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
