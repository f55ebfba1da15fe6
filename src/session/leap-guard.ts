/**
 * Packets of a session whose number leaps far ahead: behind a long loss, or with a wrong number, which would have all
 * that is between given up as lost.
 *
 * Such a packet is set aside until another one goes on behind it, or another line brings it too: then it is taken.
 * Where its own line goes on before it, its number was wrong and it is left out. Where neither happens in time, it is
 * taken.
 */
import type { Flow } from '../core/seams.js';
import { MAX_HELD_NS } from './arbiter.js';

/** Numbers beyond the highest that are believed at once. */
export const MAX_TRUSTED_LEAP = 1024;
/** The most flows whose place is remembered. */
const MAX_FLOWS = 64;

/** A packet set aside, a copy. */
interface Leapt {
  readonly view: DataView;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly flow: Flow;
  readonly from: number;
  readonly next: number;
}

export class LeapGuard {
  /** Packets left out. */
  wrong = 0;
  /** A packet that was set aside and is to be taken now, before any other; whoever takes it sets this to null. */
  confirmed: Leapt | null = null;
  private held: Leapt | null = null;
  /** The number behind the highest of all, and of each flow. */
  private next = 0;
  private readonly nextOf = new Map<Flow, number>();

  /** Whether a packet of `count` numbers from `from` on is set aside; else it is to be taken, after `confirmed`. */
  holds(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    flow: Flow,
    from: number,
    count: number,
  ): boolean {
    const { held } = this;
    const next = from + count;
    const isLeap = this.next > 0 && from > this.next + MAX_TRUSTED_LEAP;
    if (held !== null) {
      if (goesOn(held, flow, from)) {
        this.confirm(held);
        this.note(flow, next);
        return false;
      }
      // The line goes on where it was, or leaps elsewhere.
      if (isLeap || (flow === held.flow && from >= (this.nextOf.get(flow) ?? 0))) {
        this.wrong++;
        this.held = null;
      }
    }
    if (!isLeap) {
      this.note(flow, next);
      return false;
    }
    const start = view.byteOffset + offset;
    const copy = new DataView(view.buffer.slice(start, start + length));
    this.held = { view: copy, seconds, nanoseconds, flow, from, next };
    return true;
  }

  /** Says what time it is: what nothing has contradicted is taken. */
  advance(seconds: number, nanoseconds: number): void {
    const { held } = this;
    if (held === null) return;
    if ((seconds - held.seconds) * 1e9 + (nanoseconds - held.nanoseconds) > MAX_HELD_NS) this.confirm(held);
  }

  flush(): void {
    if (this.held !== null) this.confirm(this.held);
  }

  private confirm(held: Leapt): void {
    this.held = null;
    this.confirmed = held;
    this.note(held.flow, held.next);
  }

  private note(flow: Flow, next: number): void {
    if (next > this.next) this.next = next;
    if (this.nextOf.size < MAX_FLOWS || this.nextOf.has(flow)) {
      this.nextOf.set(flow, Math.max(next, this.nextOf.get(flow) ?? 0));
    }
  }
}

/** Whether a packet is behind one that was set aside, or the same one of another line. */
function goesOn(held: Leapt, flow: Flow, from: number): boolean {
  const isBehind = from >= held.next || (from >= held.from && flow !== held.flow);
  return isBehind && from <= held.next + MAX_TRUSTED_LEAP;
}
