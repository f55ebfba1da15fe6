/** The program: one file a subcommand, errors as one line, exit codes as documented in the README. */
import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { TickreelError, UsageError } from '../core/errors.js';
import { exitCode } from '../core/exit-code.js';
import { endWithThePipe } from './output.js';
import { warn } from './summary.js';

/**
 * Each command's name and what adds it, in the order of the help. A command is loaded when it is asked for: all of them
 * together take several times as long as the start of Node.js.
 */
const commands: Readonly<Record<string, (program: Command, version: string) => Promise<unknown>>> = {
  replay: async (program) => (await import('./replay.js')).addReplayCommand(program),
  listen: async (program) => (await import('./listen.js')).addListenCommand(program),
  'find-limit': async (program) => (await import('./find-limit.js')).addFindLimitCommand(program),
  record: async (program, version) => (await import('./record.js')).addRecordCommand(program, version),
  decode: async (program) => (await import('./decode.js')).addDecodeCommand(program),
  inspect: async (program) => (await import('./inspect.js')).addInspectCommand(program),
  convert: async (program) => (await import('./convert.js')).addConvertCommand(program),
  mutate: async (program) => (await import('./mutate.js')).addMutateCommand(program),
  conformance: async (program) => (await import('./conformance.js')).addConformanceCommand(program),
  index: async (program) => (await import('./index-captures.js')).addIndexCommand(program),
  check: async (program) => (await import('./check.js')).addCheckCommand(program),
  diff: async (program) => (await import('./diff.js')).addDiffCommand(program),
  golden: async (program) => (await import('./golden.js')).addGoldenCommand(program),
  generate: async (program) => (await import('./generate.js')).addGenerateCommand(program),
  reference: async (program) => (await import('./reference.js')).addReferenceCommand(program),
  demo: async (program) => (await import('./demo.js')).addDemoCommand(program),
  'verify-pacing': async (program) => (await import('./verify-pacing.js')).addVerifyPacingCommand(program),
  bench: async (program, version) => (await import('./bench.js')).addBenchCommand(program, version),
  doctor: async (program) => (await import('./doctor.js')).addDoctorCommand(program),
  completion: async (program) => (await import('./completion.js')).addCompletionCommand(program),
};

/** The program with what these arguments need of it: one command, else all. */
async function buildProgram(args: readonly string[], version: string): Promise<Command> {
  const program = new Command('tickreel')
    .description('Replays market-data captures at a chosen rate, and measures what happens.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(add --help for the options, with examples)');
  const first = args[0] ?? '';
  if (Object.hasOwn(commands, first) && first !== 'completion' && !args.some((arg) => ['-h', '--help'].includes(arg))) {
    await commands[first](program, version);
    return program;
  }
  for (const add of Object.values(commands)) await add(program, version);
  (await import('./manual.js')).addManualCommands(program);
  program.addHelpText(
    'after',
    `
Exit codes:
  ${(await import('./topics.js')).exitCodeLine}

Examples:
  tickreel inspect session.pcap
  tickreel replay session.pcap --to udp://127.0.0.1:26477 --speed 100kpps
  tickreel listen udp://127.0.0.1:26477 --duration 10s`,
  );
  return program;
}

/** Runs the command with these arguments; sets the exit code. */
export async function runProgram(args: readonly string[], version: string): Promise<void> {
  endWithThePipe();
  try {
    await (await buildProgram(args, version)).parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Where what was taken for an option is a file's name: how to say so. */
function hintAtFile({ code, message }: CommanderError): void {
  const text = /'(.+)'/.exec(message)?.[1];
  if (code !== 'commander.unknownOption' || text === undefined || !existsSync(text)) return;
  warn(`there is a file ${text}: put -- before it, as in -- ${text}`);
}

/** Says what went wrong in one line and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    hintAtFile(error);
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
  if (error instanceof TickreelError) {
    warn(error.message);
    return error instanceof UsageError ? exitCode.usage : exitCode.failure;
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCode.failure;
}
