/**
 * A figure as one SVG file that stands alone: no scripts, no style sheets, no fonts of its own, its own white ground.
 *
 * The same figure gives the same bytes.
 */
import { barListHeight, drawBarList } from './bar-list.js';
import { type Box, chartHeight, drawChart } from './chart.js';
import type { Figure, Panel } from './model.js';
import { clean, element, escapeXml, text } from './svg.js';
import { colours, figureWidth, fontFamily, fontSize, margin } from './theme.js';
import { drawWaterfall, waterfallHeight } from './waterfall.js';

const titleSize = 19;
const subtitleHeight = 17;
const gap = 26;
const longestDescription = 1000;

/** The SVG document, ended by a line feed. */
export function drawFigure(figure: Figure): string {
  const { title, subtitle, description, rows } = figure;
  let y = margin + titleSize;
  let drawn = text(margin, y, title, { 'font-size': titleSize, 'font-weight': 'bold' });
  for (const line of subtitle) {
    y += subtitleHeight;
    drawn += text(margin, y, line, { fill: colours.faint });
  }
  y += gap;
  for (const row of rows) {
    const height = Math.max(...row.map(stackHeight));
    const width = (figureWidth - 2 * margin - gap * (row.length - 1)) / row.length;
    for (const [column, stack] of row.entries()) {
      drawn += drawStack(stack, { x: margin + column * (width + gap), y, width, height });
    }
    y += height + gap;
  }
  const height = Math.ceil(y - gap + margin);
  const content =
    element('title', { id: 'title' }, escapeXml(clean(title))) +
    element('desc', { id: 'description' }, escapeXml(clean(description, longestDescription))) +
    element('rect', { width: figureWidth, height, fill: colours.background }) +
    drawn;
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: figureWidth,
    height,
    viewBox: `0 0 ${figureWidth} ${height}`,
    role: 'img',
    'aria-labelledby': 'title description',
    'font-family': fontFamily,
    'font-size': fontSize,
    fill: colours.text,
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('svg', attributes, `\n${content}`)}`;
}

/** Panels keep their heights, the last one takes what is left. */
function drawStack(stack: readonly Panel[], box: Box): string {
  let { y } = box;
  return stack
    .map((panel, index) => {
      const height = index === stack.length - 1 ? box.y + box.height - y : panelHeight(panel);
      const own = { ...box, y, height };
      y += height + gap;
      return drawPanel(panel, own);
    })
    .join('');
}

function stackHeight(stack: readonly Panel[]): number {
  return stack.reduce((sum, panel) => sum + panelHeight(panel), gap * (stack.length - 1));
}

function drawPanel(panel: Panel, box: Box): string {
  if (panel.kind === 'chart') return drawChart(panel, box);
  return panel.kind === 'waterfall' ? drawWaterfall(panel, box) : drawBarList(panel, box);
}

function panelHeight(panel: Panel): number {
  if (panel.kind === 'chart') return chartHeight(panel);
  return panel.kind === 'waterfall' ? waterfallHeight(panel) : barListHeight(panel);
}
