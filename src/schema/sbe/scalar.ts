/** Primitive values by closures: the cold half's readers and writers of one value in either byte order. */
import { readPrimitive } from './read.js';
import { primitiveSizes, type SbeNumber, type SbePrimitive } from './schema.js';

/** Reads one value of up to 32 bits or a float; a character reads as its code, 64 bits as the nearest number. */
export type ReadNumber = (view: DataView, at: number) => number;

/** Writes one value of up to 32 bits or a float. */
export type WriteNumber = (view: DataView, at: number, value: number) => void;

/** True of the two floating-point types. */
export function isFloat(primitive: SbePrimitive): boolean {
  return primitive === 'float' || primitive === 'double';
}

/** The reader of a primitive. */
export function numberReader(primitive: SbePrimitive, little: boolean): ReadNumber {
  switch (primitive) {
    case 'char':
    case 'uint8':
      return (view, at) => view.getUint8(at);
    case 'int8':
      return (view, at) => view.getInt8(at);
    case 'int16':
      return (view, at) => view.getInt16(at, little);
    case 'uint16':
      return (view, at) => view.getUint16(at, little);
    case 'int32':
      return (view, at) => view.getInt32(at, little);
    case 'uint32':
      return (view, at) => view.getUint32(at, little);
    case 'float':
      return (view, at) => view.getFloat32(at, little);
    case 'double':
      return (view, at) => view.getFloat64(at, little);
    default:
      return (view, at) => readPrimitive(view, at, primitive, little);
  }
}

/** The writer of a primitive; of 64 bits it takes unsigned integers below 2^53, such as counts and lengths. */
export function numberWriter(primitive: SbePrimitive, little: boolean): WriteNumber {
  switch (primitive) {
    case 'char':
    case 'uint8':
      return (view, at, value) => view.setUint8(at, value);
    case 'int8':
      return (view, at, value) => view.setInt8(at, value);
    case 'int16':
      return (view, at, value) => view.setInt16(at, value, little);
    case 'uint16':
      return (view, at, value) => view.setUint16(at, value, little);
    case 'int32':
      return (view, at, value) => view.setInt32(at, value, little);
    case 'uint32':
      return (view, at, value) => view.setUint32(at, value, little);
    case 'float':
      return (view, at, value) => view.setFloat32(at, value, little);
    case 'double':
      return (view, at, value) => view.setFloat64(at, value, little);
    case 'int64':
    case 'uint64':
      return (view, at, value) => writeHalves(view, at, Math.floor(value / two32), value % two32, little);
  }
}

/** Writes 64 bits. */
export function writeHalves(view: DataView, at: number, high: number, low: number, little: boolean): void {
  view.setUint32(at + (little ? 4 : 0), high, little);
  view.setUint32(at + (little ? 0 : 4), low, little);
}

/** Copies bytes into a view. */
export function copyBytes(bytes: Uint8Array, view: DataView, at: number): void {
  new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
}

/** A view on bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The bits of a 64-bit value that a schema tells, as unsigned halves. */
export function bitsOf(value: SbeNumber): { readonly high: number; readonly low: number } {
  const bits = BigInt.asUintN(64, BigInt(value));
  return { high: Number(bits >> 32n), low: Number(bits & 0xffff_ffffn) };
}

/** The integers that a primitive holds. */
export function limitsOf(primitive: SbePrimitive): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(primitiveSizes[primitive] * 8);
  return signed.has(primitive)
    ? { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
    : { min: 0n, max: (1n << bits) - 1n };
}

/** True of integers in two's complement. */
export function isSigned(primitive: SbePrimitive): boolean {
  return signed.has(primitive);
}

const two32 = 2 ** 32;
const signed: ReadonlySet<SbePrimitive> = new Set(['int8', 'int16', 'int32', 'int64']);
