/** Named spans as horizontal bars, each beginning where the one before ended: what a whole is made of. */
import { type Box, nothing, panelHead } from './chart.js';
import type { Waterfall } from './model.js';
import { element, text, widthOf } from './svg.js';
import { colours } from './theme.js';

const pitch = 24;
const barHeight = 15;
const size = 12;

export function waterfallHeight({ notes, rows }: Waterfall): number {
  return 50 + 15 * notes.length + pitch * Math.max(3, rows.length);
}

export function drawWaterfall(panel: Waterfall, box: Box): string {
  const { title, notes, rows, empty } = panel;
  const head = panelHead(title, notes, box);
  if (rows.length === 0) return head.markup + nothing(empty, box, head.bottom);
  const nameRoom = Math.min(box.width / 3, Math.max(...rows.map(({ name }) => widthOf(name, size))) + 10);
  const textRoom = Math.max(...rows.map((row) => widthOf(row.text, size))) + 16;
  const end = Math.max(...rows.map(({ from, length }) => from + Math.max(0, length)));
  const scale = Math.max(10, box.width - nameRoom - textRoom) / (end > 0 ? end : 1);
  const top = head.bottom + 8;
  const drawn = rows.map(({ name, from, length, text: words, isWhole }, index) => {
    const middle = top + (index + 0.5) * pitch;
    const x = box.x + nameRoom + Math.max(0, from) * scale;
    const width = Math.max(1, Math.max(0, length) * scale);
    // Where the next bar begins.
    const isLinked = index < rows.length - 1 && rows[index + 1].isWhole !== true && isWhole !== true;
    const link = { x1: x + width, x2: x + width, y1: middle + barHeight / 2, y2: middle + pitch - barHeight / 2 };
    return (
      text(box.x + nameRoom - 10, middle + 4, name, { 'font-size': size, 'text-anchor': 'end' }) +
      element('rect', {
        ...{ x, y: middle - barHeight / 2, width, height: barHeight },
        fill: isWhole === true ? colours.faint : colours.blue,
      }) +
      (isLinked ? element('line', { ...link, stroke: colours.faint, 'stroke-dasharray': '2 2' }) : '') +
      text(x + width + 6, middle + 4, words, { 'font-size': size, fill: colours.faint })
    );
  });
  return head.markup + drawn.join('');
}
