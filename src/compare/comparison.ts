/** Two streams of decoded messages, compared: what both sides have is held against each other, field by field. */
import { type Aligner, type AlignListener, defaultWindow, KeyedAligner, type Side } from './align.js';
import { OrderAligner } from './align-order.js';
import { decimalText } from './decimal-text.js';
import { leavesOf } from './diagnose.js';
import { DivergenceLog, type LocateField } from './divergence.js';
import type { ComparedMessage } from './message.js';
import { type CompareRules, compareValues, type FieldDifference } from './values.js';

export interface ComparisonOptions {
  /** For the messages of each type. */
  rules: (left: ComparedMessage) => CompareRules;
  /** Finds fields in a message's bytes; where absent none are told. */
  locate?: LocateField;
  /** `key`: messages know their place. `order`: they follow each other alike. */
  align?: 'key' | 'order';
  /** Messages that wait for their like on each side, of `key`. */
  window?: number;
  /** Divergences kept in full. */
  limit?: number;
  /** Whether another order is a divergence. */
  ordered?: boolean;
  /** Asked of a pair before its values are: the golden record knows digests alone. */
  isSame?(left: ComparedMessage, right: ComparedMessage): boolean | null;
  /** What is told with a digest that differs. */
  digestNote?: string;
}

/** How many messages either side had, and how many both. */
export interface ComparisonCounts {
  left: number;
  right: number;
  /** On both sides. */
  paired: number;
  /** On both sides and the same. */
  same: number;
  missing: number;
  extra: number;
  duplicates: number;
  reordered: number;
  /** Pairs with a field that differs, or of which a digest does. */
  changed: number;
}

/** Divergences kept in full unless told otherwise. */
export const defaultLimit = 20;
/** Whole numbers of so many digits tell messages apart; smaller ones stand in many. */
const telling = 6;

export class Comparison {
  readonly log: DivergenceLog;
  readonly counts: ComparisonCounts = {
    left: 0,
    right: 0,
    paired: 0,
    same: 0,
    missing: 0,
    extra: 0,
    duplicates: 0,
    reordered: 0,
    changed: 0,
  };
  private readonly aligner: Aligner;
  private readonly options: ComparisonOptions;
  /** The last pair that was asked for, which is the next that is told. */
  private lastLeft: ComparedMessage | null = null;
  private lastRight: ComparedMessage | null = null;
  private lastDifferences: readonly FieldDifference[] = [];

  constructor(options: ComparisonOptions) {
    this.options = options;
    this.log = new DivergenceLog(options.limit ?? defaultLimit, options.locate ?? (() => null));
    const listener: AlignListener = {
      pair: (left, right, ordinal, isReordered) => this.pair(left, right, ordinal, isReordered),
      leftOnly: (left, ordinal) => {
        this.counts.missing++;
        this.log.message('missing', left, ordinal);
      },
      rightOnly: (right, ordinal, isRepeat) => {
        if (isRepeat) this.counts.duplicates++;
        else this.counts.extra++;
        this.log.message(isRepeat ? 'duplicate' : 'extra', right, ordinal);
      },
    };
    this.aligner =
      options.align === 'order'
        ? new OrderAligner(listener, (left, right) => this.likeness(left, right))
        : new KeyedAligner(listener, options.window ?? defaultWindow);
  }

  /** The side whose next messages are needed; null at the end. */
  get needs(): Side | null {
    return this.aligner.needs;
  }

  /** Whether everything so far is the same on both sides. */
  get isEqual(): boolean {
    return this.log.total === 0;
  }

  /** Messages that may have had their like beyond the window. */
  get beyondWindow(): number {
    return this.aligner.beyondWindow;
  }

  push(side: Side, messages: readonly ComparedMessage[]): void {
    this.counts[side] += messages.length;
    for (const message of messages) this.aligner.push(side, message);
  }

  end(side: Side): void {
    this.aligner.end(side);
  }

  private pair(left: ComparedMessage, right: ComparedMessage, ordinal: number, isReordered: boolean): void {
    this.counts.paired++;
    if (isReordered && this.options.ordered !== false) {
      this.counts.reordered++;
      this.log.message('reordered', left, ordinal);
    }
    const isSame = this.options.isSame?.(left, right) ?? null;
    if (isSame === false) {
      this.counts.changed++;
      this.log.message('digest', right, ordinal, this.options.digestNote);
    } else if (isSame === null && isOtherType(left, right)) {
      this.counts.changed++;
      const path = 'type';
      const difference = { path, pattern: path, expected: left.type, actual: right.type, isAbsent: false };
      this.log.fields('type', left, right, [difference], ordinal);
    } else if (isSame === null) {
      const differences = this.differences(left, right);
      if (differences.length === 0) this.counts.same++;
      else {
        this.counts.changed++;
        this.log.fields('field', left, right, differences, ordinal);
      }
    } else this.counts.same++;
  }

  private differences(left: ComparedMessage, right: ComparedMessage): readonly FieldDifference[] {
    if (left !== this.lastLeft || right !== this.lastRight) {
      this.lastDifferences = compareValues(left.values, right.values, this.options.rules(left));
      this.lastLeft = left;
      this.lastRight = right;
    }
    return this.lastDifferences;
  }

  private likeness(left: ComparedMessage, right: ComparedMessage): number {
    if (isOtherType(left, right)) return 0;
    const differences = this.differences(left, right);
    if (differences.length === 0) return 1;
    let all = 0;
    for (const [path, value] of leavesOf(left.values)) if (path !== 'type' && path !== 'name') all += weightOf(value);
    let wrong = 0;
    for (const { expected, isAbsent } of differences) wrong += isAbsent ? 1 : weightOf(expected);
    return all === 0 ? 0 : Math.min(0.99, Math.max(0, 1 - wrong / all));
  }
}

/** A parser that does not say what it takes a message for is not held to it. */
function isOtherType(left: ComparedMessage, right: ComparedMessage): boolean {
  return right.type !== '' && left.type !== right.type;
}

function weightOf(value: unknown): number {
  return (decimalText(value)?.length ?? 0) >= telling ? 3 : 1;
}
