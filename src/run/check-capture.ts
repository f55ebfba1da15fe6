/** One capture, decoded by us and by the parser under test, compared field by field. */
import { isStandardInput } from '../analysis/input.js';
import type { Mapping } from '../compare/mapping.js';
import type { ComparedMessage } from '../compare/message.js';
import { parsedReader } from '../compare/parsed.js';
import { plainReports, ReportLog } from '../compare/reports.js';
import { UsageError } from '../core/errors.js';
import { type CheckedParser, CheckRun } from './check-run.js';
import type { CheckOptions, CheckReport } from './check-spec.js';
import { checkCounted } from './counted/check.js';
import { startCommand } from './parser-command.js';
import { type CalledParser, callHere, openModule } from './parser-module.js';
import { okOutcome } from './parser-outcome.js';
import { CalledPackets } from './parser-packets.js';
import type { ParserSpec } from './parser-spec.js';
import { atPlaces, ownUdpPort } from './parser-turns.js';

/** Feeds the capture to the parser and compares; rejects with UsageError or CaptureError where neither could begin. */
export async function checkParser(spec: ParserSpec, options: CheckOptions): Promise<CheckReport> {
  refuseStandardInput(options);
  if (spec.count !== null) return checkCounted(spec, spec.count, options);
  if (spec.kind !== 'module') {
    const port = ownUdpPort(spec);
    return atPlaces(port === null ? [] : [port], () => checkCommand(spec, options));
  }
  return checkCalled(() => openModule(spec), spec, options);
}

/** The same of a parser that the caller has: an object, class or function, called on this thread. */
export function checkHere(given: unknown, mapping: Mapping, options: CheckOptions): Promise<CheckReport> {
  const own = (given as { name?: unknown } | null)?.name;
  const name = typeof own === 'string' && own !== '' ? own : 'parser';
  refuseStandardInput(options);
  return checkCalled(async () => callHere(given), { name, mapping, reports: plainReports }, options);
}

function refuseStandardInput({ input }: CheckOptions): void {
  if (!input.paths.some(isStandardInput)) return;
  throw new UsageError('stdin', 'a check reads its capture more than once: save standard input to a file');
}

/** A parser that is called with messages knows which of them each of its answers is for; one of packets does not. */
async function checkCalled(
  open: () => Promise<CalledParser>,
  of: CheckedParser,
  options: CheckOptions,
): Promise<CheckReport> {
  const run = await CheckRun.open(of, options);
  const log = new ReportLog(of.reports);
  let parser: CalledParser | null = null;
  try {
    // A module is loaded once there is something for it to do: of many files most may hold no message.
    if (run.hasMessages) parser = await open();
    if (parser?.takes === 'packets') {
      run.begin(of.mapping.sequence === null ? 'order' : 'sequence', true);
      const packets = await CalledPackets.open(parser, of, log, options.input);
      await run.compare(packets, () => packets.stop()).finally(() => packets.close());
    } else if (parser !== null) await compareCalled(run, parser, of, log);
    return await run.report(parser?.outcome ?? okOutcome, log.all(parser?.reports));
  } finally {
    await run.close();
    await parser?.close();
  }
}

async function compareCalled(run: CheckRun, parser: CalledParser, of: CheckedParser, log: ReportLog): Promise<void> {
  const read = parsedReader(of.mapping);
  let line = 0;
  const take = (results: readonly Readonly<Record<string, unknown>>[], made: ComparedMessage | null) => {
    const messages = results.filter((values) => !log.take(values, made?.place.packet));
    return messages.map((values, nth) => {
      const place = { file: of.name, number: made?.place.packet ?? ++line, offset: -1 };
      return read(values, place, `${made?.key ?? 'end'}.${nth}`);
    });
  };
  for (let batch = await run.next(); batch !== null; batch = await run.next()) {
    const pieces = batch.map(({ bytes, place, protocol }) => ({
      bytes: bytes as Uint8Array,
      context: { ...place, protocol },
    }));
    const results = await parser.call(pieces);
    for (const [index, { values }] of results.entries()) {
      run.push(take(values, batch?.[index] as ComparedMessage));
    }
    if (results.length < batch.length || run.isFlood) break;
  }
  const [last] = await parser.call(null);
  run.push(take(last?.values ?? [], null));
  run.end();
}

async function checkCommand(spec: ParserSpec, options: CheckOptions): Promise<CheckReport> {
  const run = await CheckRun.open(spec, options);
  if (!run.hasMessages || options.isStopped?.() === true) {
    await run.close();
    return run.report(okOutcome, null);
  }
  run.begin(spec.mapping.sequence === null ? 'order' : 'sequence');
  const parser = await startCommand(spec, options.input);
  try {
    await run.compare(parser, (text) => parser.flood(text));
  } finally {
    await Promise.all([run.close(), parser.close()]);
  }
  return run.report(await parser.outcome(), parser.reports);
}
