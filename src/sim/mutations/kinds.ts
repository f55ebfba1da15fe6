/** The table of mutations: every kind once, in the order of the layers that they change. */
import { UsageError } from '../../core/errors.js';
import type { MutationKind } from './kind.js';
import { itchKinds } from './kinds-itch.js';
import { networkKinds } from './kinds-network.js';
import { sbeKinds } from './kinds-sbe.js';
import { sbeFieldKinds } from './kinds-sbe-fields.js';
import { sessionKinds } from './kinds-session.js';
import { streamKinds } from './kinds-stream.js';
import { tcpKinds } from './kinds-tcp.js';
import { layers } from './model.js';

export const mutationKinds: readonly MutationKind[] = [
  ...networkKinds,
  ...tcpKinds,
  ...sessionKinds,
  ...streamKinds,
  ...itchKinds,
  ...sbeKinds,
  ...sbeFieldKinds,
].sort((a, b) => layers.indexOf(a.layer) - layers.indexOf(b.layer));

/** The kinds that the names stand for, each the name of a kind or of a layer; all where none is given. */
export function kindsNamed(names: readonly string[]): readonly MutationKind[] {
  for (const name of names) {
    if (mutationKinds.some((kind) => kind.name === name || kind.layer === name)) continue;
    const near = mutationKinds.filter((kind) => kind.name.includes(name) || name.includes(kind.name));
    const hint = near.length > 0 ? `did you mean ${near.map((kind) => kind.name).join(', ')}?` : '--list names all';
    throw new UsageError('mutation-kind', `'${name}' is no kind or layer of mutations: ${hint}`);
  }
  if (names.length === 0) return mutationKinds;
  return mutationKinds.filter((kind) => names.includes(kind.name) || names.includes(kind.layer));
}
