/** CME MDP 3.0: its table, its versions, and everything that follows from them. */
import { createSbeCodec, type SbeCodec } from '../../schema/sbe/codec.js';
import { type Mdp3Table, mdp3Table } from './table.js';

export { type Mdp3Table, mdp3SchemaOf, mdp3Table, mdp3Versions } from './table.js';

/** Readers and writers of MDP 3.0 messages of every version that the table holds. */
export const mdp3: SbeCodec<Mdp3Table> = createSbeCodec(mdp3Table);
