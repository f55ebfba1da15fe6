/** What differs between two sides, told in full for the first and counted by cause for all: bounded whatever comes. */
import { diagnose, type FieldBytes, leavesOf } from './diagnose.js';
import { type ComparedMessage, type MessagePlace, typeText } from './message.js';
import type { FieldDifference } from './values.js';

/**
 * `missing`: the other side does not have it. `extra`: only the other side has it. `duplicate`: only the other side
 * has it again. `reordered`: both have it, elsewhere. `type`: they take it for different messages. `field`: a value
 * differs. `digest`: a golden record tells that it differs, and no more. `count`: a program counted otherwise.
 */
export type DivergenceKind = 'missing' | 'extra' | 'duplicate' | 'reordered' | 'type' | 'field' | 'digest' | 'count';

/** One field of a divergence. */
export interface DivergentField {
  readonly path: string;
  readonly expected: unknown;
  /** Undefined (absent in JSON) where the other side has no such field. */
  readonly actual: unknown;
  /** A guess at the mistake; '' where there is none. */
  readonly hint: string;
  /** Where the field lies in the message's bytes; null where that is not known. */
  readonly at: FieldBytes | null;
}

export interface Divergence {
  readonly kind: DivergenceKind;
  /** How many messages the first side had before it: where to look for its neighbours. */
  readonly ordinal: number;
  readonly place: MessagePlace;
  readonly protocol: string;
  readonly type: string;
  readonly name: string | null;
  readonly fields: readonly DivergentField[];
  readonly expected: Readonly<Record<string, unknown>> | null;
  readonly actual: Readonly<Record<string, unknown>> | null;
  /** The message on the wire as hexadecimal digits; null where it is not at hand. */
  readonly bytes: string | null;
  /** What a person is told beside the kind; '' where that says it all. */
  readonly note: string;
}

/** All divergences of one cause. */
export interface DivergenceCause {
  readonly kind: DivergenceKind;
  /** Such as `A AddOrder.price`: stable, for lists of what is accepted. */
  readonly cause: string;
  readonly count: number;
  /** The guess that fits most of them, such as `10^4 times too large: the scale`; '' where none does. */
  readonly hint: string;
  /** How many it fits. */
  readonly hinted: number;
  /** The first of it. */
  readonly first: MessagePlace;
}

/** Finds a field's bytes in a message. */
export type LocateField = (message: ComparedMessage, path: string) => FieldBytes | null;

/** Causes that are told apart; what comes beyond counts as one. */
export const mostCauses = 500;

const mostHints = 50;

interface CauseCount {
  readonly kind: DivergenceKind;
  readonly first: MessagePlace;
  count: number;
  readonly hints: Map<string, number>;
}

export class DivergenceLog {
  /** Messages that diverge. */
  total = 0;
  /** The earliest; null where all agrees. */
  first: Divergence | null = null;
  /** The first of them in the order in which they were known, at most as many as asked for. */
  readonly kept: Divergence[] = [];
  private readonly byCause = new Map<string, CauseCount>();
  private readonly limit: number;
  private readonly locate: LocateField;

  constructor(limit: number, locate: LocateField) {
    this.limit = limit;
    this.locate = locate;
  }

  /** The causes, the most frequent first. */
  get causes(): DivergenceCause[] {
    const causes = [...this.byCause].map(([cause, { kind, count, hints, first }]): DivergenceCause => {
      const [hint, hinted] = [...hints].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0]);
      return { kind, cause, count, hint, hinted, first };
    });
    return causes.sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
  }

  /** One message that only one side has, or has elsewhere. */
  message(
    kind: Exclude<DivergenceKind, 'field' | 'type' | 'count'>,
    message: ComparedMessage,
    ordinal: number,
    note = '',
  ): void {
    const isExpected = kind !== 'extra' && kind !== 'duplicate';
    this.count(kind, `${typeText(message)} ${noun[kind]}`, message.place);
    this.keep({
      ...headOf(kind, message, ordinal, note),
      fields: [],
      expected: isExpected && kind !== 'digest' ? message.values : null,
      actual: isExpected && kind !== 'digest' ? null : message.values,
    });
  }

  /** Both sides have the message; what they take it for, or its values, differ. */
  fields(
    kind: 'field' | 'type',
    expected: ComparedMessage,
    actual: ComparedMessage,
    differences: readonly FieldDifference[],
    ordinal: number,
  ): void {
    if (kind === 'type') {
      const as = `${typeText(expected)} taken for ${typeText(actual)}`;
      this.count(kind, as, expected.place);
    }
    const others = leavesOf(expected.values);
    const fields = differences.map((difference): DivergentField => {
      const at = this.locate(expected, difference.path);
      const hint = diagnose(difference, expected.bytes, at, others);
      if (kind === 'field') {
        this.count(kind, `${typeText(expected)}.${difference.pattern}`, expected.place, hint);
      }
      return { path: difference.path, expected: difference.expected, actual: difference.actual, hint, at };
    });
    this.keep({
      ...headOf(kind, expected, ordinal, ''),
      fields,
      expected: expected.values,
      actual: actual.values,
    });
  }

  /** A difference that no message stands for, such as of totals. */
  other(kind: DivergenceKind, cause: string, place: MessagePlace): void {
    this.total++;
    this.count(kind, cause, place);
  }

  private count(kind: DivergenceKind, cause: string, first: MessagePlace, hint = ''): void {
    const isFull = this.byCause.size >= mostCauses && !this.byCause.has(cause);
    const key = isFull ? 'other causes' : cause;
    let known = this.byCause.get(key);
    if (known === undefined) {
      known = { kind, count: 0, first, hints: new Map() };
      this.byCause.set(key, known);
    }
    known.count++;
    const { hints } = known;
    if (hint !== '' && (hints.has(hint) || hints.size < mostHints)) hints.set(hint, (hints.get(hint) ?? 0) + 1);
  }

  private keep(divergence: Divergence): void {
    this.total++;
    if (this.first === null || divergence.ordinal < this.first.ordinal) this.first = divergence;
    if (this.kept.length < this.limit) this.kept.push(divergence);
  }
}

const noun: Record<Exclude<DivergenceKind, 'field' | 'type' | 'count'>, string> = {
  missing: 'missing',
  extra: 'only on the other side',
  duplicate: 'repeated on the other side',
  reordered: 'in another order',
  digest: 'decoded otherwise than the golden record says',
};

function headOf(kind: DivergenceKind, message: ComparedMessage, ordinal: number, note: string) {
  const { place, protocol, type, name, bytes } = message;
  return { kind, ordinal, place, protocol, type, name, bytes: bytes === null ? null : hexOf(bytes), note };
}

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
