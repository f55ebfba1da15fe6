/** What a parser reported of a case, held against what a correct one reports: gaps, and packets that it rejects. */
import type { ParserReports } from '../../compare/reports.js';
import { formatCounted } from '../../core/time.js';
import { isOfTcp } from '../../sim/mutations/model.js';
import { numberOf } from '../../sim/mutations/numbers.js';
import { isControl, isMdp } from '../../sim/mutations/packets.js';
import type { WrittenPacket } from './write.js';

/** Mistakes that are told of a case. */
const mostTold = 5;

/** What the parser was fed: packets with all that frames them, or messages alone. */
export type FedWith = 'packets' | 'messages';

/**
 * What is wrong with the reports, in words; empty where nothing is, and of kinds that the parser does not make. A gap
 * is judged by its numbers, however the parser cuts them into reports; where messages may be left out, so may be or not
 * be the gap that they leave.
 */
export function judgeReports(
  written: readonly WrittenPacket[],
  reports: ParserReports | null,
  fed: FedWith,
): readonly string[] {
  if (reports === null) return [];
  const wrong: string[] = [];
  // Who is fed messages alone sees no numbers of packets, and so no gaps.
  if (reports.kinds.includes('gap') && fed === 'packets') wrong.push(...wrongGaps(written, reports));
  if (reports.kinds.includes('reject')) wrong.push(...wrongRejects(written, reports));
  return wrong.slice(0, mostTold);
}

type Range = readonly [from: number, to: number];

function wrongGaps(written: readonly WrittenPacket[], { gaps }: ParserReports): string[] {
  const due = written.flatMap(({ expected: { gap } }) => (gap === null ? [] : [gap]));
  const told = gaps.map(({ sequence, count }): Range => [sequence, sequence + count - 1]);
  const mayBe = written.flatMap(doubtful);
  const missing = due.flatMap((gap) => {
    const first = uncovered(gap, [...told, ...mayBe]);
    if (first === null) return [];
    return [`${rangeText(gap)} missing, and ${first === gap[0] ? 'no gap' : `none from ${first} on`} reported`];
  });
  const extra = told.flatMap((gap) => {
    const first = uncovered(gap, [...due, ...mayBe]);
    if (first === null) return [];
    return [`${rangeText(gap)} reported missing, and number ${first} is not`];
  });
  return [...missing, ...extra];
}

/** Numbers of a packet that may be taken for lost or not, in part or all; a header may count more than follow. */
function doubtful({ packet }: WrittenPacket): Range[] {
  const first = numberOf(packet);
  if (!packet.isOptional || Number.isNaN(first)) return [];
  const { length } = packet.blocks;
  const count = isMdp(packet) ? 1 : Math.max(length, isControl(packet) ? 0 : (packet.count ?? 0));
  return [[first, first + count - 1]];
}

/** The first number of a range that no other has; null where there is none. */
function uncovered([from, to]: Range, by: readonly Range[]): number | null {
  let next = from;
  for (const [start, end] of [...by].sort(([a], [b]) => a - b)) {
    if (start > next) break;
    next = Math.max(next, end + 1);
  }
  return next > to ? null : next;
}

function rangeText([from, to]: Range): string {
  return from === to ? `number ${from}` : `numbers ${from} to ${to}`;
}

function wrongRejects(written: readonly WrittenPacket[], { rejects }: ParserReports): string[] {
  const due = written.filter(({ packet, expected }) => expected.isReported && packet.label?.verdict === 'reject');
  const must = due.filter(({ packet }) => !mayPass(packet.label?.kind ?? ''));
  const may = new Set(written.filter(({ expected }) => expected.isReported).flatMap(({ numbers }) => numbers));
  const labels = must.map(({ packet }) => packet.label?.kind).join(', ');
  // Who tells no numbers, and streams, in which damage shows where it is met, are held to whether there is any.
  const isLoose = rejects.includes(null) || written.some(({ packet }) => isOfStream(packet));
  if (isLoose) {
    if (must.length > 0 && rejects.length === 0) return [`nothing rejected: ${labels}`];
    if (may.size === 0 && rejects.length > 0) return [`${formatCounted(rejects.length, 'packet')} rejected of none`];
    return [];
  }
  const told = new Set(rejects);
  const missing = must.filter(({ numbers }) => !numbers.some((number) => told.has(number)));
  const extra = [...told].filter((number) => number !== null && !may.has(number));
  return [
    ...missing.map(({ numbers, packet }) => `packet ${numbers[0]} not rejected: ${packet.label?.kind}`),
    ...extra.map((number) => `packet ${number} rejected, which is right`),
  ];
}

/** Hosts refuse a wrong checksum; captures of the sender have them, so that readers of captures may pass them. */
function mayPass(kind: string): boolean {
  return kind.endsWith('checksum');
}

function isOfStream(packet: WrittenPacket['packet']): boolean {
  return isOfTcp(packet) || packet.framing === 'binaryfile';
}
