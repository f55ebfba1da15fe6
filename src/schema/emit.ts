/** Pieces of emitted source that all protocols' flyweights share. */

/** A getter of a class body. */
export function getter(name: string, expression: string): string {
  return `  get ${name}() { return ${expression}; }`;
}

/** An expression for an unsigned big-endian integer of `length` bytes of the flyweight's view. */
export function integer(offset: number, length: number): string {
  switch (length) {
    case 1:
      return `this.view.getUint8(${placeAt(offset)})`;
    case 2:
      return `this.view.getUint16(${placeAt(offset)})`;
    case 3:
      return `${integer(offset, 2)} * 0x100 + ${integer(offset + 2, 1)}`;
    case 4:
      return `this.view.getUint32(${placeAt(offset)})`;
    default:
      return `${integer(offset, length - 4)} * 0x100000000 + ${integer(offset + length - 4, 4)}`;
  }
}

/** The same of the bytes at `at` of `view`, its place kept in an integer register. */
export function placeInteger(offset: number, length: number): string {
  const place = offset === 0 ? 'at' : `(at + ${offset}) | 0`;
  switch (length) {
    case 1:
      return `view.getUint8(${place})`;
    case 2:
      return `view.getUint16(${place})`;
    case 3:
      return `${placeInteger(offset, 2)} * 0x100 + ${placeInteger(offset + 2, 1)}`;
    case 4:
      return `view.getUint32(${place})`;
    default:
      return `${placeInteger(offset, length - 4)} * 0x100000000 + ${placeInteger(offset + length - 4, 4)}`;
  }
}

/** An expression for a place behind the flyweight's offset. */
export function placeAt(offset: number): string {
  return offset === 0 ? 'this.offset' : `this.offset + ${offset}`;
}
