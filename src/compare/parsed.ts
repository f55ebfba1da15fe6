/** What a parser writes, as messages of ours: its types by our names, its place in the output. */
import { itch50 } from '../protocol/itch50/index.js';
import { mdp3Table } from '../protocol/mdp3/index.js';
import { type Mapping, valueAt } from './mapping.js';
import type { ComparedMessage } from './message.js';

/** Where in the output it stands: line or record, from 1, and its first byte. */
export interface OutputPlace {
  readonly file: string;
  readonly number: number;
  readonly offset: number;
}

/** Turns objects of a parser into messages. `key`: what to know it by, where the adapter does. */
export type ReadParsed = (
  values: Readonly<Record<string, unknown>>,
  place: OutputPlace,
  key: string | null,
) => ComparedMessage;

const typesByName = new Map<string, string>([
  ...itch50.messages.map(({ name, type }) => [name, type] as const),
  ...mdp3Table.messages.map(({ name, id }) => [name, String(id)] as const),
]);
const namesByType = new Map([...typesByName].map(([name, type]) => [type, name]));

/** The reader for a parser's mapping. A type that it does not tell is '', which is compared with none. */
export function parsedReader(mapping: Mapping): ReadParsed {
  return (values, { file, number, offset }, key) => {
    const written = valueAt(values, mapping.type);
    const text = written === undefined || written === null ? '' : String(written);
    const mapped = mapping.types[text] ?? text;
    const type = typesByName.get(mapped) ?? mapped;
    const sequence = mapping.sequence === null ? null : Number(valueAt(values, mapping.sequence) ?? Number.NaN);
    const session = mapping.session === null ? null : String(valueAt(values, mapping.session) ?? '');
    const known = sequence === null || Number.isNaN(sequence) ? null : sequence;
    const bySequence = known === null ? null : `${session === null ? '' : `${session} `}${known}`;
    return {
      place: { file, packet: number, offset, sequence: known, session, index: 0, timestampNs: null },
      protocol: '',
      type,
      name: namesByType.get(type) ?? null,
      values,
      bytes: null,
      isKnown: true,
      key: key ?? bySequence,
      stream: 'parser',
    };
  };
}
