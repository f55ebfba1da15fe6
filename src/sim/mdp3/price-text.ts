/** Prices as exact decimals. */

/** The decimal of `mantissa` / 10^`decimals`, without zeros at its end; the mantissa is below 2^53 in size. */
export function formatPrice(mantissa: number, decimals: number): string {
  const digits = String(Math.abs(mantissa)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, -decimals);
  const fraction = digits.slice(-decimals).replace(/0+$/, '');
  return `${mantissa < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
