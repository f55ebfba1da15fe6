/** One comparison of a capture with a parser, from its beginning to its report. */
import { Comparison } from '../compare/comparison.js';
import { locator } from '../compare/locate.js';
import { isAsked, mappingRules } from '../compare/mapping.js';
import type { ComparedMessage } from '../compare/message.js';
import type { ParserReports } from '../compare/reports.js';
import { isHolder } from '../compare/values.js';
import type { MessageValues } from '../sim/mutations/model.js';
import { messagesAround } from './around.js';
import { acceptedOf, type CheckOptions, type CheckReport, type CheckVerdict, keptDamage } from './check-spec.js';
import { CaptureMessages, type MessageSource } from './message-source.js';
import type { ParserOutcome } from './parser-outcome.js';
import type { ParserSpec } from './parser-spec.js';

/** What of a parser a comparison needs to know. */
export type CheckedParser = Pick<ParserSpec, 'name' | 'mapping' | 'reports'>;

/**
 * What tells which message of ours one of the parser's is: `call`, that it was made of; `sequence`, the number that it
 * writes; `order`, nothing else.
 */
export type KnownBy = 'call' | 'sequence' | 'order';

/** Messages of a parser beyond ours, after which it is ended. */
const mostExtra = 10_000;

export class CheckRun {
  private readonly startMs = performance.now();
  private comparison!: Comparison;
  private knownBy: KnownBy = 'call';
  private first: readonly ComparedMessage[] | null = null;
  private isOfDatagrams = false;
  /** Whether our side has ended. */
  private isOver = false;

  private constructor(
    private readonly source: CaptureMessages,
    private readonly parser: CheckedParser,
    private readonly options: CheckOptions,
  ) {}

  /** Opens the capture; rejects with CaptureError or UsageError where it cannot be read. */
  static async open(parser: CheckedParser, options: CheckOptions): Promise<CheckRun> {
    const source = await CaptureMessages.open(options.input, { keying: 'place', withUnknown: true });
    const run = new CheckRun(source, parser, options);
    run.begin('call');
    run.first = await source.next();
    return run;
  }

  /** Whether there is any message for the parser. */
  get hasMessages(): boolean {
    return this.first !== null;
  }

  /** Said before the first message is compared; `ofDatagrams`: what came over TCP is not asked for. */
  begin(knownBy: KnownBy, ofDatagrams = false): void {
    const { parser, options, source } = this;
    this.knownBy = knownBy;
    this.isOfDatagrams = ofDatagrams;
    this.comparison = new Comparison({
      rules: mappingRules(parser.mapping),
      locate: locator(source.reading.protocols.mdp3.catalogue),
      align: knownBy === 'order' ? 'order' : 'key',
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
  }

  /** Our next messages, compared from now on; null behind the last. */
  async next(): Promise<readonly ComparedMessage[] | null> {
    if (this.options.isStopped?.() === true) return null;
    const batch = this.first ?? (await this.source.next());
    this.first = null;
    if (batch !== null) this.left(batch);
    return batch;
  }

  /** The parser's. */
  push(messages: readonly ComparedMessage[]): void {
    this.comparison.push('right', messages);
  }

  /** Whether the parser has far more messages than there can be. */
  get isFlood(): boolean {
    const { left, right } = this.comparison.counts;
    return right > left + mostExtra;
  }

  /** Both sides have come to their ends. */
  end(): void {
    this.comparison.end('left');
    this.comparison.end('right');
  }

  /** Draws both sides, each as its turn comes; `onFlood` is called once where the parser goes on behind our end. */
  async compare(parser: Pick<MessageSource, 'next'>, onFlood: (text: string) => void): Promise<void> {
    const { comparison } = this;
    let isTold = false;
    for (let side = comparison.needs; side !== null; side = comparison.needs) {
      const batch = await (side === 'left' ? this : parser).next();
      if (batch === null) {
        comparison.end(side);
        if (side === 'left') this.isOver = true;
      } else if (side === 'right') this.push(batch);
      if (!this.isOver || !this.isFlood || isTold) continue;
      isTold = true;
      const { left, right } = comparison.counts;
      onFlood(`wrote ${right} messages where there are ${left}, and went on`);
    }
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** Our messages: those that the parser is asked for, as it would write them. */
  private left(batch: readonly ComparedMessage[]): void {
    const { mapping } = this.parser;
    const isCalled = this.knownBy !== 'sequence';
    const wanted = batch.flatMap((message) => {
      if (!this.isAskedFor(message)) return [];
      const { sequence, session } = message.place;
      const bySequence = `${mapping.session === null ? '' : `${session ?? ''} `}${sequence}`;
      const key = isCalled ? message.key : bySequence;
      return flattened(message, mapping.flatten).map((one, nth) => ({ ...one, key: isCalled ? `${key}.${nth}` : key }));
    });
    this.comparison.push('left', wanted);
    this.options.onProgress?.(this.comparison.counts.left);
  }

  async report(outcome: ParserOutcome, reports: ParserReports | null): Promise<CheckReport> {
    const { comparison, options, parser } = this;
    const { log, counts } = comparison;
    const { damage } = this.source.reading;
    const { accepted, isAccepted } = acceptedOf(log.causes, options.accepted);
    const verdict = verdictOf(outcome, comparison, isAccepted);
    const { first } = log;
    const around = first === null ? [] : await messagesAround(options.input, first.ordinal, {}, this.isAskedFor);
    return {
      name: options.name ?? options.input.paths.join(', '),
      captures: options.input.paths,
      against: parser.name,
      verdict,
      message: messageOf(verdict, outcome, comparison),
      counts,
      counted: null,
      reports,
      divergences: { total: log.total, accepted, causes: log.causes, first, kept: log.kept },
      around,
      damage: { total: damage.total, kept: damage.kept.slice(0, keptDamage) },
      errorText: outcome.errorText,
      peakMemoryBytes: outcome.peakMemoryBytes,
      seconds: (performance.now() - this.startMs) / 1000,
    };
  }

  private readonly isAskedFor = ({ isKnown, type, name, isOfTcp }: ComparedMessage): boolean =>
    isKnown && isAsked(this.parser.mapping, type, name) && !(this.isOfDatagrams && isOfTcp === true);
}

/** A message for each entry of a group, with the message's own fields; others as they are. */
function flattened(message: ComparedMessage, group: string | null): ComparedMessage[] {
  if (group === null || !Array.isArray(message.values[group])) return [message];
  return flattenedValues(message.values, group).map((values) => ({ ...message, values }));
}

/** The same of values alone. */
export function flattenedValues(values: MessageValues, group: string | null): MessageValues[] {
  const entries = group === null ? null : values[group];
  if (group === null || !Array.isArray(entries)) return [values];
  const { [group]: _entries, ...own } = values;
  return entries.filter(isHolder).map((entry) => ({ ...own, ...entry }));
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
