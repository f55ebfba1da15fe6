/** A mutation run put together: captures in, a mutated capture and its manifest out. */
import { type Input, inputSpecOf } from '../../analysis/input.js';
import { openFileWriter } from '../../io/file-writer.js';
import { openTextFile } from '../../io/text-file.js';
import type { MutationKind } from '../../sim/mutations/kind.js';
import { mutate } from '../../sim/mutations/mutate.js';
import { readMutationSource } from './source.js';
import { verifyMutations } from './verify.js';
import { manifestLine, mutationFormatOf, type WrittenPacket, writeMutations } from './write.js';

/** What a run is told. */
export interface MutateSpec {
  readonly input: Input;
  /** `.pcapng` (with comments), `.pcap` or `-`; a BinaryFILE of anything else. */
  readonly output: string;
  /** Where the manifest goes; null for none. */
  readonly manifest: string | null;
  readonly seed: number | string;
  readonly kinds: readonly MutationKind[];
  /** How often each kind is applied. */
  readonly count: number;
  readonly mayChange?: (source: number) => boolean;
  /** Read the result with tickreel's own reader, and compare. */
  readonly verifies: boolean;
}

/** What came of it. */
export interface MutateReport {
  readonly packets: number;
  readonly mutations: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Kinds for which the capture has no place. */
  readonly unplaced: readonly string[];
  /** Pieces of TCP streams that are not SoupBinTCP, left out. */
  readonly leftOut: number;
  readonly damaged: boolean;
  /** Where tickreel's own reader differs; null where that was not asked for. */
  readonly differences: readonly string[] | null;
}

/** Runs it; throws what reading and writing throw. */
export async function mutateCapture(spec: MutateSpec): Promise<MutateReport> {
  const format = mutationFormatOf(spec.output);
  const source = await readMutationSource(spec.input, format === 'binaryfile' ? 'binaryfile' : 'moldudp64');
  const mutated = mutate(source.packets, spec);
  const { paths } = inputSpecOf(spec.input);
  const file = openFileWriter(spec.output, paths);
  const written = writeMutations(mutated.packets, format, (bytes) => file.write(bytes));
  file.close();
  if (spec.manifest !== null) writeManifest(spec.manifest, spec, written, paths);
  return {
    packets: written.reduce((sum, { numbers }) => sum + numbers.length, 0),
    mutations: written.filter(({ packet }) => packet.label !== null).length,
    kinds: Object.fromEntries(mutated.applied),
    unplaced: mutated.unplaced.map(({ name }) => name),
    leftOut: source.leftOut,
    damaged: source.feed.damage.total > 0,
    differences: spec.verifies ? await verifyMutations(spec.output, written) : null,
  };
}

function writeManifest(
  path: string,
  { seed, output }: MutateSpec,
  written: readonly WrittenPacket[],
  captures: readonly string[],
): void {
  const manifest = openTextFile(path, captures);
  const head = { tickreel: 'mutations', version: 1, seed, captures, output };
  manifest.append(`${JSON.stringify(head)}\n`);
  for (const one of written) {
    const line = manifestLine(one);
    if (line !== '') manifest.append(`${line}\n`);
  }
  manifest.close();
}
