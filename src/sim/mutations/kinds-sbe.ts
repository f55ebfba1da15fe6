/**
 * Mutations of messages of MDP 3.0: FIX Simple Binary Encoding 1.0 says of a version that a reader does not know that
 * blocks may be longer or shorter and more may stand behind them, and of one that it knows what they are.
 */
import { mdp3, mdp3SchemaOf, mdp3Versions } from '../../protocol/mdp3/index.js';
import type { SbeField } from '../../schema/sbe/schema.js';
import type { MutationKind, Site } from './kind.js';
import { pickBlock, randomBytes } from './kind.js';
import { type Block, concat, type MessageValues, viewOf } from './model.js';
import { joinSbe, type SbeParts, sbeFate, splitSbe } from './sbe-parts.js';

/** However it is carried. */
export const mdpFramings = ['mdp3', 'mdp3-tcp'] as const;
const framings = mdpFramings;
const layer = 'message';
const latest = Math.max(...mdp3Versions);
/** More than any version yet. */
const later = latest + 7;
/** Less than what MsgSize can say over TCP. */
const mostBytes = 50_000;

/** Changes a message's parts; the values are then those of before with what `edit` returns put in their place. */
type Edit = (parts: SbeParts, site: Site, values: MessageValues) => Edited | null;

interface Edited {
  readonly what: string;
  /** Values that differ from those before, by path of one name. */
  readonly values?: MessageValues;
}

export const sbeKinds: readonly MutationKind[] = [
  row('template-unknown', 'skip', 'a template id that the schema does not have: passed over', (parts, { random }) => {
    parts.templateId = 900 + random.below(90);
    return { what: `template ${parts.templateId}` };
  }),
  row('schema-unknown', 'skip', 'a schema id that is not MDP’s: passed over', (parts) => {
    parts.schemaId = 77;
    return { what: 'schema 77' };
  }),
  row(
    'block-longer',
    'deliver',
    'a root block longer than the version’s: the known fields are read, the rest skipped',
    (parts, site) => {
      parts.root = concat([parts.root, randomBytes(site.random, 1 + site.random.below(16))]);
      return { what: `a block of ${parts.root.length} bytes` };
    },
  ),
  row(
    'block-shorter',
    'reject',
    'a root block shorter than its own version’s: the message contradicts itself',
    (parts, { random }) => {
      if (parts.root.length < 2) return null;
      parts.root = parts.root.slice(0, parts.root.length - 1 - random.below(Math.min(8, parts.root.length - 1)));
      return { what: `a block of ${parts.root.length} bytes` };
    },
  ),
  {
    ...row('block-lie', 'reject', 'a block length beyond the message’s end', (parts, { random }) => {
      parts.blockLength = joinSbe(parts).length + random.below(40);
      return { what: `a block length of ${parts.blockLength}` };
    }),
    // Over TCP a reader may look for the next header there, and lose the messages between.
    framings: ['mdp3'],
  },
  groupRow('group-empty', 'deliver', 'a group without entries', (parts, index) => {
    const group = parts.groups[index];
    if (group === undefined || group.entries.length === 0) return null;
    group.entries = [];
    return { what: `${group.layout.name} has no entries`, values: { [group.layout.name]: [] } };
  }),
  groupRow(
    'group-maximum',
    'deliver',
    'a group of as many entries as its count can tell',
    (parts, index, _site, values) => {
      const group = parts.groups[index];
      const entry = group?.entries[0];
      if (group === undefined || entry === undefined) return null;
      const { maxEntries } = group.layout.dimension;
      if (maxEntries > 255 || maxEntries * entry.length + joinSbe(parts).length > mostBytes) return null;
      group.entries = new Array<Uint8Array>(maxEntries).fill(entry);
      const list = new Array(group.entries.length).fill((values[group.layout.name] as unknown[])[0]);
      return { what: `${group.layout.name} has ${maxEntries} entries`, values: { [group.layout.name]: list } };
    },
  ),
  groupRow('group-count-high', 'reject', 'a group counts entries that are not there', (parts, index, { random }) => {
    const group = parts.groups[index];
    if (group === undefined || index !== parts.groups.length - 1 || group.entries.length > 250) return null;
    group.count = group.entries.length + 1 + random.below(4);
    return { what: `${group.layout.name} counts ${group.count} of ${group.entries.length} entries` };
  }),
  groupRow(
    'group-count-low',
    'reject',
    'a group counts fewer entries than it has: bytes are left behind the last group',
    (parts, index) => {
      const group = parts.groups[index];
      if (group === undefined || index !== parts.groups.length - 1 || group.entries.length === 0) return null;
      group.count = group.entries.length - 1;
      return { what: `${group.layout.name} counts ${group.count} of ${group.entries.length} entries` };
    },
  ),
  groupRow(
    'group-stride-longer',
    'deliver',
    'entries longer than the version’s: each is skipped to its end',
    (parts, index, site) => {
      const group = parts.groups[index];
      if (group === undefined || group.entries.length === 0) return null;
      const more = 1 + site.random.below(8);
      group.stride += more;
      group.entries = group.entries.map((entry) => concat([entry, randomBytes(site.random, more)]));
      return { what: `${group.layout.name} has entries of ${group.stride} bytes` };
    },
  ),
  groupRow('group-stride-shorter', 'reject', 'entries shorter than their own version’s', (parts, index, { random }) => {
    const group = parts.groups[index];
    if (group === undefined || group.entries.length === 0 || group.stride < 2) return null;
    const less = 1 + random.below(Math.min(4, group.stride - 1));
    group.stride -= less;
    group.entries = group.entries.map((entry) => entry.slice(0, entry.length - less));
    return { what: `${group.layout.name} has entries of ${group.stride} bytes` };
  }),
  groupRow('group-stride-lie', 'reject', 'an entry length that does not fit the message', (parts, index) => {
    const group = parts.groups[index];
    if (group === undefined || index !== parts.groups.length - 1 || group.entries.length === 0) return null;
    group.stride += 1;
    return { what: `${group.layout.name} says entries of ${group.stride} bytes` };
  }),
  groupRow(
    'group-stride-zero',
    'reject',
    'an entry length of 0 with as many entries as there can be',
    (parts, index) => {
      const group = parts.groups[index];
      if (group === undefined || group.layout.dimension.maxEntries > 255) return null;
      group.stride = 0;
      group.entries = [];
      group.count = group.layout.dimension.maxEntries;
      return { what: `${group.layout.name} counts ${group.count} entries of 0 bytes` };
    },
  ),
  row('bytes-behind', 'reject', 'bytes behind the last group of a version that has none', (parts, site) => {
    parts.tail = randomBytes(site.random, 1 + site.random.below(8));
    return { what: `${parts.tail.length} bytes behind the last group` };
  }),
  laterRow('version-later', 'a later version with the same layout: the known fields are read', () => ({ what: '' })),
  laterRow('version-later-block', 'a later version with a longer root block', (parts, site) => {
    parts.root = concat([parts.root, randomBytes(site.random, 1 + site.random.below(16))]);
    return { what: `, a block of ${parts.root.length} bytes` };
  }),
  laterRow(
    'version-later-short',
    'a later version with a shorter root block: fields beyond it are null',
    (parts, { random }) => {
      const last = Math.max(0, ...parts.layout.fields.map(({ offset, size }) => (size === 0 ? 0 : offset + size)));
      if (last < 2) return null;
      parts.root = parts.root.slice(0, last - 1 - random.below(last - 1));
      const gone = parts.layout.fields.filter(({ offset, size }) => offset + size > parts.root.length);
      const values = Object.fromEntries(gone.map(({ name }) => [name, null]));
      return { what: `, a block of ${parts.root.length} bytes`, values };
    },
  ),
  laterRow('version-later-behind', 'a later version with more behind the last group', (parts, site) => {
    parts.tail = randomBytes(site.random, 1 + site.random.below(16));
    return { what: `, ${parts.tail.length} bytes behind the last group` };
  }),
];

/** A field of the root or of an entry, with a way to write its message with another value there. */
export interface SbePlace {
  readonly field: SbeField;
  readonly path: string;
  readonly put: (values: MessageValues, value: unknown) => MessageValues;
}

/** All fields of a message, those of each group in one of its entries. */
export function placesOf(parts: SbeParts, random: Site['random']): SbePlace[] {
  const inRoot = parts.layout.fields.map(
    (field): SbePlace => ({
      ...{ field, path: field.name },
      put: (values, value) => ({ ...values, [field.name]: value }),
    }),
  );
  const inGroups = parts.groups.flatMap(({ layout, entries }) => {
    if (entries.length === 0) return [];
    const index = random.below(entries.length);
    return layout.fields.map(
      (field): SbePlace => ({
        ...{ field, path: `${layout.name}[${index}].${field.name}` },
        put: (values, value) => {
          const list = [...(values[layout.name] as MessageValues[])];
          list[index] = { ...list[index], [field.name]: value };
          return { ...values, [layout.name]: list };
        },
      }),
    );
  });
  return [...inRoot, ...inGroups];
}

function row(name: string, verdict: MutationKind['verdict'], summary: string, edit: Edit): MutationKind {
  return {
    ...{ name, layer, framings, verdict, summary },
    apply(site) {
      const block = pickBlock(site);
      return block === null ? null : change(site, block, verdict, edit);
    },
  };
}

function groupRow(
  name: string,
  verdict: MutationKind['verdict'],
  summary: string,
  edit: (parts: SbeParts, index: number, site: Site, values: MessageValues) => Edited | null,
): MutationKind {
  return row(name, verdict, summary, (parts, site, values) => {
    if (parts.groups.length === 0) return null;
    const start = site.random.below(parts.groups.length);
    for (let step = 0; step < parts.groups.length; step++) {
      const found = edit(parts, (start + step) % parts.groups.length, site, values);
      if (found !== null) return found;
    }
    return null;
  });
}

/** Of a message that is first written in the latest version, since what is later than that goes on from there. */
function laterRow(name: string, summary: string, edit: Edit): MutationKind {
  return row(name, 'deliver', `${summary}`, (parts, site, values) => {
    const newest = asLatest(parts, values);
    if (newest === null) return null;
    Object.assign(parts, newest.parts);
    const found = edit(parts, site, newest.values);
    if (found === null) return null;
    parts.version = later;
    const names = { ...newest.values, ...found.values, version: later };
    return { what: `version ${later}${found.what}`, values: names };
  });
}

function asLatest(parts: SbeParts, values: MessageValues): { parts: SbeParts; values: MessageValues } | null {
  if (!mdp3SchemaOf(latest).messages.some(({ id }) => id === parts.layout.id)) return null;
  if (parts.known === latest) return { parts, values };
  try {
    const bytes = mdp3.encode({ ...values, version: latest }, { version: latest });
    const split = splitSbe(bytes);
    const read = mdp3.toObject(viewOf(bytes), 0, bytes.length);
    return split === null || read === null ? null : { parts: split, values: read as MessageValues };
  } catch {
    // A later version has fields that cannot be null.
    return null;
  }
}

function change(site: Site, block: Block, verdict: MutationKind['verdict'], edit: Edit): string | null {
  const parts = splitSbe(block.bytes);
  if (parts === null || block.values === null) return null;
  const found = edit(parts, site, block.values);
  if (found === null) return null;
  const bytes = joinSbe(parts);
  if (bytes.length > mostBytes) return null;
  const fate = sbeFate(bytes);
  if (fate !== verdict) return null;
  block.bytes = bytes;
  block.fate = fate;
  block.values = fate === 'deliver' ? { ...block.values, ...found.values } : null;
  if (fate === 'reject') site.packet.isReported = true;
  return `${parts.layout.name}: ${found.what}`;
}
