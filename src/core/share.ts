/** A part of a whole, 0 to 1, as people write it: `0.001` or `0.1%`. */

/** The part that the text names; null where it is none: a whole number without `%` is one of nothing. */
export function parseShare(text: string): number | null {
  const match = /^(\d*\.\d+|\d+(?:\.\d+)?(?=%))(%?)$/.exec(text);
  if (match === null) return null;
  const share = Number(match[1]) / (match[2] === '%' ? 100 : 1);
  return share <= 1 ? share : null;
}
