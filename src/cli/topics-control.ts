/** The help topic on steering a replay while it plays. */
import { commandForms } from '../replay/command.js';
import { keyForms } from './keys.js';
import type { Topic } from './topics.js';

export const control: Topic = {
  name: 'control',
  title: 'Control',
  summary: 'what a replay can be told while it plays',
  options: ['--control', '--paused', '--no-index'],
  arguments: [],
  blocks: [
    'A replay is told what to do by keys, where standard input is a terminal, by lines on a socket (--control), ' +
      'or by the library (openReplay). --paused has it stand still before its first packet.',
    { rows: keyForms },
    '--control unix:PATH or tcp://127.0.0.1:PORT listens for clients, such as nc -U PATH. Each line is a command, ' +
      'each answer a line of JSON: ok, and the status after it, or an error that says what is right. Anyone who ' +
      'reaches the socket may steer the run: name another address than 127.0.0.1 only on purpose.',
    { rows: commandForms },
    'Nothing jumps: a pause moves all that is to come by as long as it took, and none of it is late for that; the ' +
      'time is not of --duration. What is already handed to the sink in a batch goes out together.',
    'A seek goes to the first packet, in the order of the capture, that is stamped then or later, and plays it at ' +
      'once; behind the last there is nothing more, and the loop is over. It stays within its loop, and within ' +
      '--from and --until. What --symbol has learned, and the numbers of --loop-sequence, are as if all before had ' +
      'been read: for these, for compressed captures and with --recover a seek reads up to its time, and says so. ' +
      'TCP is read from before its first segment. A run with faults, --peak or --overlay cannot seek.',
    'Clients of soupbintcp:// get what is behind a seek back once more, as the next messages of their session. While ' +
      'such a run waits for its clients, stop ends it; all else is obeyed once they are there.',
    'In other captures a seek begins close before its time, by an index that is learned as the capture is read. ' +
      'With --control or --paused it is put beside the capture (CAPTURE.tridx) once that was read to its end, as ' +
      'tickreel index does beforehand; --no-index forbids that. It is used for the very file alone, and checked ' +
      'each time.',
  ],
};
