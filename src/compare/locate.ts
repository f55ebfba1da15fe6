/** Where a field of a compared message lies in its bytes, by the tables of the protocols. */
import { itch50 } from '../protocol/itch50/index.js';
import type { SbeCatalogue } from '../schema/sbe/catalogue.js';
import { locateField } from '../schema/sbe/locate.js';
import type { LocateField } from './divergence.js';

/** Of messages of ITCH 5.0 and of those that the catalogue reads. */
export function locator(catalogue: SbeCatalogue): LocateField {
  return ({ protocol, bytes }, path) => {
    if (bytes === null || bytes.length === 0) return null;
    if (path === 'type') return protocol === 'itch50' ? { offset: 0, length: 1 } : { offset: 2, length: 2 };
    if (protocol === 'itch50') {
      const field = itch50.messageOf(bytes[0] as number)?.fields.find(({ name }) => name === path);
      return field === undefined ? null : { offset: field.offset, length: field.length };
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const codec = catalogue.codecAt(view, 0, bytes.length);
    const message = codec?.messageAt(view, 0, bytes.length);
    if (codec === null || message === undefined) return null;
    return locateField(codec.schema, message, view, 0, bytes.length, path);
  };
}
