/** `tickreel decode` from the columns beside a capture, and its `--count`. */
import type { MessageWriter } from '../analysis/message-writer.js';
import { loadProtocols, type Protocols } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import { exitCode } from '../core/exit-code.js';
import { formatCount } from '../core/time.js';
import { ColumnQuery, type ColumnQuestion } from '../run/column-query.js';
import { writeColumns } from './index-captures.js';
import type { FilterFlags, WindowFlags } from './options.js';
import type { Output } from './output.js';
import { finish, givenChoices, tellUnwritten, warn } from './summary.js';

export interface ColumnFlags extends FilterFlags, WindowFlags {
  columns?: boolean;
  /** False where what lies beside the capture is to be left alone. */
  index?: boolean;
  limit?: number;
  strict?: boolean;
  fields?: string[];
}

/** The columns that can answer; null where the capture is to be read, which is told where columns are there. */
export async function openColumns(question: ColumnQuestion, flags: ColumnFlags): Promise<ColumnQuery | null> {
  if (flags.index === false) {
    if (flags.columns) throw new UsageError('index', '--columns and --no-index contradict each other');
    return null;
  }
  const { paths, date } = question.input;
  for (const path of flags.columns ? paths : []) {
    if ((await writeColumns(path, date, false)) === null) process.exit(exitCode.interrupted);
  }
  const query = await ColumnQuery.open(question);
  if (query === null || query instanceof ColumnQuery) return query;
  warn(`${query.why}; the capture is read`);
  return null;
}

/** Prints what was asked for, as reading the capture would. */
export async function decodeFromColumns(
  query: ColumnQuery,
  question: ColumnQuestion,
  flags: ColumnFlags,
  output: Output,
  writerOf: (protocols: Protocols, fileName: () => string) => MessageWriter,
): Promise<void> {
  const [name = ''] = question.input.paths;
  const protocols = loadProtocols(question.input);
  const writer = writerOf(protocols, () => name);
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  let written = 0;
  output.write(writer.header);
  await query.run(protocols, {
    onMessage(view, offset, length, sequence, stream) {
      if (!writer.write(output.text, query.at, view, offset, length, sequence, stream)) return;
      written++;
      output.flushFull();
    },
    isDone: () => written >= limit,
    pause: () => (output.full ? output.drain() : undefined),
  });
  output.write(writer.end());
  await output.end();
  afterColumns(query, name, flags);
  tellUnwritten(writer, name, flags.fields, written, query.messagesPassed);
}

/** Prints how many messages pass. */
export async function countFromColumns(
  query: ColumnQuery,
  question: ColumnQuestion,
  flags: ColumnFlags,
  output: Output,
): Promise<void> {
  const messages = await query.count(loadProtocols(question.input));
  output.writeLine(JSON.stringify({ messages }));
  await output.end();
  afterColumns(query, question.input.paths[0] as string, flags);
}

/** What reading the capture would tell, and the exit code that it would give. */
function afterColumns({ info, messagesPassed }: ColumnQuery, name: string, flags: ColumnFlags): void {
  for (const note of info.notes) warn(`${name}: ${note}`);
  const given = givenChoices(flags);
  if (given.length > 0 && messagesPassed === 0) {
    warn(`${name}: no message of its ${formatCount(info.rows)} passed ${given.join(' and ')}`);
  }
  if (flags.strict && info.missing > 0)
    warn(`${name}: ${formatCount(info.missing)} numbers missing (inspect lists them)`);
  finish({ damaged: info.isDamaged, gaps: flags.strict === true && info.hasGaps });
}
