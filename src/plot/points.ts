/** Points of a series in pixels, no more of them than can be told apart. */

export type Point = readonly [x: number, y: number];

/**
 * At most four points a pixel column, first, lowest, highest and last, so that no peak is lost; a NaN, which interrupts
 * a line, stays where nothing else is in its column. Points are to be in the order of x.
 */
export function thin(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 4 * columns) return points;
  const kept: Point[] = [];
  for (let start = 0; start < points.length; ) {
    const column = Math.floor(points[start][0]);
    let end = start;
    while (end < points.length && Math.floor(points[end][0]) === column) end++;
    keepOfColumn(points, start, end, kept);
    start = end;
  }
  return kept;
}

function keepOfColumn(points: readonly Point[], start: number, end: number, kept: Point[]): void {
  let first = -1;
  let last = -1;
  let low = -1;
  let high = -1;
  for (let i = start; i < end; i++) {
    const y = points[i][1];
    if (Number.isNaN(y)) continue;
    if (first < 0) first = i;
    last = i;
    if (low < 0 || y < points[low][1]) low = i;
    if (high < 0 || y > points[high][1]) high = i;
  }
  if (first < 0) kept.push(points[start]);
  else for (const i of [...new Set([first, low, high, last])].sort((a, b) => a - b)) kept.push(points[i]);
}
