/** Random values of fields, written straight to bytes; every one is a value that the encoder takes. */
import type { RandomSource } from '../generate.js';
import { isUtf8, isWide } from './read.js';
import { bitsOf, isFloat, limitsOf, numberWriter, writeHalves } from './scalar.js';
import { primitiveSizes, type SbeEncoding, type SbeEnum, type SbeNumber, type SbePrimitive } from './schema.js';
import { memberSlot, type ValueSlot } from './slot.js';

/** What values are drawn with. */
export interface Drawing {
  readonly random: RandomSource;
  readonly version: number;
  readonly little: boolean;
}

/** Writes a random value of a field or member that is on the wire. */
export function generateValue(slot: ValueSlot, view: DataView, at: number, drawing: Drawing): void {
  const { type, nullValue } = slot;
  const { random } = drawing;
  if (type.kind === 'composite') {
    for (const member of type.members) {
      if (member.size > 0) generateValue(memberSlot(member), view, at + member.offset, drawing);
    }
  } else if (type.kind === 'set') writeBits(type.primitive, view, at, drawing);
  else if (type.kind === 'enum') writeNumber(type.primitive, view, at, enumValue(type, nullValue, drawing), drawing);
  else if (type.primitive === 'char' && type.length !== 1) writeText(type, view, at, random);
  else {
    const size = primitiveSizes[type.primitive];
    for (let index = 0; index < type.length; index++) {
      writeNumber(type.primitive, view, at + index * size, encodingValue(type, nullValue, random), drawing);
    }
  }
}

/** An integer from 0 to `limit` - 1. */
export function below(random: RandomSource, limit: number): number {
  return random.nextUint32() % limit;
}

/** True once in `n` on average. */
export function oneIn(random: RandomSource, n: number): boolean {
  return below(random, n) === 0;
}

const floats = [0, -0, 1, -1, 0.5, 1.5, 2 ** -149, -(2 ** 100), 16_777_216, Infinity, -Infinity];
const doubles = [...floats, 5e-324, Number.MAX_VALUE, -1e-7, 0.1, 123_456.789, 1e21];
const awkwardBytes = [0x01, 0x09, 0x0a, 0x0d, 0x1f, 0x20, 0x22, 0x2c, 0x5c, 0x7f, 0x80, 0x9f, 0xa0, 0xff];

function writeNumber(primitive: SbePrimitive, view: DataView, at: number, value: SbeNumber, { little }: Drawing): void {
  if (isWide(primitive)) {
    const { high, low } = bitsOf(value);
    writeHalves(view, at, high, low, little);
  } else numberWriter(primitive, little)(view, at, Number(value));
}

function encodingValue(type: SbeEncoding, nullValue: SbeNumber | null, random: RandomSource): SbeNumber {
  const { primitive } = type;
  if (nullValue !== null && oneIn(random, 4)) return nullValue;
  // Of the two zeros, both are null where one is.
  if (isFloat(primitive)) return floatValue(type, random) + (nullValue === 0 ? 0 : -0);
  const limits = limitsOf(primitive);
  const value = between(BigInt(type.minValue ?? limits.min), BigInt(type.maxValue ?? limits.max), random);
  return isWide(primitive) ? value : Number(value);
}

/** Half of them near an end or a power of two, half anywhere. */
function between(min: bigint, max: bigint, random: RandomSource): bigint {
  const span = max - min + 1n;
  const words = (BigInt(random.nextUint32()) << 32n) | BigInt(random.nextUint32());
  const around = [
    0n,
    1n,
    -1n,
    min,
    max,
    min + 1n,
    max - 1n,
    1n << BigInt(below(random, 63)),
    -(1n << BigInt(below(random, 63))),
  ];
  const boundary = around[below(random, around.length)] as bigint;
  if (oneIn(random, 2) && boundary >= min && boundary <= max) return boundary;
  return min + (span > 0n ? words % span : 0n);
}

function floatValue({ primitive, minValue, maxValue }: SbeEncoding, random: RandomSource): number {
  const list = primitive === 'float' ? floats : doubles;
  const drawn = oneIn(random, 2)
    ? (list[below(random, list.length)] as number)
    : (random.nextUint32() - 2 ** 31) / 1024;
  const value = primitive === 'float' ? Math.fround(drawn) : drawn;
  const min = Number(minValue ?? -Infinity);
  const max = Number(maxValue ?? Infinity);
  return value < min ? min : value > max ? max : value;
}

/** Mostly a value of the version, sometimes null or one that the schema does not have. */
function enumValue(type: SbeEnum, nullValue: SbeNumber | null, { random, version }: Drawing): SbeNumber {
  if (nullValue !== null && oneIn(random, 5)) return nullValue;
  const known = type.values.filter(({ sinceVersion }) => sinceVersion <= version);
  if (known.length > 0 && !oneIn(random, 8))
    return (known[below(random, known.length)] as SbeEnum['values'][number]).value;
  const { min, max } = limitsOf(type.primitive);
  // NUL is no character of its own in plain values.
  return between(type.primitive === 'char' ? 1n : min, max, random);
}

function writeBits(primitive: SbePrimitive, view: DataView, at: number, { random }: Drawing): void {
  for (let index = 0; index < primitiveSizes[primitive]; index++) {
    view.setUint8(at + index, [0, 0xff, below(random, 256), 1 << below(random, 8)][below(random, 4)] as number);
  }
}

/** Text to anywhere in the array, then NULs; bytes of any kind where they stand for characters one for one. */
function writeText({ length, characterEncoding }: SbeEncoding, view: DataView, at: number, random: RandomSource): void {
  const used = oneIn(random, 3) ? length : below(random, length + 1);
  const isWild = !isUtf8(characterEncoding) && oneIn(random, 4);
  for (let index = 0; index < length; index++) {
    let byte = index < used ? 0x41 + below(random, 26) : 0;
    // A space at the end pads: it would not be read.
    if (isWild && index < used - 1) byte = awkwardBytes[below(random, awkwardBytes.length)] as number;
    view.setUint8(at + index, byte);
  }
}
