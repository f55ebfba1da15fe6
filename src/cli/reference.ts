/** `tickreel reference`: the messages of a protocol as Markdown, generated from the table that decodes them. */
import { Argument, type Command } from 'commander';
import { itch50 } from '../protocol/itch50/index.js';
import { Output } from './output.js';

export function addReferenceCommand(program: Command): void {
  program
    .command('reference')
    .summary('print the message reference of a protocol')
    .description('Prints every message of a protocol as Markdown: offsets, lengths, types, scales, enumerations.')
    .addArgument(new Argument('<protocol>', 'which protocol').choices([itch50.id]))
    .addHelpText('after', '\nExample:\n  tickreel reference itch50 > itch50.md')
    .action(async () => {
      const output = new Output();
      output.write(itch50.reference());
      await output.end();
    });
}
