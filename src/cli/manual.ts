/** `tickreel help` and `tickreel manual`: everything about commands and topics, made from commander's tree. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { unwritable } from '../io/file-error.js';
import {
  type CommandNode,
  describeCommand,
  describeProgram,
  type HelpSection,
  type ProgramNode,
} from './command-tree.js';
import { Output } from './output.js';
import {
  type Block,
  formatBlocks,
  formatPage,
  type Page,
  type PageFormat,
  pageEndings,
  pageFormats,
  type Section,
} from './page.js';
import { commandProse, programProse } from './prose.js';
import { nearest } from './suggest.js';
import { type Topic, topics, topicsOf } from './topics.js';

interface ManualFlags {
  format: PageFormat;
  write?: string;
}

/** Adds both commands, behind all others: they know the commands before them. */
export function addManualCommands(program: Command): void {
  const subject = new Argument('[subject]', 'a command or a topic');
  const page = new Argument('[command]', 'the command whose page is printed; without it, the main page');
  program.helpCommand(false);
  program
    .command('manual')
    .summary('print or write the manual, as man pages, Markdown or text')
    .description(
      'Prints a page of the manual, or writes all of them into a folder: tickreel.1, tickreel-replay.1 and so on.',
    )
    .addArgument(page)
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <format>', 'roff for man, Markdown, or plain text').choices(pageFormats).default('text'),
    )
    .option('--write <folder>', 'write every page into this folder, made where it is not there')
    .addHelpText(
      'after',
      `
Examples:
  tickreel manual replay | less
  tickreel manual --format man replay | man -l -
  tickreel manual --format man --write ~/.local/share/man/man1`,
    )
    .action((name: string | undefined, flags: ManualFlags) => manual(program, name, flags));
  program
    .command('help')
    .summary('print the help of a command, or explain a topic')
    .description('Prints the help of a command, or what commands have in common: times, rates, targets and so on.')
    .addArgument(subject)
    .addHelpText('after', '\nExamples:\n  tickreel help replay\n  tickreel help times')
    .action((name?: string) => help(program, name));
  const commands = program.commands.map((command) => command.name());
  const subjects = [...commands, ...topics.map(({ name }) => name)];
  page.choices(commands).argParser((name) => chosen(name, commands));
  subject.choices(subjects).argParser((name) => chosen(name, subjects));
  program.addHelpText('after', topicLines);
  program.addHelpText('afterAll', ({ command }) => (command === program ? '' : moreLine(describeCommand(command))));
}

/** Refuses what is none of these, with the one that was probably meant. */
function chosen(name: string, choices: readonly string[]): string {
  if (choices.includes(name)) return name;
  const meant = nearest(name, choices);
  const hint = meant === null ? `There are ${choices.join(', ')}.` : `Did you mean ${meant}?`;
  throw new InvalidArgumentError(hint);
}

/** The topics, for the program's help. */
function topicLines(): string {
  const rows = topics.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`);
  return `\nTopics (tickreel help TOPIC):\n${rows.join('\n')}`;
}

/** Where the help of a command leaves something to a topic. */
function moreLine(command: CommandNode): string {
  const names = topicsOf(command).map(({ name }) => name);
  if (names.length === 0) return '';
  return `\nExplained by tickreel help TOPIC: ${names.join(', ')}. The whole page: tickreel manual ${command.name}`;
}

async function help(program: Command, name?: string): Promise<void> {
  const command = name === undefined ? program : program.commands.find((candidate) => candidate.name() === name);
  if (command !== undefined) {
    command.outputHelp();
    return;
  }
  const topic = topics.find((candidate) => candidate.name === name);
  const output = new Output();
  if (topic !== undefined) output.writeLine([topic.title, '', ...formatBlocks(topic.blocks, 2)].join('\n'));
  await output.end();
}

async function manual(program: Command, name: string | undefined, { format, write }: ManualFlags): Promise<void> {
  const tree = describeProgram(program);
  const output = new Output();
  const pages = [programPage(tree), ...tree.commands.map((command) => commandPage(command, tree))];
  const wanted = name === undefined ? tree.name : `${tree.name}-${name}`;
  if (write === undefined) {
    for (const page of pages) if (page.name === wanted) output.write(formatPage(page, format));
  } else for (const page of pages) output.writeLine(writePage(page, format, write));
  await output.end();
}

/** Writes the page into its file and returns the file's path. */
function writePage(page: Page, format: PageFormat, folder: string): string {
  const path = join(folder, `${page.name}.${pageEndings[format]}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, formatPage(page, format));
  } catch (error) {
    throw unwritable(path, error);
  }
  return path;
}

/** The main page. */
export function programPage(program: ProgramNode): Page {
  const { name, version } = program;
  return {
    name,
    version,
    sections: [
      section('Name', `${name} - replays market-data captures at a chosen rate, and measures what happens`),
      section('Synopsis', { lines: [`${name} COMMAND [options] …`, `${name} help [COMMAND|TOPIC]`] }),
      section('Description', ...programProse),
      section('Commands', {
        rows: program.commands.map((command) => [command.name, command.summary] as const),
      }),
      section('Options', ...optionBlocks(program)),
      ...topics.map(topicSection),
      ...helpSections(program.sections),
      section('See also', seeAlso(program.commands.map((command) => `${name}-${command.name}`))),
    ],
  };
}

/** The page of one command. */
export function commandPage(command: CommandNode, program: ProgramNode): Page {
  const name = `${program.name}-${command.name}`;
  const rows = command.arguments.map((argument) => [argument.name, argument.description] as const);
  const own = helpSections(command.sections);
  const hasCodes = own.some(({ title }) => title === exitTitle);
  return {
    name,
    version: program.version,
    sections: [
      section('Name', `${name} - ${command.summary}`),
      section('Synopsis', { lines: [command.usage] }),
      section('Description', command.description, ...(commandProse[command.name] ?? [])),
      ...(rows.length === 0 ? [] : [section('Arguments', { rows })]),
      section('Options', ...optionBlocks(command)),
      ...topicsOf(command).map(topicSection),
      ...(hasCodes ? [] : topics.filter(({ title }) => title === exitTitle).map(topicSection)),
      ...own,
      section('See also', seeAlso([program.name, ...siblings(command, program)])),
    ],
  };
}

const exitTitle = 'Exit status';
/** Titles of the help under which the program's own page and its topics say the same. */
const saidElsewhere = ['Topics (tickreel help TOPIC)'];

/** The parts of the help behind the options, named as manual pages name them. */
function helpSections(sections: readonly HelpSection[]): Section[] {
  return sections
    .filter(({ title }) => !saidElsewhere.includes(title))
    .map(({ title, lines }) =>
      section(title.replace(/^Exit codes$/, exitTitle).replace(/^Example$/, 'Examples'), { lines }),
    );
}

function topicSection({ title, blocks }: Topic): Section {
  return { title, blocks };
}

/** Options under the headings of the help. */
function optionBlocks({ options }: CommandNode): Block[] {
  const groups = new Map<string, [string, string][]>();
  for (const { group, flags, description } of options) {
    const rows = groups.get(group) ?? [];
    rows.push([flags, description]);
    groups.set(group, rows);
  }
  return [...groups].flatMap(([heading, rows]) =>
    groups.size === 1 ? [{ rows }] : [{ heading: heading === 'Options' ? 'Other' : heading }, { rows }],
  );
}

/** Commands whose pages a reader of each wants next. */
const related: Readonly<Record<string, readonly string[]>> = {
  replay: ['listen', 'inspect', 'doctor'],
  listen: ['replay', 'doctor'],
  decode: ['inspect', 'reference'],
  inspect: ['decode', 'replay'],
  reference: ['decode'],
  demo: ['replay', 'listen'],
  doctor: ['replay', 'listen'],
  generate: ['convert', 'replay', 'inspect'],
  convert: ['generate', 'replay', 'inspect'],
};

function siblings({ name }: CommandNode, program: ProgramNode): string[] {
  const others = program.commands.filter((command) => related[name]?.includes(command.name));
  return others.map((command) => `${program.name}-${command.name}`);
}

function seeAlso(names: readonly string[]): string {
  return [...names, 'tcpreplay', 'tcpdump'].map((name) => `${name}(1)`).join(', ');
}

function section(title: string, ...blocks: Block[]): Section {
  return { title, blocks };
}
