/** Mutations of fields of MDP 3.0, by the table: boundaries, nulls, values and bits that no enumeration knows. */
import { mdp3 } from '../../protocol/mdp3/index.js';
import type { SbePlain } from '../../schema/sbe/plain-values.js';
import { limitsOf } from '../../schema/sbe/scalar.js';
import type { SbeEnum } from '../../schema/sbe/schema.js';
import { sbeSamples } from '../pack/sbe-samples.js';
import { type MutationKind, pickBlock } from './kind.js';
import { mdpFramings, placesOf, type SbePlace } from './kinds-sbe.js';
import type { MessageValues } from './model.js';
import { splitSbe } from './sbe-parts.js';

type ValueOf = (place: SbePlace, version: number) => SbePlain | undefined;

export const sbeFieldKinds: readonly MutationKind[] = [
  fieldKind('sbe-minimum', 'a field has the least value that its type allows', sample('minimum')),
  fieldKind('sbe-maximum', 'a field has the greatest value that its type allows', sample('maximum')),
  fieldKind('sbe-null', 'an optional field has its null value, which is no number', sample('null')),
  fieldKind('sbe-negative', 'a signed field is −1 in its last place', sample('minus one')),
  fieldKind('sbe-enum-unknown', 'a value that the enumeration does not have: it has no name', ({ field }) =>
    field.type.kind === 'enum' && field.presence !== 'constant' ? strange(field.type, field.nullValue) : undefined,
  ),
];

function sample(label: string): ValueOf {
  return ({ field }, version) => sbeSamples(field, version).find((one) => one.label === label)?.value;
}

/** The first value from the type's top that stands for nothing. */
function strange(type: SbeEnum, nullValue: number | bigint | null): SbePlain | undefined {
  const taken = new Set([...type.values.map(({ value }) => Number(value)), Number(nullValue ?? -1)]);
  // Bytes above 127 are no characters of FIX.
  const top = type.primitive === 'char' ? 0x7e : Number(limitsOf(type.primitive).max);
  for (let value = top; value > 0; value--) {
    if (!taken.has(value)) return { value: type.primitive === 'char' ? String.fromCharCode(value) : value, name: null };
  }
  return undefined;
}

function fieldKind(name: string, summary: string, sampleIn: ValueOf): MutationKind {
  return {
    ...{ name, layer: 'field', framings: mdpFramings, verdict: 'deliver', summary },
    apply(site) {
      const block = pickBlock(site);
      const parts = block === null ? null : splitSbe(block.bytes);
      if (block === null || parts === null || block.values === null || parts.version !== parts.known) return null;
      const choices = placesOf(parts, site.random).flatMap((place) => {
        if (place.field.size === 0 || place.field.sinceVersion > parts.version) return [];
        const value = sampleIn(place, parts.version);
        return value === undefined ? [] : [{ place, value }];
      });
      if (choices.length === 0) return null;
      const { place, value } = site.random.pick(choices);
      const values: MessageValues = place.put(block.values, value);
      // Blocks may be longer than the version's: what the wire had behind the fields is kept.
      const kept = mdp3.toObject(new DataView(block.bytes.slice().buffer), 0, block.bytes.length, { wire: true });
      block.bytes = mdp3.encode(place.put(kept as MessageValues, value));
      block.values = values;
      return `${parts.layout.name}.${place.path} is ${JSON.stringify(value)}`;
    },
  };
}
