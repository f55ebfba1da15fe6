/** Constants: what the accessors of a field give whose value stands in the schema and not on the wire. */
import type { TypedAccessor } from './accessor-plan.js';
import { absentOf, accessorReader } from './accessor-read.js';
import { halvesOf, isWide } from './read.js';
import { numberWriter, writeHalves } from './scalar.js';
import type { SbeEncoding, SbeEnum, SbeNumber, SbeType } from './schema.js';
import { primitiveSizes } from './schema.js';

/** A constant's type with room for its text; undefined where no constant can be of this type. */
export function constantType(type: SbeType, constant: SbeNumber | string): SbeEncoding | SbeEnum | undefined {
  if (type.kind === 'enum') return type;
  if (type.kind !== 'encoding') return undefined;
  return { ...type, length: typeof constant === 'string' ? Math.max(constant.length, 1) : 1 };
}

/** The accessors of the constant's type, each read once from the constant's bytes. */
export function constantAccessors(
  accessors: readonly TypedAccessor[],
  { primitive }: SbeEncoding | SbeEnum,
  constant: SbeNumber | string,
): TypedAccessor[] {
  const view = constantBytes(primitive, constant);
  return accessors.map(({ name, offset, read }) => {
    const value = accessorReader(read, false)(view, offset, Number.POSITIVE_INFINITY);
    return { name, offset: 0, read: { kind: 'constant', value, absent: absentOf(read) } };
  });
}

/** The constant as it would stand on the wire, big endian. */
function constantBytes(primitive: SbeEncoding['primitive'], constant: SbeNumber | string): DataView {
  const text = typeof constant === 'string' && primitive === 'char' ? constant : '';
  const view = new DataView(new ArrayBuffer(Math.max(text.length, primitiveSizes[primitive])));
  for (let index = 0; index < text.length; index++) view.setUint8(index, text.charCodeAt(index));
  if (text !== '' || constant === '') return view;
  if (isWide(primitive)) {
    const { high, low } = halvesOf(BigInt(constant), primitive);
    writeHalves(view, 0, high, low, false);
  } else numberWriter(primitive, false)(view, 0, Number(constant));
  return view;
}
