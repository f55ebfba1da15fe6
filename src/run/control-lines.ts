/** Lines of the control socket: commands as text, answers as plain data. */
import { TickreelError } from '../core/errors.js';
import type { LineHandler } from '../io/control-server.js';
import { commandForms, parseCommand } from '../replay/command.js';
import type { Commander } from './command-queue.js';

/** Answers `help` with the commands, what is none with what is right, and all else as the run does. */
export function controlLines(commander: Commander): LineHandler {
  return async (line) => {
    if (/^\s*(help|\?)\s*$/i.test(line))
      return { ok: true, command: 'help', commands: Object.fromEntries(commandForms) };
    try {
      return await commander.send(parseCommand(line));
    } catch (error) {
      if (error instanceof TickreelError) return { ok: false, error: error.message };
      throw error;
    }
  };
}
