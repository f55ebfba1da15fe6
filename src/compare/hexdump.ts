/** Bytes as people read them: offset, hexadecimal digits, text; with one span underlined. */

const width = 16;
/** Rows that are shown before and behind the span; a message may have kilobytes. */
const rowsAround = 2;
const rowsWithoutSpan = 8;

/** Lines of a dump; those with bytes of the span are followed by a line of `^` below them. */
export function hexdump(bytes: Uint8Array, span: { offset: number; length: number } | null): string[] {
  const rows = Math.ceil(bytes.length / width);
  const from = span === null ? 0 : Math.max(0, Math.floor(span.offset / width) - rowsAround);
  const lastOfSpan = span === null ? 0 : Math.floor((span.offset + Math.max(span.length, 1) - 1) / width);
  const to = Math.min(rows, span === null ? rowsWithoutSpan : lastOfSpan + rowsAround + 1);
  const lines: string[] = [];
  if (from > 0) lines.push('  …');
  for (let row = from; row < to; row++) {
    const start = row * width;
    const cut = bytes.subarray(start, start + width);
    lines.push(`  ${start.toString(16).padStart(4, '0')}  ${hexOf(cut).padEnd(width * 3 - 1)}  ${textOf(cut)}`);
    const mark = span === null ? '' : underline(start, cut.length, span);
    if (mark !== '') lines.push(`        ${mark}`);
  }
  if (to < rows) lines.push(`  … ${bytes.length - to * width} more bytes`);
  return lines;
}

function hexOf(cut: Uint8Array): string {
  return Array.from(cut, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function textOf(cut: Uint8Array): string {
  return Array.from(cut, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
}

function underline(start: number, length: number, span: { offset: number; length: number }): string {
  const from = Math.max(span.offset - start, 0);
  const to = Math.min(span.offset + span.length - start, length);
  if (to <= from) return '';
  return ' '.repeat(from * 3) + '^'.repeat((to - from) * 3 - 1);
}
