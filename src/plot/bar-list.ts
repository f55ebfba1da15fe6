/** Named counts as horizontal bars, one a line. */
import { type Box, nothing, panelHead } from './chart.js';
import type { BarList } from './model.js';
import { element, text, widthOf } from './svg.js';
import { colours } from './theme.js';

const pitch = 18;
const size = 11;
/** More rows are counted in the last. */
const mostRows = 24;

export function barListHeight(list: BarList): number {
  return 50 + 15 * list.notes.length + pitch * Math.max(3, Math.min(mostRows, list.rows.length));
}

export function drawBarList(list: BarList, box: Box): string {
  const head = panelHead(list.title, list.notes, box);
  const rows = shown(list.rows);
  if (rows.length === 0) return head.markup + nothing(list.empty, box, head.bottom);
  const nameRoom = Math.min(box.width / 2, Math.max(...rows.map(({ name }) => widthOf(name, size))) + 8);
  const textRoom = Math.max(...rows.map((row) => widthOf(row.text, size))) + 14;
  const barRoom = Math.max(10, box.width - nameRoom - textRoom);
  const most = Math.max(1, ...rows.map(({ value }) => value));
  const lines = rows.map(({ name, value, text: words }, index) => {
    const middle = head.bottom + 8 + (index + 0.5) * pitch;
    const width = Math.max(1, (barRoom * value) / most);
    const x = box.x + nameRoom;
    return (
      text(x - 8, middle + 4, name, { 'font-size': size, 'text-anchor': 'end' }) +
      element('rect', { x, y: middle - 6, width, height: 12, fill: colours.blue }) +
      text(x + width + 6, middle + 4, words, { 'font-size': size, fill: colours.faint })
    );
  });
  return head.markup + lines.join('');
}

function shown(rows: BarList['rows']): BarList['rows'] {
  if (rows.length <= mostRows) return rows;
  const rest = rows.slice(mostRows - 1);
  const value = rest.reduce((sum, row) => sum + row.value, 0);
  return [...rows.slice(0, mostRows - 1), { name: `${rest.length} others`, value, text: String(value) }];
}
