/** One capture, decoded by us and by the parser under test, compared field by field. */
import { isStandardInput } from '../analysis/input.js';
import { Comparison } from '../compare/comparison.js';
import type { DivergenceLog } from '../compare/divergence.js';
import { locator } from '../compare/locate.js';
import { type Mapping, mappingRules } from '../compare/mapping.js';
import type { ComparedMessage } from '../compare/message.js';
import { parsedReader } from '../compare/parsed.js';
import { isHolder } from '../compare/values.js';
import { UsageError } from '../core/errors.js';
import { messagesAround } from './around.js';
import { type CheckOptions, type CheckReport, type CheckVerdict, keptDamage } from './check-spec.js';
import { CaptureMessages, type Keying } from './message-source.js';
import { startCommand } from './parser-command.js';
import { type CalledParser, callHere, openModule } from './parser-module.js';
import { okOutcome, type ParserOutcome } from './parser-outcome.js';
import type { ParserSpec } from './parser-spec.js';

/** Messages of a parser beyond ours, after which it is ended. */
const mostExtra = 10_000;

/** Feeds the capture to the parser and compares; rejects with UsageError or CaptureError where neither could begin. */
export async function checkParser(spec: ParserSpec, options: CheckOptions): Promise<CheckReport> {
  refuseStandardInput(options);
  if (spec.kind !== 'module') return checkCommand(spec, options);
  return checkCalled(() => openModule(spec), spec.mapping, spec.name, options);
}

/** The same of a parser that the caller has: an object, class or function, called on this thread. */
export function checkHere(given: unknown, mapping: Mapping, options: CheckOptions): Promise<CheckReport> {
  const name = (given as { name?: unknown } | null)?.name;
  refuseStandardInput(options);
  return checkCalled(
    async () => callHere(given),
    mapping,
    typeof name === 'string' && name !== '' ? name : 'parser',
    options,
  );
}

function refuseStandardInput({ input }: CheckOptions): void {
  if (!input.paths.some(isStandardInput)) return;
  throw new UsageError('stdin', 'a check reads its capture more than once: save standard input to a file');
}

/** A parser that is called knows which message each of its answers is for. */
async function checkCalled(
  open: () => Promise<CalledParser>,
  mapping: Mapping,
  against: string,
  options: CheckOptions,
): Promise<CheckReport> {
  const check = await Check.begin(mapping, against, options, 'place', 'key');
  const { source, comparison } = check;
  const read = parsedReader(mapping);
  let line = 0;
  // A module is loaded once there is something for it to do: of many files most may hold no message.
  let parser: CalledParser | null = null;
  const take = (values: Readonly<Record<string, unknown>>, index: number, of: ComparedMessage | null) => {
    const place = { file: against, number: ++line, offset: -1 };
    return read(values, of === null ? place : { ...place, number: of.place.packet }, `${of?.key ?? 'end'}.${index}`);
  };
  try {
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      check.left(batch);
      const pieces = batch.map(({ bytes, place, protocol }) => ({
        bytes: bytes as Uint8Array,
        context: { ...place, protocol },
      }));
      parser ??= await open();
      const results = await parser.call(pieces);
      for (const [index, { values }] of results.entries()) {
        comparison.push(
          'right',
          values.map((one, nth) => take(one, nth, batch?.[index] as ComparedMessage)),
        );
      }
      if (results.length < batch.length || comparison.counts.right > comparison.counts.left + mostExtra) break;
    }
    const [last] = (await parser?.call(null)) ?? [];
    comparison.push('right', last?.values.map((one, nth) => take(one, nth, null)) ?? []);
    comparison.end('left');
    comparison.end('right');
    return await check.report(parser?.outcome ?? okOutcome);
  } finally {
    await source.close();
    await parser?.close();
  }
}

async function checkCommand(spec: ParserSpec, options: CheckOptions): Promise<CheckReport> {
  const { mapping } = spec;
  const check = await Check.begin(mapping, spec.name, options, 'place', mapping.sequence === null ? 'order' : 'key');
  const { source, comparison } = check;
  const beginning = await source.next();
  if (beginning === null) return check.report(okOutcome);
  check.left(beginning);
  const parser = await startCommand(spec, options.input);
  let isFlood = false;
  try {
    for (let side = comparison.needs; side !== null; side = comparison.needs) {
      const batch = await (side === 'left' ? source : parser).next();
      if (batch === null) {
        comparison.end(side);
        if (side === 'left') check.isOver = true;
      } else if (side === 'left') check.left(batch);
      else comparison.push('right', batch);
      const { left, right } = comparison.counts;
      if (check.isOver && right > left + mostExtra && !isFlood) {
        isFlood = true;
        parser.flood(`wrote ${right} messages where there are ${left}, and went on`);
      }
    }
  } finally {
    await Promise.all([source.close(), parser.close()]);
  }
  return check.report(await parser.outcome());
}

/** One comparison with a parser, from its beginning to its report. */
class Check {
  /** Whether our side has ended. */
  isOver = false;
  private readonly startMs = performance.now();

  private constructor(
    readonly source: CaptureMessages,
    readonly comparison: Comparison,
    private readonly mapping: Mapping,
    private readonly against: string,
    private readonly options: CheckOptions,
  ) {}

  static async begin(
    mapping: Mapping,
    against: string,
    options: CheckOptions,
    keying: Keying,
    align: 'key' | 'order',
  ): Promise<Check> {
    const source = await CaptureMessages.open(options.input, { keying, withUnknown: true });
    const comparison = new Comparison({
      rules: mappingRules(mapping),
      locate: locator(source.reading.protocols.mdp3.catalogue),
      align,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
    return new Check(source, comparison, mapping, against, options);
  }

  /** Our messages: those that the parser is asked for, as it would write them. */
  left(batch: readonly ComparedMessage[]): void {
    const { mapping } = this;
    const isCalled = mapping.sequence === null;
    const wanted = batch.flatMap((message) => {
      if (!message.isKnown || !isAsked(mapping, message.type, message.name)) return [];
      const { sequence, session } = message.place;
      const bySequence = `${mapping.session === null ? '' : `${session ?? ''} `}${sequence}`;
      const key = isCalled ? message.key : bySequence;
      return flattened(message, mapping.flatten).map((one, nth) => ({ ...one, key: isCalled ? `${key}.${nth}` : key }));
    });
    this.comparison.push('left', wanted);
    this.options.onProgress?.(this.comparison.counts.left);
  }

  async report(outcome: ParserOutcome): Promise<CheckReport> {
    const { comparison, options } = this;
    const { log, counts } = comparison;
    const { damage } = this.source.reading;
    const { accepted, isAccepted } = acceptedOf(log, options.accepted);
    const verdict = verdictOf(outcome, comparison, isAccepted);
    const { first } = log;
    const around = first === null ? [] : await messagesAround(options.input, first.ordinal, {}, this.isAskedFor);
    return {
      name: options.name ?? options.input.paths.join(', '),
      captures: options.input.paths,
      against: this.against,
      verdict,
      message: messageOf(verdict, outcome, comparison),
      counts,
      divergences: { total: log.total, accepted, causes: log.causes, first, kept: log.kept },
      around,
      damage: { total: damage.total, kept: damage.kept.slice(0, keptDamage) },
      errorText: outcome.errorText,
      peakMemoryBytes: outcome.peakMemoryBytes,
      seconds: (performance.now() - this.startMs) / 1000,
    };
  }

  private readonly isAskedFor = ({ isKnown, type, name }: ComparedMessage): boolean =>
    isKnown && isAsked(this.mapping, type, name);
}

function isAsked({ only }: Mapping, type: string, name: string | null): boolean {
  return only.length === 0 || only.includes(type) || (name !== null && only.includes(name));
}

/** A message for each entry of a group, with the message's own fields; others as they are. */
function flattened(message: ComparedMessage, group: string | null): ComparedMessage[] {
  if (group === null) return [message];
  const entries = message.values[group];
  if (!Array.isArray(entries)) return [message];
  const { [group]: _entries, ...own } = message.values;
  return entries.filter(isHolder).map((entry) => ({ ...message, values: { ...own, ...entry } }));
}

/** What of the divergences was accepted before, and whether that is all of them. */
export function acceptedOf(log: DivergenceLog, known: ReadonlySet<string> = new Set()) {
  const accepted = log.causes.filter(({ cause }) => known.has(cause));
  const count = accepted.reduce((sum, one) => sum + one.count, 0);
  return { accepted: count, isAccepted: accepted.length === log.causes.length };
}

function verdictOf(outcome: ParserOutcome, comparison: Comparison, isAccepted: boolean): CheckVerdict {
  if (outcome.verdict !== 'ok') return outcome.verdict;
  if (isAccepted) return 'pass';
  return isShort(comparison) ? 'short' : 'differs';
}

/** Whether all that is wrong is that the end is missing. */
function isShort({ log, counts }: Comparison): boolean {
  const isTail = log.first?.kind === 'missing' && log.first.ordinal === counts.left - counts.missing;
  return isTail && counts.missing === log.total;
}

function messageOf(verdict: CheckVerdict, outcome: ParserOutcome, { counts, log }: Comparison): string {
  if (verdict === 'pass') return '';
  if (verdict === 'short')
    return `ended after ${counts.right} of ${counts.left} messages${counts.right > 0 ? ', all of them right' : ''}`;
  if (verdict === 'differs') return `${log.total} of ${counts.left} messages diverge`;
  const behind = `behind ${counts.right} of ${counts.left} messages`;
  return `${outcome.message}, ${behind}`;
}
