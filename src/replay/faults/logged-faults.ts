/** Decides faults by a log of them: the very same to the very same packets, whatever the rate, without a draw. */
import { UsageError } from '../../core/errors.js';
import type { FaultAction, FaultDecider, PacketOnLine } from './action.js';
import type { FaultTally } from './drawn-faults.js';
import { type LogEnd, type LogEntry, type PacketPlace, parseLogHead, parseLogLine, sumOf } from './fault-log.js';
import type { PacketAtHand } from './packet.js';

/** Answers the log's next line without its line end; null behind the last. */
export type NextLine = () => string | null;

/** Throws UsageError at the packet where the log does not fit what is played. */
export class LoggedFaults implements FaultDecider {
  /** The faults as they were written when the log was, and how many packets each befell so far. */
  readonly tallies: FaultTally[];
  /** What they were drawn from. */
  readonly seed: unknown;
  private readonly nextLine: NextLine;
  private readonly path: string;
  private readonly actions: FaultAction[] = [];
  private next: LogEntry | null = null;
  /** The latest entry that was read. */
  private read: PacketPlace = { loop: 0, packet: 0 };
  private end: LogEnd | null = null;
  private lineNumber = 1;
  /** The packet at hand. */
  private last: PacketPlace = { loop: 0, packet: 0 };

  constructor(nextLine: NextLine, path: string) {
    this.nextLine = nextLine;
    this.path = path;
    const { seed, faults } = parseLogHead(nextLine(), path);
    this.seed = seed;
    this.tallies = faults.map((fault) => ({ fault, seen: null, hit: 0 }));
    this.advance();
  }

  decide({ packet, line }: PacketOnLine): readonly FaultAction[] {
    const { actions, next } = this;
    if (actions.length > 0) actions.length = 0;
    if (next !== null && isBehind({ loop: packet.loop, packet: packet.place }, next)) {
      throw this.refusal(`names line ${next.line} of packet ${placeOf(next)}, which it does not have here`);
    }
    for (let entry = next; entry !== null && isOf(entry, packet) && entry.line === line; entry = this.next) {
      this.compare(entry, packet);
      actions.push(entry.action);
      const tally = this.tallies[entry.action.fault];
      if (tally !== undefined) tally.hit++;
      this.advance();
    }
    return actions;
  }

  /** Throws UsageError where the log is one of a whole run, which ended here. */
  isPast({ loop, place }: PacketAtHand): boolean {
    const { next, end } = this;
    const packet = { loop, packet: place };
    if (next === null && end !== null && isBehind(packet, end)) {
      if (!end.isComplete) return true;
      const text = `ends with packet ${placeOf(end)}, and the capture goes on`;
      throw this.refusal(`${text}: it is of a shorter run (--loop, filters or another capture)`);
    }
    this.last = packet;
    return false;
  }

  finish(isComplete: boolean): void {
    const { next, end, last } = this;
    if (!isComplete) return;
    const left = next ?? (end !== null && isBehind(end, last) ? end : null);
    if (left === null) return;
    throw this.refusal(`goes on with packet ${placeOf(left)}, where the capture ends with ${placeOf(last)}`);
  }

  private compare(entry: LogEntry, { view, offset, length }: PacketAtHand): void {
    if (entry.length === length && entry.sum === sumOf(view, offset, length)) return;
    const what = entry.length === length ? 'other bytes' : `${length} bytes, not ${entry.length}`;
    throw this.refusal(`is of other packets: packet ${placeOf(entry)} has ${what} here`);
  }

  private advance(): void {
    this.next = null;
    for (let line = this.nextLine(); line !== null; line = this.nextLine()) {
      this.lineNumber++;
      if (line === '') continue;
      const where = `${this.path}, line ${this.lineNumber}`;
      if (this.end !== null) throw this.refusal(`goes on behind its end, in line ${this.lineNumber}`);
      const read = parseLogLine(line, where);
      if ('action' in read) {
        this.next = read;
        this.read = read;
        return;
      }
      this.end = read;
    }
    // A run that was killed wrote no end: its log goes as far as its last entry.
    const { loop, packet } = this.read;
    this.end ??= { loop, packet, isComplete: false };
  }

  private refusal(text: string): UsageError {
    const advice = 'replay the capture, filters and options that it was written with';
    return new UsageError('fault-log', `${this.path} ${text}; ${advice}`);
  }
}

function isOf(entry: LogEntry, { loop, place }: PacketAtHand): boolean {
  return entry.loop === loop && entry.packet === place;
}

function isBehind(one: PacketPlace, other: PacketPlace): boolean {
  return one.loop > other.loop || (one.loop === other.loop && one.packet > other.packet);
}

function placeOf({ loop, packet }: PacketPlace): string {
  return loop <= 1 ? String(packet) : `${packet} of loop ${loop}`;
}
