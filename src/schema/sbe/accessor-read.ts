/** Reads what an accessor reads, straight from its plan: the interpreter behind the compiled flyweights. */
import type { SbeConstant, SbeRead } from './accessor-plan.js';
import { isWide, nullTest, readCharacters, readHigh, readLow, readPrimitive } from './read.js';
import { primitiveSizes, type SbeNumber, type SbePrimitive } from './schema.js';
import { character } from './slot.js';

/** Reads the value whose first byte is at `at`, in a message of the given version. */
export type ReadAccessor = (view: DataView, at: number, version: number) => SbeConstant;

/** What an accessor gives where its field is absent. */
export function absentOf(read: SbeRead): SbeConstant {
  switch (read.kind) {
    case 'isNull':
      return true;
    case 'character':
    case 'text':
      return '';
    case 'array':
      return [];
    case 'enum':
      return null;
    case 'choice':
      return false;
    case 'constant':
      return read.absent;
    default:
      return Number.NaN;
  }
}

/** A reader of one accessor; of an element the reader of the whole array. */
export function accessorReader(read: SbeRead, isLittle: boolean): ReadAccessor {
  switch (read.kind) {
    case 'constant':
      return () => read.value;
    case 'character':
      return (view, at) => (view.getUint8(at) === read.nullValue ? '' : character(view.getUint8(at)));
    case 'text':
      return (view, at) => readCharacters(view, at, read.length, read.characterEncoding);
    case 'word':
      return (view, at) => readWord(view, at, read.length);
    case 'high':
      return (view, at) => readHigh(view, at, read.primitive, isLittle);
    case 'low':
      return (view, at) => readLow(view, at, isLittle);
    case 'isNull':
      return nullTest(read.primitive, read.nullValue, isLittle);
    case 'enum':
      return enumReader(read, isLittle);
    case 'choice':
      return choiceReader(read, isLittle);
    case 'array':
    case 'element':
      return arrayReader(read, isLittle);
    case 'decimal': {
      const mantissa = nullableReader(read.primitive, read.nullValue, isLittle);
      return (view, at) => scaled(mantissa(view, at), read.exponent);
    }
    default:
      return nullableReader(read.primitive, read.nullValue, isLittle);
  }
}

/** Ten to the exponent; a mantissa is divided by the power where the exponent is negative, which rounds right. */
function powerOfTen(exponent: number): number {
  return Number(`1e${Math.abs(exponent)}`);
}

function scaled(mantissa: number, exponent: number): number {
  return exponent < 0 ? mantissa / powerOfTen(exponent) : mantissa * powerOfTen(exponent);
}

/** Bytes as one big-endian integer. */
function readWord(view: DataView, at: number, length: number): number {
  let word = 0;
  for (let index = 0; index < length; index++) word = word * 0x100 + view.getUint8(at + index);
  return word;
}

function nullableReader(
  primitive: SbePrimitive,
  nullValue: SbeNumber | null,
  isLittle: boolean,
): (view: DataView, at: number) => number {
  const isNull = nullTest(primitive, nullValue, isLittle);
  return (view, at) => (isNull(view, at) ? Number.NaN : readPrimitive(view, at, primitive, isLittle));
}

function arrayReader(
  { primitive, nullValue, length }: Extract<SbeRead, { kind: 'array' | 'element' }>,
  isLittle: boolean,
): (view: DataView, at: number) => number[] {
  const read = nullableReader(primitive, nullValue, isLittle);
  const size = primitiveSizes[primitive];
  return (view, at) => Array.from({ length }, (_, index) => read(view, at + index * size));
}

function enumReader(
  { primitive, nullValue, values }: Extract<SbeRead, { kind: 'enum' }>,
  isLittle: boolean,
): ReadAccessor {
  const isNull = nullTest(primitive, nullValue, isLittle);
  return (view, at, version) => {
    if (isNull(view, at)) return null;
    const code = readPrimitive(view, at, primitive, isLittle);
    const found = values.find(({ value }) => Number(value) === code);
    return found !== undefined && found.sinceVersion <= version ? found.name : null;
  };
}

function choiceReader(
  { primitive, bit, since }: Extract<SbeRead, { kind: 'choice' }>,
  isLittle: boolean,
): ReadAccessor {
  return (view, at, version) => {
    const isHigh = bit >= 32;
    const bits = isHigh
      ? readHigh(view, at, primitive, isLittle)
      : isWide(primitive)
        ? readLow(view, at, isLittle)
        : readPrimitive(view, at, primitive, isLittle);
    return since <= version && ((bits >>> (bit % 32)) & 1) === 1;
  };
}
