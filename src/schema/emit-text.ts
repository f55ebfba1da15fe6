/** Emitted source that writes text into a buffer: constants in stores of up to eight bytes, values by calls. */
import { textPiece } from '../core/text-buffer.js';

/** What a line is put together from: a constant text, or a value. */
export type TextStep = string | ValueStep;

/** A value; `most` is the bytes that it writes at most. */
export type ValueStep =
  /** Written by an expression, at a place, which gives the offset behind it … */
  | { readonly write: (place: string) => string; readonly most: number }
  /** … or by statements, at `at`, which they move on. */
  | { readonly lines: readonly string[]; readonly most: number };

/** Statements that write the steps from `at` on into `out`, and the bytes that they take at most. */
export function stepsSource(steps: readonly TextStep[]): { readonly lines: string[]; readonly most: number } {
  const lines: string[] = [];
  let most = 0;
  let constant = '';
  const flush = (): number => {
    const { length } = textPiece(constant);
    lines.push(...constantSource(constant));
    most += length;
    constant = '';
    return length;
  };
  for (const step of steps) {
    if (typeof step === 'string') {
      constant += step;
      continue;
    }
    const behind = flush();
    if ('write' in step) lines.push(`at = ${step.write(placeBehind(behind))};`);
    else lines.push(...(behind === 0 ? [] : [`at += ${behind};`]), ...step.lines);
    most += step.most;
  }
  const rest = flush();
  if (rest > 0) lines.push(`at += ${rest};`);
  return { lines, most };
}

/** Statements that put a text at `at`: eight bytes a store, as the double whose bits they are, and what is left. */
function constantSource(text: string): string[] {
  const { words, length } = textPiece(text);
  return [...words].map((word, index) => {
    const place = placeBehind(index * 8);
    const left = length - index * 8;
    if (left > 4) return `out.setFloat64(${place}, ${word}, true);`;
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, word, true);
    if (left === 1) return `out.setUint8(${place}, ${bits.getUint8(0)});`;
    if (left === 2) return `out.setUint16(${place}, ${bits.getUint16(0, true)}, true);`;
    return `out.setUint32(${place}, ${bits.getUint32(0, true)}, true);`;
  });
}

function placeBehind(bytes: number): string {
  return bytes === 0 ? 'at' : `at + ${bytes}`;
}
