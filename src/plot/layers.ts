/** Draws the series of a chart: lines, areas and bars. */
import { area, line } from 'd3-shape';
import type { Layer } from './model.js';
import { type Point, thin } from './points.js';
import type { Extent, Scale } from './scale.js';
import { element } from './svg.js';

/** The part of a chart between its axes, in pixels. */
export interface Plane {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** So that the grid, and what is behind, shines through. */
export const areaOpacity = 0.92;
export const dashes = '5 4';

export function drawLayer(layer: Layer, x: Scale, y: Scale, plane: Plane): string {
  if (layer.kind === 'bars') return drawBars(layer, x, y, plane);
  const points = thin(pointsOf(layer, x, y), Math.ceil(plane.right - plane.left));
  const isThere = ([, height]: Point): boolean => !Number.isNaN(height);
  if (layer.kind === 'area') {
    const shape = area<Point>(
      ([left]) => left,
      plane.bottom,
      ([, height]) => height,
    )
      .defined(isThere)
      .digits(1);
    return element('path', { d: shape(points) ?? '', fill: layer.colour, 'fill-opacity': areaOpacity });
  }
  const shape = line<Point>().defined(isThere).digits(1);
  return element('path', {
    d: shape(points) ?? '',
    fill: 'none',
    stroke: layer.colour,
    'stroke-width': 1.6,
    'stroke-linejoin': 'round',
    'stroke-linecap': 'round',
    ...(layer.isDashed ? { 'stroke-dasharray': dashes } : {}),
  });
}

/** Whether more points than pixel columns had to be told apart, so that each column shows its lowest and highest. */
export function isThinned(layer: Layer, plane: Plane): boolean {
  return layer.kind !== 'bars' && pointCount(layer) > 4 * Math.ceil(plane.right - plane.left);
}

/** Of x (edges included) and y over all layers; null where there is nothing to draw. */
export function extents(layers: readonly Layer[]): { x: Extent; y: Extent } | null {
  const x = new Growing();
  const y = new Growing();
  for (const layer of layers) {
    const isBins = layer.x.length > layer.y.length;
    for (let i = 0; i < layer.y.length; i++) {
      if (Number.isNaN(layer.y[i])) continue;
      x.add(layer.x[i]);
      if (isBins) x.add(layer.x[i + 1]);
      y.add(layer.y[i]);
    }
  }
  return x.low > x.high ? null : { x, y };
}

class Growing implements Extent {
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  leastPositive = Number.POSITIVE_INFINITY;

  add(value: number): void {
    if (value < this.low) this.low = value;
    if (value > this.high) this.high = value;
    if (value > 0 && value < this.leastPositive) this.leastPositive = value;
  }
}

function pointCount(layer: Layer): number {
  return layer.x.length > layer.y.length ? 2 * layer.y.length : layer.y.length;
}

function pointsOf(layer: Layer, x: Scale, y: Scale): Point[] {
  const points: Point[] = [];
  const isBins = layer.x.length > layer.y.length;
  for (let i = 0; i < layer.y.length; i++) {
    const height = Number.isNaN(layer.y[i]) ? Number.NaN : y.place(layer.y[i]);
    points.push([x.place(layer.x[i]), height]);
    if (isBins) points.push([x.place(layer.x[i + 1]), height]);
  }
  return points;
}

function drawBars(layer: Layer, x: Scale, y: Scale, plane: Plane): string {
  const bars: string[] = [];
  for (let i = 0; i < layer.y.length; i++) {
    if (!(layer.y[i] > 0)) continue;
    const left = x.place(layer.x[i]);
    const width = x.place(layer.x[i + 1]) - left;
    const top = y.place(layer.y[i]);
    // Even one packet of a million is to be seen.
    const height = Math.max(1, plane.bottom - top);
    bars.push(
      element('rect', {
        x: left,
        y: plane.bottom - height,
        width: Math.max(0.6, width - (width > 4 ? 1 : 0)),
        height,
        fill: layer.colour,
      }),
    );
  }
  return bars.join('');
}
