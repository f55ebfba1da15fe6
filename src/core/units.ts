/** Quantities for people: bytes and rates with a unit that fits, three significant digits. */

/** Such as `12 B`, `1.50 MB` (powers of ten, as disks and links are sold). */
export function formatBytes(bytes: number): string {
  return withPrefix(bytes, 'B');
}

/** Such as `1.25 Mmsg/s`, for a measured rate; `unit` without a prefix: `msg/s`, `pps`, `bps`. */
export function formatRate(perSecond: number, unit: string): string {
  return withPrefix(perSecond, unit);
}

/** Such as `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Such as `1 packet` and `1,234 packets`; `plural` where an s is not enough. */
export function formatCounted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** Three significant digits of a positive number below 1000. */
export function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

function withPrefix(value: number, unit: string): string {
  let scaled = Math.abs(value);
  let prefix = '';
  // 999.5 would print as 1000.
  for (const next of ['k', 'M', 'G', 'T']) {
    if (scaled < 999.5) break;
    scaled /= 1000;
    prefix = next;
  }
  const digits = prefix === '' && Number.isInteger(scaled) ? String(scaled) : threeDigits(scaled);
  return `${value < 0 ? '-' : ''}${digits} ${prefix}${unit}`;
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of `4096`, `64MiB`, `1GB` …; NaN where the text is no size. */
export function parseBytes(text: string): number {
  const match = /^(\d{1,15})((?:[kMGT]|[KMGT]i)?)B?$/.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * (unitBytes[match[2]] as number);
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}
