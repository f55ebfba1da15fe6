/** Quantities on axes, in engineering units and as few digits as tell them apart. */
import { formatDuration } from '../core/time.js';

/** What an axis measures; a `count` may be one per second. */
export type Unit = 'ns' | 'bytes' | 'count';

const minuteNs = 6e10;

/** Such as `0`, `250 µs`, `1.5 k`, `64 B`, at most four significant digits. */
export function formatTick(value: number, unit: Unit): string {
  if (value === 0) return '0';
  if (unit === 'ns') return formatNs(value);
  const [scaled, prefix] = prefixed(value);
  if (unit === 'bytes') return `${scaled} ${prefix}B`;
  return prefix === '' ? scaled : `${scaled} ${prefix}`;
}

function formatNs(value: number): string {
  const size = Math.abs(value);
  // Powers of ten, as on a logarithmic axis, stay seconds.
  if (size >= minuteNs && !Number.isInteger(Math.log10(size)))
    return formatDuration(value).replace(/ 00 [sm]$| 00 h$/, '');
  for (const [ns, unit] of [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ] as const) {
    if (size >= ns) return `${digits(value / ns)} ${unit}`;
  }
  return `${digits(value)} ns`;
}

function prefixed(value: number): [scaled: string, prefix: string] {
  for (const [size, prefix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(value) >= size) return [digits(value / size), prefix];
  }
  return [digits(value), ''];
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}
