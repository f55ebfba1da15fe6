/** Values worth trying of a field of ITCH, from its row in the table: least, most, none, typical, every code. */
import type { Field } from '../../schema/field.js';

/** A value and what it is: `minimum`, `maximum`, `null`, `typical`, or `code X` of an enumeration. */
export interface Sample<Value = string | number> {
  readonly label: string;
  readonly value: Value;
}

/** The samples of a field, each label once; `typical` is always among them. */
export function itchSamples(field: Field): readonly Sample[] {
  if (field.kind === 'char' || field.kind === 'alpha') return textSamples(field);
  const most = 2n ** BigInt(8 * field.length) - 1n;
  const numberOf = (value: bigint): string | number => (field.kind === 'u64' ? String(value) : Number(value));
  return [
    { label: 'typical', value: numberOf(typicalOf(field) % (most + 1n)) },
    { label: 'minimum', value: numberOf(0n) },
    { label: 'maximum', value: numberOf(most) },
    { label: 'top bit', value: numberOf((most + 1n) / 2n) },
  ];
}

/** Every byte of a number that is read in the wrong order, or from the next field, shows. */
function typicalOf({ name, kind, offset }: Field): bigint {
  if (name === 'timestamp') return 34_200_123_456_789n;
  if (kind === 'u64') return 0x0102_0304_0506_0700n + BigInt(offset);
  return 0x1122_3300n + BigInt(offset) * 257n;
}

/** Blanks are read as nothing. */
function textSamples({ length, values, offset }: Field): readonly Sample[] {
  const codes = Object.keys(values ?? {}).map((code) => code.trimEnd());
  const letter = String.fromCharCode(0x41 + (offset % 26));
  return [
    { label: 'typical', value: codes[0] ?? letter.padEnd(Math.max(1, length - 1), 'B') },
    { label: 'minimum', value: '!' },
    { label: 'maximum', value: '~'.repeat(length) },
    { label: 'null', value: '' },
    ...codes.slice(1).map((code) => ({ label: `code ${code}`, value: code })),
  ];
}
