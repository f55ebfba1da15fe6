/** Mutations of messages of ITCH 5.0 and their fields, by the table: boundaries, blanks, codes and types unknown. */
import { itch50 } from '../../protocol/itch50/index.js';
import type { Field } from '../../schema/field.js';
import { itchSamples } from '../pack/itch-samples.js';
import { itchFramings, type MutationKind, pickBlock, randomBytes, type Site } from './kind.js';
import { type Block, concat, type MutationFraming } from './model.js';

const skip = { framings: itchFramings, layer: 'message', verdict: 'skip' } as const;

export const itchKinds: readonly MutationKind[] = [
  {
    ...{ name: 'type-unknown', ...skip },
    summary: 'a message type that ITCH 5.0 does not have: passed over, its number counts',
    apply(site) {
      const block = pickBlock(site);
      if (block === null) return null;
      const letters = [...'abcdefgijklmpqrstuvwxyz0159'].filter(
        (one) => itch50.nameOf(one.charCodeAt(0)) === undefined,
      );
      const letter = site.random.pick(letters);
      block.bytes[0] = letter.charCodeAt(0);
      passOver(block);
      return `type '${letter}'`;
    },
  },
  {
    ...{ name: 'message-long', ...skip },
    summary: 'a message longer than its type’s: of no known layout, passed over',
    apply(site) {
      const block = pickBlock(site);
      if (block === null) return null;
      const more = 1 + site.random.below(8);
      block.bytes = concat([block.bytes, randomBytes(site.random, more)]);
      passOver(block);
      return `${block.bytes.length} bytes, ${more} more than its type has`;
    },
  },
  {
    ...{ name: 'message-short', ...skip },
    summary: 'a message shorter than its type’s: of no known layout, passed over',
    apply(site) {
      const block = pickBlock(site);
      if (block === null) return null;
      const less = 1 + site.random.below(block.bytes.length - 1);
      block.bytes = block.bytes.slice(0, block.bytes.length - less);
      passOver(block);
      return `${block.bytes.length} bytes, ${less} fewer than its type has`;
    },
  },
  fieldKind('field-minimum', 'a number is 0, the least that it can be', (field) => sampleOf(field, 'minimum', false)),
  fieldKind('field-maximum', 'a number has all its bits set', (field) => sampleOf(field, 'maximum', false)),
  fieldKind('field-top-bit', 'a number has its highest bit set: no sign, all are unsigned', (field) =>
    sampleOf(field, 'top bit', false),
  ),
  fieldKind('field-null', 'text is blank, which stands for none', (field) => sampleOf(field, 'null', true)),
  fieldKind('field-code-unknown', 'a code that the specification does not list', (field) => {
    if (field.values === undefined) return undefined;
    return field.values['~'] === undefined ? '~' : undefined;
  }),
  fieldKind(
    'field-bytes',
    'text with a quotation mark, a backslash, a control character, or a byte above 127',
    (field, site) => {
      if (field.kind !== 'alpha' && field.kind !== 'char') return undefined;
      return site.random.pick(['"', '\\', '\u0001', '\u00ff']).repeat(field.length);
    },
  ),
];

function passOver(block: Block): void {
  block.fate = 'skip';
  block.values = null;
}

function fieldKind(
  name: string,
  summary: string,
  sampleIn: (field: Field, site: Site) => string | number | undefined,
  framings: readonly MutationFraming[] = itchFramings,
): MutationKind {
  return {
    ...{ name, layer: 'field', framings, verdict: 'deliver', summary },
    apply(site) {
      const block = pickBlock(site);
      const message = block === null ? undefined : itch50.messageOf(block.bytes[0] as number);
      if (block === null || message === undefined) return null;
      const choices = message.fields.flatMap((field) => {
        const value = sampleIn(field, site);
        return value === undefined ? [] : [{ field, value }];
      });
      if (choices.length === 0) return null;
      const { field, value } = site.random.pick(choices);
      // A blank character is written with its space, and reads without.
      const values = { ...block.values, [field.name]: value };
      block.bytes = itch50.encode(values as never);
      block.values = { ...values, [field.name]: typeof value === 'string' ? value.trimEnd() : value };
      return `${message.name}.${field.name} is ${JSON.stringify(value)}`;
    },
  };
}

function sampleOf(field: Field, label: string, isText: boolean): string | number | undefined {
  if ((field.kind === 'alpha' || field.kind === 'char') !== isText) return undefined;
  return itchSamples(field).find((sample) => sample.label === label)?.value;
}
