/**
 * A message of MDP in its parts, and back: header, root block, groups with their entries.
 *
 * Written from FIX Simple Binary Encoding 1.0 and apart from the decoders in `schema/sbe/`, which it is to check; it
 * takes from the table only which groups a template has and how long blocks are. MDP 3.0 nests no groups and has no
 * variable-length data.
 */
import { mdp3SchemaOf, mdp3Versions } from '../../protocol/mdp3/index.js';
import type { AnyGroup, SbeMessage } from '../../schema/sbe/schema.js';
import { concat, type Fate, viewOf } from './model.js';

export const SBE_HEADER = 8;

export interface SbeGroupParts {
  readonly layout: AnyGroup;
  /** The dimension's bytes, padding included. */
  readonly dimension: Uint8Array;
  stride: number;
  /** What the dimension says of the number of entries, where that is not how many there are. */
  count?: number;
  entries: Uint8Array[];
}

export interface SbeParts {
  readonly layout: SbeMessage;
  /** The version whose layout it is read by: the header's, or the latest known where that is newer. */
  readonly known: number;
  templateId: number;
  schemaId: number;
  version: number;
  /** What the header says of the root's length, where that is not right. */
  blockLength?: number;
  root: Uint8Array;
  groups: SbeGroupParts[];
  tail: Uint8Array;
}

const latest = Math.max(...mdp3Versions);

/** The layout of a message by its header; null where the version has none. */
export function layoutAt(bytes: Uint8Array): { layout: SbeMessage; known: number } | null {
  if (bytes.length < SBE_HEADER) return null;
  const view = viewOf(bytes);
  const version = view.getUint16(6, true);
  const known = mdp3Versions.find((one) => one >= version) ?? latest;
  if (view.getUint16(4, true) !== 1) return null;
  const id = view.getUint16(2, true);
  const layout = mdp3SchemaOf(known).messages.find((message) => message.id === id);
  return layout === undefined ? null : { layout, known };
}

/** The parts of a message; null where it is of no known layout, or its lengths do not fit its bytes. */
export function splitSbe(bytes: Uint8Array): SbeParts | null {
  const found = layoutAt(bytes);
  if (found === null) return null;
  const view = viewOf(bytes);
  const blockLength = view.getUint16(0, true);
  let at = SBE_HEADER + blockLength;
  if (at > bytes.length) return null;
  const groups: SbeGroupParts[] = [];
  for (const layout of found.layout.groups) {
    const { size, numInGroup } = layout.dimension;
    if (at + size > bytes.length) return null;
    const stride = view.getUint16(at, true);
    const countAt = at + numInGroup.offset;
    const count = numInGroup.primitive === 'uint8' ? view.getUint8(countAt) : view.getUint16(countAt, true);
    const dimension = bytes.slice(at, at + size);
    at += size;
    if (at + stride * count > bytes.length) return null;
    const entries = Array.from({ length: count }, (_, index) =>
      bytes.slice(at + index * stride, at + (index + 1) * stride),
    );
    groups.push({ layout, dimension, stride, entries });
    at += stride * count;
  }
  return {
    ...found,
    templateId: view.getUint16(2, true),
    schemaId: view.getUint16(4, true),
    version: view.getUint16(6, true),
    root: bytes.slice(SBE_HEADER, SBE_HEADER + blockLength),
    groups,
    tail: bytes.slice(at),
  };
}

/** The bytes of a message. */
export function joinSbe(parts: SbeParts): Uint8Array {
  const header = new Uint8Array(SBE_HEADER);
  const view = viewOf(header);
  view.setUint16(0, parts.blockLength ?? parts.root.length, true);
  view.setUint16(2, parts.templateId, true);
  view.setUint16(4, parts.schemaId, true);
  view.setUint16(6, parts.version, true);
  const groups = parts.groups.flatMap(({ layout, dimension, stride, count, entries }) => {
    const bytes = dimension.slice();
    const dimensionView = viewOf(bytes);
    dimensionView.setUint16(0, stride, true);
    const { numInGroup } = layout.dimension;
    if (numInGroup.primitive === 'uint8') dimensionView.setUint8(numInGroup.offset, count ?? entries.length);
    else dimensionView.setUint16(numInGroup.offset, count ?? entries.length, true);
    return [bytes, ...entries];
  });
  return concat([header, parts.root, ...groups, parts.tail]);
}

/** What a correct parser makes of the message. */
export function sbeFate(bytes: Uint8Array): Fate {
  if (bytes.length < SBE_HEADER) return 'reject';
  if (layoutAt(bytes) === null) return 'skip';
  const parts = splitSbe(bytes);
  if (parts === null) return 'reject';
  // A version later than any known may have shorter blocks, and more behind them.
  if (parts.version > latest) return 'deliver';
  if (parts.root.length < parts.layout.blockLength || parts.tail.length > 0) return 'reject';
  const isShort = parts.groups.some(({ layout, stride, entries }) => entries.length > 0 && stride < layout.blockLength);
  return isShort ? 'reject' : 'deliver';
}
