/**
 * Statistics of repeated runs: median, and the rank-sum test of Wilcoxon, Mann and Whitney, with ties: exact up to
 * `mostExact` values, from there on by the normal distribution that the sum of ranks comes near to.
 *
 * Ranks and not means, since the times of runs have a long tail to the right: one run that the machine disturbed moves
 * a mean, and no rank by more than its place.
 */

/** Counting takes time with the fourth power of how many there are. */
const mostExact = 80;

/** The middle of the values, the mean of the two middle ones where their count is even; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How likely the ranks of `later` are as high as they are, or higher, if both come from one distribution: by counting
 * all ways to divide the ranks, ties included. 1 where either is empty.
 */
export function chanceOfHigher(earlier: readonly number[], later: readonly number[]): number {
  const taken = later.length;
  if (earlier.length === 0 || taken === 0) return 1;
  const { ranks, laterSum } = doubledRanks(earlier, later);
  if (ranks.length > mostExact) return normalChance(ranks, taken, laterSum);
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  // ways[k][s]: how many choices of k ranks sum to s. Counts beyond 2^53 lose digits that no probability shows.
  const ways = Array.from({ length: taken + 1 }, () => new Float64Array(total + 1));
  ways[0][0] = 1;
  let reached = 0;
  for (const [index, rank] of ranks.entries()) {
    reached += rank;
    for (let chosen = Math.min(index + 1, taken); chosen >= 1; chosen--) {
      const [from, to] = [ways[chosen - 1], ways[chosen]];
      for (let sum = reached; sum >= rank; sum--) to[sum] += from[sum - rank];
    }
  }
  let [all, higher] = [0, 0];
  for (const [sum, count] of ways[taken].entries()) {
    all += count;
    if (sum >= laterSum) higher += count;
  }
  return higher / all;
}

/** The chance of so high a sum of doubled ranks, by its mean and variance: those of drawing without return. */
function normalChance(ranks: readonly number[], taken: number, laterSum: number): number {
  const count = ranks.length;
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / count;
  const spread = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0) / (count - 1);
  const deviation = Math.sqrt(spread * taken * (1 - taken / count));
  // A doubled rank is 2 steps, half of which is the correction for continuity.
  return deviation === 0 ? 1 : upperTail((laterSum - 1 - taken * mean) / deviation);
}

/** The standard normal distribution above z: Abramowitz and Stegun 26.2.17, within 7.5e-8. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

/** The least chance that so many runs can give: how much they can tell at all. */
export function leastChance(earlier: number, later: number): number {
  let ways = 1;
  for (let index = 1; index <= later; index++) ways = (ways * (earlier + index)) / index;
  return 1 / ways;
}

/** Twice the rank of each value, equal values sharing the mean of theirs; integers. */
function doubledRanks(earlier: readonly number[], later: readonly number[]): { ranks: number[]; laterSum: number } {
  const all = [
    ...earlier.map((value) => ({ value, isLater: false })),
    ...later.map((value) => ({ value, isLater: true })),
  ].sort((a, b) => a.value - b.value);
  const ranks: number[] = [];
  let laterSum = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end].value === all[start].value) end++;
    for (let index = start; index < end; index++) {
      ranks.push(start + 1 + end);
      if (all[index].isLater) laterSum += start + 1 + end;
    }
    start = end;
  }
  return { ranks, laterSum };
}
