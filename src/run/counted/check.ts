/** One capture and a program that is only counted: what it counted, held against what there is. */
import { formatCount, formatCounted } from '../../core/time.js';
import { formatAckAddress } from '../../io/ack-counter.js';
import {
  acceptedOf,
  type CheckOptions,
  type CheckReport,
  type CountedPart,
  emptyReport,
  keptDamage,
} from '../check-spec.js';
import type { ParserSpec } from '../parser-spec.js';
import { atPlaces, ownUdpPort } from '../parser-turns.js';
import type { CountSpec } from './count-spec.js';
import { countsOf, type Reading } from './counters.js';
import { countOfType, type ExpectedCounts, expectedCounts } from './expected.js';
import { type CountedRun, runCounted } from './run.js';

/** Feeds the capture and compares the counts; rejects as a check does where neither could begin. */
export async function checkCounted(spec: ParserSpec, count: CountSpec, options: CheckOptions): Promise<CheckReport> {
  return atPlaces(fixedPlaces(spec, count), () => checkNow(spec, count, options));
}

/** What two programs at a time, or two captures of one, would have in common. */
function fixedPlaces(spec: ParserSpec, { source }: CountSpec): string[] {
  const port = ownUdpPort(spec);
  const places = port === null ? [] : [port];
  if (source.kind === 'ack') places.push(formatAckAddress(source.address));
  // Paths of one server are of one program.
  if (source.kind === 'http' && new URL(source.url).port !== '0') places.push(new URL(source.url).host);
  return places;
}

async function checkNow(spec: ParserSpec, count: CountSpec, options: CheckOptions): Promise<CheckReport> {
  const { input, onProgress, isStopped = () => false } = options;
  const startMs = performance.now();
  const expected = await expectedCounts(input, spec.mapping, spec.feed === 'udp', isStopped);
  onProgress?.(expected.messages);
  const partsOf = (counted: Reading, sent: number | null) => comparedParts(count, expected, counted, sent);
  const nothing: CountedRun = { counted: null, sent: null, outcome: { ...noOutcome } };
  const isIdle = isStopped() || (expected.packets === 0 && expected.messages === 0);
  const run = isIdle ? nothing : await runCounted(spec, count, input, partsOf);
  const parts = partsOf(run.counted ?? countsOf(count).map(() => 0), run.sent);
  const seconds = (performance.now() - startMs) / 1000;
  const report = reportOf(spec, count, options, { expected, run, parts, seconds });
  if (!isStopped() || run.counted === null || spec.kind !== 'running') return report;
  // What of the capture had been sent is compared with nothing: only packets are known.
  return { ...report, verdict: 'skipped', message: stoppedText(run.sent ?? 0, parts) };
}

/** Such as `stopped when 1,204 packets were sent: counted 1,400 of 10,000 messages until then`. */
function stoppedText(sent: number, parts: readonly CountedPart[]): string {
  const counted = parts.map(
    ({ name, counted, expected }) => `${formatCount(counted)} of ${formatCount(expected)} ${name}`,
  );
  return `stopped when ${formatCounted(sent, 'packet')} had been sent: counted ${counted.join(', ')} until then`;
}

const noOutcome = { verdict: 'ok', message: '', errorText: '', peakMemoryBytes: 0 } as const;

function comparedParts(
  { total, types, unit }: CountSpec,
  expected: ExpectedCounts,
  counted: Reading,
  sent: number | null,
): CountedPart[] {
  const all = unit === 'messages' ? expected.messages : (sent ?? expected.packets);
  const ofTotal = total === null ? [] : [{ name: unit, expected: all, counted: counted[0] ?? 0 }];
  const ofTypes = types.map(({ name }, index) => ({
    name: nameOf(expected, name),
    expected: countOfType(expected, name),
    counted: counted[index + ofTotal.length] ?? 0,
  }));
  return [...ofTotal, ...ofTypes];
}

function nameOf({ types }: ExpectedCounts, name: string): string {
  const known = types.find((one) => one.type === name || one.name === name);
  return known === undefined ? name : `${known.type} ${known.name}`;
}

function isRight({ expected, counted }: CountedPart): boolean {
  return expected === counted;
}

interface Found {
  readonly expected: ExpectedCounts;
  readonly run: CountedRun;
  readonly parts: readonly CountedPart[];
  readonly seconds: number;
}

function reportOf(
  spec: ParserSpec,
  { total, unit }: CountSpec,
  options: CheckOptions,
  { expected, run, parts, seconds }: Found,
): CheckReport {
  const { input, accepted: known, name = input.paths.join(', ') } = options;
  const { outcome } = run;
  const { damage } = expected.reading;
  const wrong = run.counted === null ? [] : parts.filter((part) => !isRight(part));
  const first = { file: name, packet: 0, offset: -1, sequence: null, session: null, index: 0, timestampNs: null };
  const causes = wrong.map((part) => {
    const count = Math.abs(part.counted - part.expected);
    // With its numbers, so that what is accepted is this difference and no other.
    const cause = `${part.name} counted: ${formatCount(part.counted)} of ${formatCount(part.expected)}`;
    return { kind: 'count' as const, cause, count, hint: offText(part), hinted: count, first };
  });
  const { accepted, isAccepted } = acceptedOf(causes, known);
  const isOk = outcome.verdict === 'ok';
  const verdict = isOk ? (isAccepted ? 'pass' : 'differs') : outcome.verdict;
  const message = isOk ? (isAccepted ? '' : countedText(parts, total !== null)) : outcome.message;
  const whole = total === null ? parts : parts.slice(0, 1);
  const typed = total === null ? [] : parts.slice(1);
  const off = (some: readonly CountedPart[]): number =>
    run.counted === null ? 0 : some.reduce((all, part) => all + Math.abs(part.counted - part.expected), 0);
  const sum = (pick: (part: CountedPart) => number): number => whole.reduce((all, part) => all + pick(part), 0);
  const [left, right] = [sum((part) => part.expected), run.counted === null ? 0 : sum((part) => part.counted)];
  const same = Math.min(left, right);
  return {
    ...emptyReport(name, input.paths, spec.name, verdict, message),
    counts: {
      ...{ left, right, paired: same, same, missing: left - same, extra: right - same },
      ...{ duplicates: 0, reordered: 0, changed: 0 },
    },
    // What is short of a type is short of all.
    divergences: { total: Math.max(off(whole), off(typed)), accepted, causes, first: null, kept: [] },
    counted: { unit, parts: run.counted === null ? [] : parts },
    damage: { total: damage.total, kept: damage.kept.slice(0, keptDamage) },
    errorText: outcome.errorText,
    peakMemoryBytes: outcome.peakMemoryBytes,
    seconds,
  };
}

/** Such as `counted 9,998 of 10,000 messages (A AddOrder 2 short)`. */
function countedText(parts: readonly CountedPart[], hasTotal: boolean): string {
  const types = (hasTotal ? parts.slice(1) : parts).filter((part) => !isRight(part));
  const told = types.map((part) => `${part.name} ${offText(part)}`).join(', ');
  const [total] = parts;
  if (!hasTotal || total === undefined) return `counted otherwise: ${told}`;
  const { counted, expected, name } = total;
  const isOver = counted > expected;
  const whole = isOver
    ? `counted ${formatCount(counted)} ${name} where there are ${formatCount(expected)}`
    : `counted ${formatCount(counted)} of ${formatCount(expected)} ${name}`;
  return told === '' ? whole : `${whole} (${told})`;
}

/** `2 short`, `3 too many`. */
function offText({ expected, counted }: CountedPart): string {
  const difference = counted - expected;
  return difference < 0 ? `${formatCount(-difference)} short` : `${formatCount(difference)} too many`;
}
