/** What became of the packets of each line. */
import type { ActionKind, FaultAction } from './action.js';

/** Packets, and the messages in them. */
export interface Amount {
  packets: number;
  messages: number;
}

/**
 * Counts of one line. At any time `in` and `duplicated` together are `out`, `lost`, `tailDropped`, `overflowed` and
 * `held` together.
 */
export interface LineFaults {
  readonly line: string;
  /** Packets of the line, before anything was done to them. */
  readonly in: Amount;
  /** Handed on, copies included. */
  readonly out: Amount;
  /** By `loss`. */
  readonly lost: Amount;
  /** By `rate`, where the queue was full. */
  readonly tailDropped: Amount;
  /** For want of room to hold them. */
  readonly overflowed: Amount;
  /** Waiting when the run ended. */
  readonly held: Amount;
  /** Copies that were made. */
  readonly duplicated: Amount;
  /** Packets that waited in the queue of `rate`, … */
  readonly queued: Amount;
  /** … by `delay` or `jitter`, … */
  readonly delayed: Amount;
  /** … or by `reorder`. */
  readonly reordered: Amount;
  /** Handed on behind a later packet of its flow, whatever the reason; copies apart. */
  readonly outOfOrder: Amount;
  readonly truncated: Amount;
  readonly corrupted: Amount;
}

export function noFaultsOf(line: string): LineFaults {
  const none = (): Amount => ({ packets: 0, messages: 0 });
  return {
    line,
    in: none(),
    out: none(),
    lost: none(),
    tailDropped: none(),
    overflowed: none(),
    held: none(),
    duplicated: none(),
    queued: none(),
    delayed: none(),
    reordered: none(),
    outOfOrder: none(),
    truncated: none(),
    corrupted: none(),
  };
}

export function add(amount: Amount, messages: number): void {
  amount.packets++;
  amount.messages += messages;
}

type Counted = 'tailDropped' | 'lost' | 'queued' | 'delayed' | 'reordered' | 'truncated' | 'corrupted' | 'overflowed';

/**
 * Counts what was done to one packet: once for each count, however many faults add to it. Copies are counted where they
 * are made.
 */
export function tally(counts: LineFaults, actions: readonly FaultAction[], messages: number): void {
  for (const [index, action] of actions.entries()) {
    const name = countOf(action);
    if (name === null || actions.slice(0, index).some((other) => countOf(other) === name)) continue;
    add(counts[name], messages);
  }
}

const countsOf: Readonly<Record<ActionKind, Counted | null>> = {
  rate: 'queued',
  loss: 'lost',
  truncate: 'truncated',
  corrupt: 'corrupted',
  dup: null,
  delay: 'delayed',
  jitter: 'delayed',
  reorder: 'reordered',
  overflow: 'overflowed',
};

function countOf({ kind, isLost, copy }: FaultAction): Counted | null {
  if (kind === 'rate' && isLost) return 'tailDropped';
  return kind === 'overflow' && copy > 0 ? null : countsOf[kind];
}
