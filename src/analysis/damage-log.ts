/** Collects damage: the first of it in full, the rest as counts, so that a file of nothing else stays bounded. */
import type { Damage } from '../core/seams.js';

export interface FileDamage extends Damage {
  readonly file: string;
}

/** Reports kept in full. */
export const maxDamageKept = 1000;

export class DamageLog {
  readonly kept: FileDamage[] = [];
  /** Reports in all, by code. */
  readonly counts = new Map<string, number>();
  total = 0;
  private readonly file: string;
  private readonly onDamage: ((damage: FileDamage) => void) | undefined;

  /** `file` names where damage was met that `add` is told no other place for. */
  constructor(file: string, onDamage?: (damage: FileDamage) => void) {
    this.file = file;
    this.onDamage = onDamage;
  }

  add(damage: Damage, file: string = this.file): void {
    const entry = { file, ...damage };
    this.total++;
    this.counts.set(damage.code, (this.counts.get(damage.code) ?? 0) + 1);
    if (this.kept.length < maxDamageKept) this.kept.push(entry);
    this.onDamage?.(entry);
  }
}
