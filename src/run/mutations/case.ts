/** One mutation as a capture of its own, and a parser's run through it; also of a capture that was saved. */
import { writeFileSync } from 'node:fs';
import type { InputSpec } from '../../analysis/input.js';
import { unwritable } from '../../io/file-error.js';
import { concat, type Packet } from '../../sim/mutations/model.js';
import { checkParser } from '../check-capture.js';
import type { CheckOptions, CheckReport } from '../check-spec.js';
import { openModule } from '../parser-module.js';
import type { ParserSpec } from '../parser-spec.js';
import { type CaseExpectation, expectationOf, savedExpectation } from './expectation.js';
import { caseDivergences, type FedWith, heldTo } from './judge.js';
import { type MutationFormat, writeMutations } from './write.js';

/** Where and how cases are written and read. */
export interface CaseSetting {
  readonly parser: ParserSpec;
  readonly input: InputSpec;
  readonly format: MutationFormat;
  readonly fed: FedWith;
}

/** Writes packets as a capture; answers what a correct parser makes of it. */
export function writeCase(
  packets: readonly Packet[],
  format: MutationFormat,
  path: string,
  usualMemoryBytes: number | null,
): CaseExpectation {
  const parts: Uint8Array[] = [];
  const written = writeMutations(packets, format, (bytes) => parts.push(bytes));
  try {
    writeFileSync(path, concat(parts));
  } catch (error) {
    throw unwritable(path, error, 'write');
  }
  return expectationOf(written, usualMemoryBytes);
}

/** Runs the parser through the packets, written to `path`, and judges it. */
export async function runCase(
  packets: readonly Packet[],
  path: string,
  { parser, input, format, fed }: CaseSetting,
  usualMemoryBytes: number | null,
): Promise<CheckReport> {
  const expectation = writeCase(packets, format, path, usualMemoryBytes);
  const own: InputSpec = { ...input, paths: [path], definitions: input.definitions };
  return heldTo(await checkParser(parser, { input: own, limit: caseDivergences }), expectation, fed, parser.mapping);
}

/** As `checkParser`; a capture with what is expected of it beside it is judged by that. */
export async function checkSaved(parser: ParserSpec, options: CheckOptions): Promise<CheckReport> {
  const [path = ''] = options.input.paths;
  const expectation = options.input.paths.length === 1 ? savedExpectation(path) : null;
  if (expectation === null) return checkParser(parser, options);
  const { limit = caseDivergences } = options;
  const report = await checkParser(parser, { ...options, limit: Math.max(limit, caseDivergences) });
  const { divergences, ...held } = heldTo(report, expectation, await fedWith(parser), parser.mapping);
  return { ...held, divergences: { ...divergences, kept: divergences.kept.slice(0, limit) } };
}

/** What the parser gets to see of a capture. */
export async function fedWith(parser: ParserSpec): Promise<FedWith> {
  if (parser.kind !== 'module') return parser.feed === 'binaryfile' ? 'messages' : 'packets';
  const module = await openModule(parser);
  await module.close();
  return module.takes;
}
