/** Options that a command cannot do without. */
import type { Command } from 'commander';

/**
 * Adds an option that must be given. It is asked for once all else on the command line is understood: what is unknown
 * there, perhaps that very option misspelt, is named first.
 */
export function requireOption(command: Command, flags: string, description: string): Command {
  const option = command.createOption(flags, description);
  return command.addOption(option).hook('preAction', (asked) => {
    if (asked.getOptionValue(option.attributeName()) !== undefined) return;
    asked.error(`error: required option '${option.flags}' not specified`, {
      code: 'commander.missingMandatoryOptionValue',
    });
  });
}
