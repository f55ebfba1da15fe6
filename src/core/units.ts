/** Quantities for people: bytes and rates with a unit that fits, three significant digits. */

/** Such as `12 B`, `1.50 MB` (powers of ten, as disks and links are sold). */
export function formatBytes(bytes: number): string {
  return withPrefix(bytes, ' ', 'B');
}

/** Such as `1.25 Mmsg/s`, for a measured rate; `unit` without a prefix: `msg/s`, `pps`, `bps`. */
export function formatRatePerSecond(perSecond: number, unit: string): string {
  return withPrefix(perSecond, ' ', unit);
}

/** Such as `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function withPrefix(value: number, separator: string, unit: string): string {
  let scaled = value;
  let prefix = '';
  for (const next of ['k', 'M', 'G', 'T']) {
    // 999.5 would print as 1000.
    if (Math.abs(scaled) < 999.5) break;
    scaled /= 1000;
    prefix = next;
  }
  return `${threeDigits(scaled, prefix !== '')}${separator}${prefix}${unit}`;
}

function threeDigits(value: number, isScaled: boolean): string {
  if (!isScaled && Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}
