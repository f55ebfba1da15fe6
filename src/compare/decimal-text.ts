/** Numbers as exact decimal text, whatever form they were written in: `1.50`, `15e-1` and 1.5 are one. */

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Digits and exponents beyond these are no market data, and would make texts without bound. */
const mostDigits = 400;

/** The plain decimal of a number or numeric text times 10^shift; null where it is none. */
export function decimalText(value: unknown, shift = 0): string | null {
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint') return null;
  const text = String(value).trim();
  if (text.length > mostDigits) return null;
  const match = form.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const moved = Number(exponent) + shift;
  if (Math.abs(moved) > mostDigits) return null;
  const digits = whole + fraction;
  const point = whole.length + moved;
  const padded =
    point > digits.length
      ? digits.padEnd(point, '0')
      : point < 0
        ? digits.padStart(digits.length - point, '0')
        : digits;
  const at = Math.max(point, 0);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, '') || '0';
  const right = padded.slice(at).replace(/0+$/, '');
  const plain = right === '' ? left : `${left}.${right}`;
  return sign === '-' && /[1-9]/.test(plain) ? `-${plain}` : plain;
}

/** A whole number as a BigInt; null where it is none. For diagnoses alone, off every hot path. */
export function wholeNumber(value: unknown): bigint | null {
  const text = decimalText(value);
  return text === null || text.includes('.') ? null : BigInt(text);
}
