/**
 * Writes the conformance pack: captures of the whole specification, and beside each what a correct parser decodes and
 * its golden record.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputSpecOf } from '../analysis/input.js';
import { unwritable } from '../io/file-error.js';
import { openFileWriter } from '../io/file-writer.js';
import { openTextFile } from '../io/text-file.js';
import { itchPack, mdpPack, type PackMessage } from '../sim/pack/pack.js';
import { expectedLine, packFile, packPackets } from '../sim/pack/packets.js';
import { makeGolden } from './golden-make.js';
import { writeMutations } from './mutations/write.js';

/** What is written. */
export interface ConformanceSpec {
  readonly folder: string;
  readonly itch: boolean;
  /** Of MDP. */
  readonly versions: readonly number[];
}

/** One capture of the pack. */
export interface PackFile {
  readonly capture: string;
  /** What a correct parser decodes, as `tickreel decode` prints it. */
  readonly expected: string;
  /** Its golden record. */
  readonly golden: string;
  readonly protocol: 'itch50' | 'mdp3';
  /** Of MDP; null of ITCH. */
  readonly version: number | null;
  readonly types: number;
  readonly messages: number;
  readonly packets: number;
}

/** Writes the pack into the folder, which is made where it is missing; rejects with SinkError where that fails. */
export async function writeConformancePack({ folder, itch, versions }: ConformanceSpec): Promise<PackFile[]> {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error, 'open');
  }
  const files: PackFile[] = [];
  if (itch) {
    const messages = itchPack();
    files.push(...writeBoth(folder, 'itch50', null, messages));
    files.push(writeFile(folder, messages));
  }
  for (const version of versions) files.push(...writeBoth(folder, 'mdp3', version, mdpPack(version)));
  for (const { capture, golden } of files) {
    await makeGolden(inputSpecOf(join(folder, capture)), join(folder, golden));
  }
  const index = openTextFile(join(folder, 'pack.json'), []);
  index.append(`${JSON.stringify({ tickreel: 'conformance', version: 1, files }, null, 2)}\n`);
  index.close();
  return files;
}

function writeBoth(
  folder: string,
  protocol: PackFile['protocol'],
  version: number | null,
  messages: readonly PackMessage[],
): PackFile[] {
  const stem = version === null ? protocol : `${protocol}-v${version}`;
  return [false, true].map((isPacked) => {
    const name = `${stem}-${isPacked ? 'packed' : 'single'}`;
    const framing = protocol === 'mdp3' ? 'mdp3' : 'moldudp64';
    const { packets, placed } = packPackets(messages, framing, isPacked);
    const file = openFileWriter(join(folder, `${name}.pcap`), []);
    writeMutations(packets, 'pcap', (bytes) => file.write(bytes));
    file.close();
    const expected = placed.map((one) => `${expectedLine(one, protocol === 'mdp3')}\n`).join('');
    writeText(join(folder, `${name}.ndjson`), expected);
    const counts = { types: typesOf(messages), messages: messages.length, packets: packets.length };
    const capture = `${name}.pcap`;
    const beside = { expected: `${name}.ndjson`, golden: `${capture}.golden` };
    return { capture, ...beside, protocol, version, ...counts };
  });
}

/** ITCH without packets; a BinaryFILE has no stamps and numbers of its own. */
function writeFile(folder: string, messages: readonly PackMessage[]): PackFile {
  const [capture, expected] = ['itch50.NASDAQ_ITCH50', 'itch50-file.ndjson'];
  const file = openFileWriter(join(folder, capture), []);
  file.write(packFile(messages));
  file.close();
  const lines = messages.map(({ values }, index) => `${JSON.stringify({ packet: index + 1, ...values })}\n`);
  writeText(join(folder, expected), lines.join(''));
  const counts = { types: typesOf(messages), messages: messages.length, packets: messages.length };
  return { capture, expected, golden: `${capture}.golden`, protocol: 'itch50', version: null, ...counts };
}

function writeText(path: string, text: string): void {
  const file = openTextFile(path, []);
  file.append(text);
  file.close();
}

function typesOf(messages: readonly PackMessage[]): number {
  return new Set(messages.map(({ values }) => values.type)).size;
}
