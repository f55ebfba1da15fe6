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

/** The types of one protocol. */
export class TypeTable {
  /** The types that came, in the order in which they did. */
  readonly seen: number[] = [];
  private readonly counts: Float64Array;

  constructor(readonly application: Application) {
    this.counts = new Float64Array(application.typeLimit);
  }

  add(type: number, times = 1): void {
    const before = this.counts[type] as number;
    if (before === 0) this.seen.push(type);
    this.counts[type] = before + times;
  }

  /** By ascending code. */
  list(): [code: number, count: number][] {
    const codes = [...this.seen].sort((one, other) => one - other);
    return codes.map((code) => [code, this.counts[code] as number]);
  }
}

export class TypeCounts {
  private tables: TypeTable[] = [];

  add(application: Application, type: number, times = 1): void {
    this.of(application).add(type, times);
  }

  /** The table of a protocol, until `take`. */
  of(application: Application): TypeTable {
    for (const table of this.tables) if (table.application === application) return table;
    const table = new TypeTable(application);
    this.tables.push(table);
    return table;
  }

  /** The counts by codes, so that another thread can add them: protocols in the order in which they came. */
  codes(): CodeCount[] {
    return this.tables.flatMap((table) =>
      table.list().map(([code, count]) => ({
        protocol: table.application.id,
        code,
        name: table.application.nameOf(code) ?? '',
        count,
      })),
    );
  }

  /** The same; forgets them. */
  take(): CodeCount[] {
    const codes = this.codes();
    this.tables = [];
    return codes;
  }

  /** Types that came, in the order of their codes. */
  list(): TypeCount[] {
    return this.tables.flatMap((table) =>
      table.list().map(([type, count]) => ({
        protocol: table.application.id,
        type: table.application.typeText(type),
        name: table.application.nameOf(type) ?? 'unknown',
        count,
      })),
    );
  }

  /** The same by type alone. */
  toObject(): Record<string, number> {
    return Object.fromEntries(this.list().map(({ type, count }) => [type, count]));
  }
}
