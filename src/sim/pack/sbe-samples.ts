/**
 * Values worth trying of a field of a Simple Binary Encoding schema, from the schema alone: the least and the most that
 * its type allows, its null value, a typical one, every value of an enumeration, every bit of a bitmap.
 */
import { decimalOf, decimalText } from '../../schema/sbe/decimal.js';
import type { SbePlain, SbeValues } from '../../schema/sbe/plain-values.js';
import { limitsOf } from '../../schema/sbe/scalar.js';
import type { SbeEncoding, SbeEnum, SbeField, SbeSet, SbeType } from '../../schema/sbe/schema.js';
import { isConstant, memberSlot, nameIn, plainNumber, type ValueSlot } from '../../schema/sbe/slot.js';
import type { Sample } from './itch-samples.js';

/** A plain value, as JSON has it, and what it is. */
export type SbeSample = Sample<SbePlain>;

/** The samples of a field as a version has it, each label once; `typical` is always among them. */
export function sbeSamples(field: SbeField, version: number): readonly SbeSample[] {
  return samplesOf(field, version, field.offset);
}

function samplesOf(slot: ValueSlot, version: number, salt: number): readonly SbeSample[] {
  const { type } = slot;
  if (isConstant(slot)) return [{ label: 'typical', value: constantOf(slot, version) }];
  const found = ofType(type, slot, version, salt);
  return [...new Map(found.map((sample) => [sample.label, sample])).values()];
}

function constantOf({ type, constant }: ValueSlot, version: number): SbePlain {
  if (type.kind === 'enum') {
    const value = type.values.find((one) => one.value === constant);
    return value === undefined ? null : enumPlain(type, value.value, version);
  }
  return type.kind === 'encoding' && constant !== null ? plainNumber(constant, type, {}) : null;
}

function ofType(type: SbeType, slot: ValueSlot, version: number, salt: number): readonly SbeSample[] {
  if (type.kind === 'enum') return enumSamples(type, slot, version);
  if (type.kind === 'set') return setSamples(type, version);
  if (type.kind === 'encoding') {
    return type.primitive === 'char' ? textSamples(type, salt) : integerSamples(type, slot.nullValue, salt);
  }
  const decimal = decimalOf(type);
  if (decimal !== null) {
    const { mantissa, exponent } = decimal;
    return integerSamples(mantissa.type, mantissa.type.nullValue, salt).map(({ label, value }) => ({
      label,
      value: value === null ? null : decimalText(String(value), exponent),
    }));
  }
  const members = type.members.map((member) => ({
    name: member.name,
    samples: samplesOf(memberSlot(member), version, salt + member.offset),
  }));
  const labels = new Set(members.flatMap(({ samples }) => samples.map(({ label }) => label)));
  return [...labels].map((label) => ({
    label,
    value: Object.fromEntries(
      members.map(({ name, samples }) => [name, (samples.find((one) => one.label === label) ?? samples[0])?.value]),
    ) as SbeValues,
  }));
}

function integerSamples(type: SbeEncoding, nullValue: ValueSlot['nullValue'], salt: number): readonly SbeSample[] {
  const { min, max } = rangeOf(type, nullValue);
  const plain = (value: bigint): SbePlain => (type.primitive.endsWith('64') ? String(value) : Number(value));
  const typical = min + ((0x0102_0304_0506_0700n + BigInt(salt) * 257n) % (max / 2n + 1n)) - (min < 0n ? min : 0n);
  return [
    { label: 'typical', value: plain(typical) },
    { label: 'minimum', value: plain(min) },
    { label: 'maximum', value: plain(max) },
    ...(min < 0n ? [{ label: 'minus one', value: plain(-1n) }] : []),
    ...(min <= 0n ? [{ label: 'zero', value: plain(0n) }] : []),
    ...(nullValue === null ? [] : [{ label: 'null', value: null }]),
  ];
}

/** What a value can be, the null value left out at either end. */
function rangeOf(type: SbeEncoding, nullValue: ValueSlot['nullValue']): { min: bigint; max: bigint } {
  const limits = limitsOf(type.primitive);
  const min = type.minValue === null ? limits.min : BigInt(type.minValue);
  const max = type.maxValue === null ? limits.max : BigInt(type.maxValue);
  const none = nullValue === null ? null : BigInt(nullValue);
  return { min: min === none ? min + 1n : min, max: max === none ? max - 1n : max };
}

function textSamples({ length }: SbeEncoding, salt: number): readonly SbeSample[] {
  const letter = String.fromCharCode(0x41 + (salt % 26));
  return [
    { label: 'typical', value: letter.padEnd(Math.max(1, length - 1), 'b') },
    { label: 'minimum', value: '' },
    { label: 'maximum', value: '~'.repeat(length) },
  ];
}

function enumSamples(type: SbeEnum, slot: ValueSlot, version: number): readonly SbeSample[] {
  const known = type.values.filter((value) => nameIn(value, version) !== null);
  const samples = known.map(({ value, name }) => ({ label: `code ${name}`, value: enumPlain(type, value, version) }));
  return [
    { label: 'typical', value: samples[0]?.value ?? null },
    ...samples,
    ...(slot.nullValue === null ? [] : [{ label: 'null', value: null }]),
  ];
}

function enumPlain(type: SbeEnum, raw: number | bigint, version: number): SbePlain {
  const found = type.values.find(({ value }) => value === raw);
  const value = type.primitive === 'char' ? String.fromCharCode(Number(raw)) : Number(raw);
  return { value, name: found === undefined ? null : nameIn(found, version) };
}

function setSamples(type: SbeSet, version: number): readonly SbeSample[] {
  const plain = (raw: number): SbePlain => ({
    raw,
    names: type.choices.flatMap((choice) => {
      const name = Math.floor(raw / 2 ** choice.bit) % 2 === 1 ? nameIn(choice, version) : null;
      return name === null ? [] : [name];
    }),
  });
  const most = Number(limitsOf(type.primitive).max);
  return [
    { label: 'typical', value: plain(2 ** (type.choices[0]?.bit ?? 0)) },
    { label: 'minimum', value: plain(0) },
    { label: 'maximum', value: plain(most) },
    ...type.choices.map(({ bit }) => ({ label: `bit ${bit}`, value: plain(2 ** bit) })),
  ];
}
