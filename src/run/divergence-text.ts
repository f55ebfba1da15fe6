/** A divergence as people read it: where, which field, expected and actual, the bytes, the messages around it. */
import type { Divergence, DivergenceCause } from '../compare/divergence.js';
import { hexdump } from '../compare/hexdump.js';
import { placeText, typeText } from '../compare/message.js';
import { formatCount } from '../core/time.js';
import type { CheckReport } from './check-spec.js';

const shownFields = 12;
const shownCauses = 20;
const shownText = 200;

/** What the two sides are called. */
export interface SideNames {
  readonly expected: string;
  readonly actual: string;
}

export const checkSides: SideNames = { expected: 'expected', actual: 'got' };

/** The first divergence in lines: empty where there is none. */
export function divergenceLines(
  first: Divergence | null,
  around: CheckReport['around'],
  sides: SideNames = checkSides,
): string[] {
  if (first === null) return [];
  const lines = [`first divergence: ${placeText(first.place)}: ${typeText(first)} ${kindText(first, sides)}`];
  if (first.note !== '') lines.push(`  ${first.note}`);
  const shown = first.fields.slice(0, shownFields);
  const width = Math.max(...shown.map(({ path }) => path.length), 0);
  for (const { path, expected, actual, hint } of shown) {
    const said = `${sides.expected} ${valueText(expected)}, ${sides.actual} ${valueText(actual)}`;
    lines.push(`  ${path.padEnd(width)}  ${said}${hint === '' ? '' : ` (${hint})`}`);
  }
  if (first.fields.length > shown.length) lines.push(`  and ${first.fields.length - shown.length} more fields`);
  if (first.fields.length === 0) {
    const values = first.expected ?? first.actual;
    if (values !== null && Object.keys(values).length > 0) lines.push(`  ${cut(JSON.stringify(values))}`);
  }
  if (first.bytes !== null) {
    const at = first.fields.find((field) => field.at !== null)?.at ?? null;
    lines.push(...hexdump(Buffer.from(first.bytes, 'hex'), at));
  }
  if (around.length > 0) {
    lines.push('  around it:');
    for (const { distance, text } of around) lines.push(`  ${distance === 0 ? '>' : ' '} ${text}`);
  }
  return lines;
}

/** How often each cause came, the most frequent first. */
export function causeLines(causes: readonly DivergenceCause[], accepted: ReadonlySet<string> = new Set()): string[] {
  const shown = causes.slice(0, shownCauses);
  const width = Math.max(...shown.map(({ count }) => formatCount(count).length), 0);
  const lines = shown.map(({ cause, count, hint, hinted, first }) => {
    const mark = accepted.has(cause) ? ', accepted' : '';
    const share = hinted === count ? '' : `${formatCount(hinted)} of these `;
    const guess = hint === '' ? '' : `: ${share}${hint}`;
    return `  ${formatCount(count).padStart(width)}  ${cause}${guess} (first: ${placeText(first)}${mark})`;
  });
  if (causes.length > shown.length) lines.push(`  and ${causes.length - shown.length} more causes (--json has them)`);
  return lines;
}

function kindText({ kind }: Divergence, { expected, actual }: SideNames): string {
  switch (kind) {
    case 'missing':
      return `is missing (${expected} it, ${actual} nothing)`;
    case 'extra':
      return `is extra (${actual} it, ${expected} nothing)`;
    case 'duplicate':
      return 'is there once more than it should be';
    case 'reordered':
      return 'comes in another order';
    case 'type':
      return 'is taken for another message';
    case 'digest':
      return 'is decoded otherwise than the golden record says';
    default:
      return 'has other values';
  }
}

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : cut(typeof value === 'string' ? `"${value}"` : JSON.stringify(value));
}

function cut(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return plain.length > shownText ? `${plain.slice(0, shownText)}…` : plain;
}
