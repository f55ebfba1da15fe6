/**
 * Emitted statements that write unsigned integers as digits at `at`, and move it on.
 *
 * Numbers of usual size are written where they stand, from the tables of `core/digits.ts`: a call a field, and a double
 * as its argument, take longer than the digits. What is larger is left to the functions of that file.
 */
import type { Field } from './field.js';

/** What the statements call and read, by name, in the scope of the emitted source. */
export const digitNames = ['heads', 'widths', 'quads', 'writeU32', 'writeU64'] as const;

/** Statements for a field of any of the numeric kinds, read from `view` at `offset`. */
export function digitLines({ kind, offset }: Field): string[] {
  const at = `offset + ${offset}`;
  switch (kind) {
    case 'u8':
      return block(`const value = view.getUint8(${at});`, ...shortLines('value'));
    case 'u16':
      return block(
        `const value = view.getUint16(${at});`,
        'if (value < 10000) {',
        ...shortLines('value'),
        '} else at = writeU32(out, at, value);',
      );
    case 'u32':
      return block(`const value = view.getUint32(${at});`, ...wordLines('value'));
    case 'u48':
      return stampLines(at, `offset + ${offset + 2}`);
    default:
      return block(
        `const high = view.getUint32(${at}), value = view.getUint32(offset + ${offset + 4});`,
        'if (high === 0) {',
        ...wordLines('value'),
        '} else at = writeU64(out, at, high, value);',
      );
  }
}

/** Statements for a field of 32 bits that counts ten-thousandths: `12.3400`. */
export function tenThousandthLines({ offset }: Field): string[] {
  return block(
    `const value = view.getUint32(offset + ${offset}), whole = (value / 10000) >>> 0;`,
    ...wordLines('whole'),
    'out.setUint8(at, 46);',
    'out.setUint32(at + 1, quads[value - whole * 10000], true);',
    'at += 5;',
  );
}

/** Of a name whose value is below 10,000. */
function shortLines(name: string): string[] {
  return [`out.setUint32(at, heads[${name}], true);`, `at += widths[${name}];`];
}

/** Of a name whose value is below 2^32. */
function wordLines(name: string): string[] {
  return [
    `if (${name} < 10000) {`,
    ...shortLines(name),
    `} else if (${name} < 100000000) {`,
    `const upper = (${name} / 10000) >>> 0;`,
    ...shortLines('upper'),
    `out.setUint32(at, quads[${name} - upper * 10000], true);`,
    'at += 4;',
    `} else at = writeU32(out, at, ${name});`,
  ];
}

/** Of 48 bits: what is left of a division by 10^8 is 22 bits and 27, so that all but one subtraction is of integers. */
function stampLines(high: string, low: string): string[] {
  return block(
    `const stamp = view.getUint16(${high}) * 4294967296 + view.getUint32(${low});`,
    'const upper = (stamp / 100000000) >>> 0, lower = (stamp - upper * 100000000) | 0;',
    'if (upper === 0) at = writeU32(out, at, lower);',
    'else {',
    'if (upper < 10000) {',
    ...shortLines('upper'),
    '} else {',
    'const top = (upper / 10000) >>> 0;',
    ...shortLines('top'),
    'out.setUint32(at, quads[upper - top * 10000], true);',
    'at += 4;',
    '}',
    'const middle = (lower / 10000) >>> 0;',
    'out.setUint32(at, quads[middle], true);',
    'out.setUint32(at + 4, quads[lower - middle * 10000], true);',
    'at += 8;',
    '}',
  );
}

function block(...lines: string[]): string[] {
  return ['{', ...lines, '}'];
}
