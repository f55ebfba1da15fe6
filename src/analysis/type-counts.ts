/** Messages counted by their type, of every protocol. */
import type { Application, ProtocolId } from './application.js';

/** One type with its count, as reports list them. */
export interface TypeCount {
  protocol: ProtocolId;
  /** `A` of ITCH, `46` of MDP. */
  type: string;
  /** `AddOrder`, `MDIncrementalRefreshBook46`. */
  name: string;
  count: number;
}

/** One type by its code. */
export interface CodeCount {
  readonly protocol: ProtocolId;
  readonly code: number;
  /** Empty where it has none. */
  readonly name: string;
  readonly count: number;
}

export class TypeCounts {
  private readonly applications: Application[] = [];
  private readonly counts: Float64Array[] = [];
  /** The types that came, of each. */
  private readonly seen: number[][] = [];

  add(application: Application, type: number, times = 1): void {
    let at = this.applications.indexOf(application);
    if (at < 0) {
      at = this.applications.push(application) - 1;
      this.counts.push(new Float64Array(application.typeLimit));
      this.seen.push([]);
    }
    const counts = this.counts[at] as Float64Array;
    if (counts[type] === 0) (this.seen[at] as number[]).push(type);
    counts[type] += times;
  }

  /** The counts by codes, so that another thread can add them: protocols in the order in which they came. */
  codes(): CodeCount[] {
    return this.applications.flatMap((application, index) =>
      this.typesOf(index).map(([code, count]) => ({
        protocol: application.id,
        code,
        name: application.nameOf(code) ?? '',
        count,
      })),
    );
  }

  private typesOf(index: number): [code: number, count: number][] {
    const counts = this.counts[index] as Float64Array;
    const codes = [...(this.seen[index] as number[])].sort((one, other) => one - other);
    return codes.map((code) => [code, counts[code] as number]);
  }

  /** Types that came, in the order of their codes. */
  list(): TypeCount[] {
    return this.applications.flatMap((application, index) =>
      this.typesOf(index).map(([type, count]) => ({
        protocol: application.id,
        type: application.typeText(type),
        name: application.nameOf(type) ?? 'unknown',
        count,
      })),
    );
  }

  /** The same by type alone. */
  toObject(): Record<string, number> {
    return Object.fromEntries(this.list().map(({ type, count }) => [type, count]));
  }
}
