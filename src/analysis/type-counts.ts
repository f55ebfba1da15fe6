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

export class TypeCounts {
  private readonly applications: Application[] = [];
  private readonly counts: Float64Array[] = [];

  add(application: Application, type: number): void {
    let at = this.applications.indexOf(application);
    if (at < 0) {
      at = this.applications.push(application) - 1;
      this.counts.push(new Float64Array(application.typeLimit));
    }
    (this.counts[at] as Float64Array)[type]++;
  }

  /** Types that came, in the order of their codes. */
  list(): TypeCount[] {
    return this.applications.flatMap((application, index) =>
      [...(this.counts[index] as Float64Array).entries()].flatMap(([type, count]) =>
        count === 0
          ? []
          : {
              protocol: application.id,
              type: application.typeText(type),
              name: application.nameOf(type) ?? 'unknown',
              count,
            },
      ),
    );
  }

  /** The same by type alone. */
  toObject(): Record<string, number> {
    return Object.fromEntries(this.list().map(({ type, count }) => [type, count]));
  }
}
