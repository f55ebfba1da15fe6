/** One chart: axes with a light grid, series, a legend where there are several, marks and remarks. */
import { areaOpacity, dashes, drawLayer, extents, isThinned, type Plane } from './layers.js';
import type { Chart, Layer, Mark } from './model.js';
import { type Extent, linearScale, logScale, percentileScale, type Scale } from './scale.js';
import { element, text, widthOf } from './svg.js';
import { colours } from './theme.js';
import { timeScale } from './time-scale.js';

/** Where a panel lies in its figure, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const titleSize = 14;
const smallSize = 11;
const lineHeight = 15;
/** Left of the plane: tick labels and the axis label. */
const leftRoom = 74;
const rightRoom = 16;
const bottomRoom = 42;
const swatchWidth = 18;
/** An axis that picks its scale becomes logarithmic above this ratio of its highest to its lowest positive value. */
const logAbove = 200;
const tickPitch = 34;
const emptyHeight = 100;

export function drawChart(chart: Chart, box: Box): string {
  const found = extents(chart.layers);
  if (found === null) {
    const { markup, bottom } = panelHead(chart.title, [], box);
    return markup + nothing(chart.empty, box, bottom);
  }
  const head = headLines(chart, box);
  const plane: Plane = {
    left: box.x + leftRoom,
    right: box.x + box.width - rightRoom,
    top: head.bottom + 6 + chart.marks.length * lineHeight,
    bottom: box.y + box.height - bottomRoom,
  };
  const { x, label: xLabel } = xScale(chart, found.x, plane);
  const y = yScale(chart, found.y, plane);
  const remark = remarks(chart, y.isLog, found.y, plane);
  return [
    head.markup,
    grid(x, y.scale, plane),
    ...chart.layers.map((layer) => drawLayer(layer, x, y.scale, plane)),
    frame(x, y.scale, plane),
    drawMarks(chart.marks, head.bottom, x, plane),
    text((plane.left + plane.right) / 2, plane.bottom + 34, xLabel, { 'text-anchor': 'middle', fill: colours.faint }),
    upright(box.x + 12, (plane.top + plane.bottom) / 2, chart.y.label + (y.isLog ? ' (log)' : '')),
    remark === '' ? '' : text(plane.right, plane.bottom + 34, remark, { ...small, 'text-anchor': 'end' }),
  ].join('');
}

/** What a chart asks for, or room for a line of text where it has nothing to draw. */
export function chartHeight(chart: Chart): number {
  return extents(chart.layers) === null ? emptyHeight : chart.height;
}

/** A panel's title and remarks, and where they end. */
export function panelHead(title: string, notes: readonly string[], box: Box): { markup: string; bottom: number } {
  let bottom = box.y + titleSize;
  let markup = text(box.x, bottom, title, { 'font-size': titleSize, 'font-weight': 'bold' });
  for (const note of notes) {
    bottom += lineHeight;
    markup += text(box.x, bottom, note, small);
  }
  return { markup, bottom: bottom + 6 };
}

/** A frame that says why it is empty. */
export function nothing(reason: string, box: Box, top: number): string {
  const { x, width } = box;
  const height = box.y + box.height - top - 12;
  return (
    element('rect', { x, y: top, width, height, fill: colours.minorGrid }) +
    text(x + width / 2, top + height / 2 + 4, reason, { 'text-anchor': 'middle', fill: colours.faint })
  );
}

/** Keeps a text legible on lines behind it. */
const halo = { stroke: colours.background, 'stroke-width': 3, 'paint-order': 'stroke' };
const small = { 'font-size': smallSize, fill: colours.faint };

function headLines(chart: Chart, box: Box): { markup: string; bottom: number } {
  const head = panelHead(chart.title, chart.notes, box);
  const named = chart.layers.filter((layer) => layer.name !== '' && layer.y.length > 0);
  if (named.length < 2) return head;
  let { markup, bottom } = head;
  let x = box.x + leftRoom;
  bottom += 10;
  for (const layer of named) {
    const width = swatchWidth + 6 + widthOf(layer.name, smallSize) + 18;
    if (x + width > box.x + box.width && x > box.x + leftRoom) {
      x = box.x + leftRoom;
      bottom += lineHeight;
    }
    markup += swatch(layer, x, bottom - 4) + text(x + swatchWidth + 6, bottom, layer.name, small);
    x += width;
  }
  return { markup, bottom: bottom + 6 };
}

function swatch(layer: Layer, x: number, y: number): string {
  if (layer.kind === 'line') {
    return element('line', {
      ...{ x1: x, x2: x + swatchWidth, y1: y, y2: y, stroke: layer.colour, 'stroke-width': 2.5 },
      ...(layer.isDashed ? { 'stroke-dasharray': dashes } : {}),
    });
  }
  const opacity = layer.kind === 'area' ? areaOpacity : 1;
  return element('rect', { x, y: y - 5, width: swatchWidth, height: 9, fill: layer.colour, 'fill-opacity': opacity });
}

function xScale(chart: Chart, extent: Extent, { left, right }: Plane): { x: Scale; label: string } {
  const axis = chart.x;
  const range = [left, right] as const;
  if (axis.kind === 'time') {
    const scale = timeScale(extent.low, extent.high, axis.origin, range);
    return { x: scale, label: scale.label };
  }
  if (axis.kind === 'percentile') return { x: percentileScale(axis.count, range), label: axis.label };
  const scale = axis.isLog
    ? logScale(extent, range, axis.unit)
    : linearScale(extent, range, axis.unit, Math.floor((right - left) / 70));
  return { x: scale, label: axis.label };
}

function yScale(chart: Chart, extent: Extent, { top, bottom }: Plane): { scale: Scale; isLog: boolean } {
  const { scale, unit } = chart.y;
  const isLog =
    scale === 'log' || (scale === 'auto' && extent.low >= 0 && extent.high / extent.leastPositive > logAbove);
  const range = [bottom, top] as const;
  if (isLog) {
    const hasBody = chart.layers.some((layer) => layer.kind !== 'line');
    return { scale: logScale(extent, range, unit, hasBody), isLog };
  }
  const scaled = linearScale(extent, range, unit, Math.max(2, Math.floor((bottom - top) / tickPitch)));
  // Bars are counts, of which there are no fractions.
  const areCounts = chart.layers.some((layer) => layer.kind === 'bars');
  const ticks = areCounts ? scaled.ticks.filter(({ value }) => Number.isInteger(value)) : scaled.ticks;
  return { scale: { ...scaled, ticks }, isLog };
}

function grid(x: Scale, y: Scale, { left, right, top, bottom }: Plane): string {
  const across = (value: number, stroke: string): string =>
    element('line', { x1: left, x2: right, y1: y.place(value), y2: y.place(value), stroke });
  const down = (value: number, stroke: string): string =>
    element('line', { x1: x.place(value), x2: x.place(value), y1: top, y2: bottom, stroke });
  return [
    ...y.minor.map((value) => across(value, colours.minorGrid)),
    ...x.minor.map((value) => down(value, colours.minorGrid)),
    ...y.ticks.map(({ value }) => across(value, colours.grid)),
    ...x.ticks.map(({ value }) => down(value, colours.grid)),
  ].join('');
}

function frame(x: Scale, y: Scale, { left, right, top, bottom }: Plane): string {
  const lines = [element('path', { d: `M${left} ${top}V${bottom}H${right}`, fill: 'none', stroke: colours.frame })];
  for (const { value, label } of y.ticks) {
    lines.push(text(left - 7, y.place(value) + 4, label, { ...small, 'text-anchor': 'end' }));
  }
  for (const { value, label } of x.ticks) {
    lines.push(text(x.place(value), bottom + 16, label, { ...small, 'text-anchor': 'middle' }));
  }
  return lines.join('');
}

/**
 * Each text on the side of its line where there is more room, in a row of its own; rows are filled from both sides, so
 * that lines pass by the texts of rows below as far as possible.
 */
function drawMarks(marks: readonly Mark[], top: number, x: Scale, { left, right, bottom }: Plane): string {
  const middle = (left + right) / 2;
  const placed = marks.map((mark) => ({ ...mark, x: x.place(mark.at) }));
  const fromLeft = placed.filter((mark) => mark.x <= middle).sort((a, b) => a.x - b.x);
  const fromRight = placed.filter((mark) => mark.x > middle).sort((a, b) => b.x - a.x);
  const lines: string[] = [];
  const texts: string[] = [];
  for (const [row, mark] of [...fromLeft, ...fromRight].entries()) {
    const y = top + (row + 1) * lineHeight - 2;
    const dashed = { stroke: mark.colour, 'stroke-dasharray': '3 3' };
    lines.push(element('line', { x1: mark.x, x2: mark.x, y1: y - 9, y2: bottom, ...dashed }));
    const isLeft = mark.x > middle;
    const anchor = { 'text-anchor': isLeft ? 'end' : 'start', 'font-size': smallSize, fill: mark.colour };
    texts.push(text(mark.x + (isLeft ? -6 : 6), y, mark.text, { ...anchor, ...halo }));
  }
  return lines.join('') + texts.join('');
}

function upright(x: number, y: number, words: string): string {
  const attributes = { 'text-anchor': 'middle', fill: colours.faint, transform: `rotate(-90 ${x} ${y})` };
  return text(x, y, words, attributes);
}

/** What the drawing leaves out. */
function remarks(chart: Chart, isLog: boolean, y: Extent, plane: Plane): string {
  const said: string[] = [];
  if (isLog && y.low < 0) said.push('values below 0 lie on the lower edge');
  if (chart.layers.some((layer) => isThinned(layer, plane))) said.push('each pixel shows its lowest and highest value');
  return said.join('; ');
}
