#!/usr/bin/env node
/** The `tickreel` command: one file a subcommand, errors as one line, exit codes as documented in the README. */
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { TickreelError, UsageError } from '../core/errors.js';
import { exitCode } from '../core/exit-code.js';
import { addCompletionCommand } from './completion.js';
import { addConvertCommand } from './convert.js';
import { addDecodeCommand } from './decode.js';
import { addDemoCommand } from './demo.js';
import { addDoctorCommand } from './doctor.js';
import { addFindLimitCommand } from './find-limit.js';
import { addGenerateCommand } from './generate.js';
import { addIndexCommand } from './index-captures.js';
import { addInspectCommand } from './inspect.js';
import { addListenCommand } from './listen.js';
import { addManualCommands } from './manual.js';
import { endWithThePipe } from './output.js';
import { addRecordCommand } from './record.js';
import { addReferenceCommand } from './reference.js';
import { addReplayCommand } from './replay.js';
import { warn } from './summary.js';
import { exitCodeLine } from './topics.js';
import { addVerifyPacingCommand } from './verify-pacing.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

function buildProgram(): Command {
  const program = new Command('tickreel')
    .description('Replays market-data captures at a chosen rate, and measures what happens.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(add --help for the options, with examples)');
  addReplayCommand(program);
  addListenCommand(program);
  addFindLimitCommand(program);
  addRecordCommand(program, version);
  addDecodeCommand(program);
  addInspectCommand(program);
  addConvertCommand(program);
  addIndexCommand(program);
  addGenerateCommand(program);
  addReferenceCommand(program);
  addDemoCommand(program);
  addVerifyPacingCommand(program);
  addDoctorCommand(program);
  addCompletionCommand(program);
  addManualCommands(program);
  program.addHelpText(
    'after',
    `
Exit codes:
  ${exitCodeLine}

Examples:
  tickreel inspect session.pcap
  tickreel replay session.pcap --to udp://127.0.0.1:26477 --speed 100kpps
  tickreel listen udp://127.0.0.1:26477 --duration 10s`,
  );
  return program;
}

endWithThePipe();
try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
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
