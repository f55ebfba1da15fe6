/** The program as plain data, read off commander's own tree: what completion scripts and manual pages are made from. */
import type { EventEmitter } from 'node:events';
import type { Argument, Command, Help, Option } from 'commander';

export interface OptionNode {
  /** As written in the help: `--to <target>`. */
  readonly flags: string;
  readonly long: string;
  readonly short: string | null;
  /** With choices and default, as the help says it. */
  readonly description: string;
  readonly group: string;
  /** What stands between the angle brackets, null where the option needs no value. */
  readonly placeholder: string | null;
  readonly choices: readonly string[];
}

export interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

/** A titled part of the help behind the options, such as the examples. */
export interface HelpSection {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface CommandNode {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly usage: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly sections: readonly HelpSection[];
}

export interface ProgramNode extends CommandNode {
  readonly version: string;
  readonly commands: readonly CommandNode[];
}

/** Describes the program and every command that its help shows. */
export function describeProgram(program: Command): ProgramNode {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map((command) => describeCommand(command, help));
  return { ...describeCommand(program, help), version: program.version() ?? '', commands };
}

/** Describes one command. */
export function describeCommand(command: Command, help: Help = command.createHelp()): CommandNode {
  return {
    name: command.name(),
    summary: help.subcommandDescription(command),
    description: command.description(),
    usage: help.commandUsage(command),
    arguments: command.registeredArguments.map((argument) => describeArgument(argument, help)),
    options: help.visibleOptions(command).map((option) => describeOption(option, help)),
    sections: sectionsOf(textAfterOptions(command)),
  };
}

function describeArgument(argument: Argument, help: Help): ArgumentNode {
  return {
    name: argument.name(),
    description: help.argumentDescription(argument),
    variadic: argument.variadic,
    choices: argument.argChoices ?? [],
  };
}

function describeOption(option: Option, help: Help): OptionNode {
  return {
    flags: option.flags,
    long: option.long ?? option.short ?? option.flags,
    short: option.long === undefined ? null : (option.short ?? null),
    description: help.optionDescription(option),
    group: (option.helpGroupHeading ?? 'Options:').replace(/:$/, ''),
    placeholder: /<(.+?)(?:\.\.\.)?>/.exec(option.flags)?.[1] ?? null,
    choices: option.argChoices ?? [],
  };
}

/** What `addHelpText('after', …)` has added: commander asks for it by this event. */
function textAfterOptions(command: Command): string {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  // A Command is an emitter, which its declarations leave out.
  (command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write });
  return text;
}

/** Splits at lines such as `Examples:`; the lines below lose their common indent of two. Others are notes. */
function sectionsOf(text: string): HelpSection[] {
  const sections: { title: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const title = /^([A-Z][\w ()]{0,40}):$/.exec(line)?.[1];
    if (title !== undefined) sections.push({ title, lines: [] });
    else if (/^\S/.test(line) && sections.at(-1)?.title !== 'Notes') sections.push({ title: 'Notes', lines: [line] });
    else if (line.trim() !== '') sections.at(-1)?.lines.push(line.replace(/^ {2}/, ''));
  }
  return sections;
}
