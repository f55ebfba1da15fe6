/** One mutation as a capture of its own, a parser's run through it, and whether it did what was expected. */
import { writeFileSync } from 'node:fs';
import type { InputSpec } from '../../analysis/input.js';
import type { Divergence } from '../../compare/divergence.js';
import { unwritable } from '../../io/file-error.js';
import { concat, type Packet } from '../../sim/mutations/model.js';
import { checkParser } from '../check-capture.js';
import type { CheckReport } from '../check-spec.js';
import type { ParserSpec } from '../parser-spec.js';
import { type FedWith, judgeReports } from './judge.js';
import { type MutationFormat, type WrittenPacket, writeMutations } from './write.js';

/** Divergences looked at; more than that is wrong whatever they are. */
const mostDivergences = 1000;

/** Where and how cases are written and read. */
export interface CaseSetting {
  readonly parser: ParserSpec;
  readonly input: InputSpec;
  readonly format: MutationFormat;
  readonly fed: FedWith;
}

/** Writes packets as a capture. */
export function writeCase(packets: readonly Packet[], format: MutationFormat, path: string): WrittenPacket[] {
  const parts: Uint8Array[] = [];
  const written = writeMutations(packets, format, (bytes) => parts.push(bytes));
  try {
    writeFileSync(path, concat(parts));
  } catch (error) {
    throw unwritable(path, error, 'write');
  }
  return written;
}

/**
 * Runs the parser through the packets, written to `path`. The report passes where all that is missing are messages that
 * a correct parser may leave out, and those that it may pass on again, and where gaps and rejections that the parser
 * says it reports are those that there are.
 */
export async function runCase(packets: readonly Packet[], path: string, setting: CaseSetting): Promise<CheckReport> {
  const { parser, input, format, fed } = setting;
  const written = writeCase(packets, format, path);
  const own: InputSpec = { ...input, paths: [path], definitions: input.definitions };
  const report = tolerant(await checkParser(parser, { input: own, limit: mostDivergences }), written);
  if (report.verdict !== 'pass') return report;
  const wrong = judgeReports(written, report.reports, fed);
  return wrong.length === 0 ? report : { ...report, verdict: 'differs', message: `${ofReports}${wrong.join('; ')}` };
}

const ofReports = 'wrong reports: ';

/** Whether a case's message says that reports were wrong, and messages right. */
export function isOfReports(message: string): boolean {
  return message.startsWith(ofReports);
}

function tolerant(report: CheckReport, written: readonly WrittenPacket[]): CheckReport {
  if (report.verdict !== 'differs' && report.verdict !== 'short') return report;
  const { kept, total } = report.divergences;
  const mayMiss = optionalOf(written);
  const isTolerated = kept.length === total && kept.every((divergence) => isOptional(divergence, mayMiss));
  return isTolerated ? { ...report, verdict: 'pass', message: '' } : report;
}

function optionalOf(written: readonly WrittenPacket[]): ReadonlySet<string> {
  const all = written.flatMap(({ expected }) => expected.messages);
  return new Set(all.filter((one) => one.isOptional).map(({ values }) => JSON.stringify(values)));
}

function isOptional({ kind, expected }: Divergence, mayMiss: ReadonlySet<string>): boolean {
  return kind === 'missing' && expected !== null && mayMiss.has(JSON.stringify(expected));
}
