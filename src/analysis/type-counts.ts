/** Messages counted by their type's letter. */
export class TypeCounts {
  private readonly counts = new Float64Array(256);

  add(typeCode: number): void {
    this.counts[typeCode]++;
  }

  /** Types that came, by letter. */
  toObject(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const [code, count] of this.counts.entries()) if (count > 0) out[String.fromCharCode(code)] = count;
    return out;
  }
}
