/** `tickreel reference`: the messages of a protocol as Markdown or types, from the table or file that decodes them. */
import { Argument, type Command, Option } from 'commander';
import { UsageError } from '../core/errors.js';
import { readTextFile } from '../io/text-input.js';
import { itch50 } from '../protocol/itch50/index.js';
import { mdp3, mdp3SchemaOf } from '../protocol/mdp3/index.js';
import { createSbeCodec } from '../schema/sbe/codec.js';
import { readSbeXml } from '../schema/sbe/xml.js';
import { count } from './options.js';
import { Output } from './output.js';

interface ReferenceFlags {
  schemaVersion?: number;
  templates?: string;
  typescript?: boolean;
}

const maxTemplateBytes = 64 << 20;

export function addReferenceCommand(program: Command): void {
  program
    .command('reference')
    .summary('print the message reference of a protocol')
    .description(
      'Prints every message of a protocol as Markdown: offsets, lengths, types, scales, enumerations. ' +
        'Of MDP 3.0 also the templates of one schema version, or those of an XML file, and their types in TypeScript.',
    )
    .addArgument(new Argument('<protocol>', 'which protocol').choices([itch50.id, 'mdp3']))
    .option('--schema-version <N>', 'of MDP: only what this version of the schema defines', count(0))
    .addOption(new Option('--templates <file>', 'of MDP: an SBE schema in XML').conflicts('schemaVersion'))
    .option('--typescript', 'of MDP: declarations of the flyweights and handlers instead of Markdown')
    .addHelpText(
      'after',
      `
Examples:
  tickreel reference itch50 > itch50.md
  tickreel reference mdp3 --schema-version 9 > mdp3-v9.md
  tickreel reference mdp3 --templates templates_FixBinary.xml --typescript > templates.d.ts`,
    )
    .action(async (protocol: string, flags: ReferenceFlags) => {
      const output = new Output();
      output.write(textOf(protocol, flags));
      await output.end();
    });
}

function textOf(protocol: string, { schemaVersion, templates, typescript }: ReferenceFlags): string {
  if (protocol === itch50.id) {
    if (schemaVersion === undefined && templates === undefined && typescript === undefined) return itch50.reference();
    throw new UsageError(
      'reference',
      'schema versions, templates and declarations are of MDP: tickreel reference mdp3',
    );
  }
  const codec =
    templates !== undefined
      ? createSbeCodec(readSbeXml(readTextFile(templates, maxTemplateBytes), templates))
      : schemaVersion !== undefined
        ? createSbeCodec(mdp3SchemaOf(schemaVersion))
        : mdp3;
  return typescript ? codec.declarations() : codec.reference();
}
