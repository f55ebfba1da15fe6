/** What a parser reports beside its messages: numbers that are missing, and packets that it rejects. */
import { UsageError } from '../core/errors.js';
import { holderOf, listOf, refuseOtherKeys, textOf, valueAt } from './mapping.js';

/** `gap`: numbers are missing. `reject`: a packet, or part of it, cannot be what it says. */
export const reportKinds = ['gap', 'reject'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** Which reports a parser says that it makes, and how it writes them. */
export interface ReportSpec {
  /** Those that it is held to; none: what it reports is passed over. */
  readonly kinds: readonly ReportKind[];
  /** The key that tells a report from a message … */
  readonly key: string;
  /** … and what stands there. */
  readonly gap: string;
  readonly reject: string;
  /** Keys of a gap: the first number that is missing, and how many are. */
  readonly sequence: string;
  readonly count: string;
  /** Key of a rejection: the packet's 1-based number in the capture. */
  readonly packet: string;
}

/** Numbers that a parser found missing. */
export interface GapReport {
  readonly sequence: number;
  readonly count: number;
}

/** What a parser reported of one capture. */
export interface ParserReports {
  readonly kinds: readonly ReportKind[];
  readonly gaps: readonly GapReport[];
  /** Numbers of packets; null where it did not say. */
  readonly rejects: readonly (number | null)[];
  /** All that came, kept or not. */
  readonly total: number;
}

/** As they are written unless told otherwise, and nobody held to them. */
export const plainReports: ReportSpec = {
  kinds: [],
  key: 'report',
  gap: 'gap',
  reject: 'reject',
  sequence: 'sequence',
  count: 'count',
  packet: 'packet',
};

const names = ['key', 'gap', 'reject', 'sequence', 'count', 'packet'] as const;
const mostKept = 10_000;

/** Reads `true`, a kind, a list of kinds, or keys with names; throws UsageError, which names `path`. */
export function reportSpecOf(given: unknown, path: string): ReportSpec {
  if (given === undefined || given === null || given === false) return plainReports;
  if (given === true) return { ...plainReports, kinds: reportKinds };
  if (typeof given === 'string' || Array.isArray(given)) return { ...plainReports, kinds: kindsOf(given, path) };
  const held = holderOf(given, path);
  refuseOtherKeys(held, ['kinds', ...names], path);
  const own = names.flatMap((name) => {
    const text = textOf(held[name], `${path}.${name}`);
    return text === null ? [] : [[name, text] as const];
  });
  const kinds = held.kinds === undefined ? reportKinds : kindsOf(held.kinds, `${path}.kinds`);
  return { ...plainReports, ...Object.fromEntries(own), kinds };
}

function kindsOf(given: unknown, path: string): ReportKind[] {
  return listOf(given, path).map((kind) => {
    if ((reportKinds as readonly string[]).includes(kind)) return kind as ReportKind;
    throw new UsageError('parser-config', `${path}: true, or some of ${reportKinds.join(', ')}`);
  });
}

/** Takes reports out of what a parser writes. */
export class ReportLog {
  private readonly gaps: GapReport[] = [];
  private readonly rejects: (number | null)[] = [];
  private total = 0;

  constructor(private readonly spec: ReportSpec) {}

  /** False where it is a message. `packet`: the one that it was made of, where the adapter knows. */
  take(values: Readonly<Record<string, unknown>>, packet: number | null = null): boolean {
    const { spec } = this;
    const kind = valueAt(values, spec.key);
    if (kind !== spec.gap && kind !== spec.reject) return false;
    this.total++;
    if (kind === spec.gap) {
      const [sequence, count] = [numberAt(values, spec.sequence), numberAt(values, spec.count)];
      if (this.gaps.length < mostKept) this.gaps.push({ sequence: sequence ?? Number.NaN, count: count ?? 1 });
    } else if (this.rejects.length < mostKept) this.rejects.push(numberAt(values, spec.packet) ?? packet);
    return true;
  }

  /** What came; `kinds` where the parser itself says which it makes, and its configuration does not. */
  all(kinds: readonly ReportKind[] = []): ParserReports {
    const { gaps, rejects, total, spec } = this;
    return { kinds: spec.kinds.length > 0 ? spec.kinds : kinds, gaps, rejects, total };
  }
}

function numberAt(values: Readonly<Record<string, unknown>>, path: string): number | null {
  const value = valueAt(values, path);
  if (value === undefined || value === null || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
