/** Keys of the terminal that tell a replay what to do while it plays. */
import { scaleRational } from '../core/rational.js';
import type { Answer, Command } from '../replay/command.js';
import { parseCommand } from '../replay/command.js';
import { parseSpeed, type Rate } from '../replay/rate.js';
import { statusLine } from './steering-text.js';

/** A terminal's input: `process.stdin`, or a test's own. */
export interface KeyInput extends NodeJS.EventEmitter {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface KeyActions {
  send(command: Command): Promise<Answer>;
  /** Ends the run. */
  quit(): void;
  /** As the terminal's own key would: raw input does not make a signal of it. */
  interrupt(): void;
  print(line: string): void;
}

/** What each key does, for `?` and for help. */
export const keyForms: readonly (readonly [keys: string, meaning: string])[] = [
  ['space', 'pause, resume'],
  ['s or .', 'step: send the next packet'],
  ['t', 'step to the next trade'],
  ['+ and -', 'twice and half as fast'],
  ['right and left', 'go 10 s on and back'],
  ['up and down', 'go 1 min on and back'],
  ['0', 'go to the start'],
  ['i', 'how the run stands'],
  ['q', 'end the run'],
  ['?', 'these keys'],
];

const commands: Readonly<Record<string, string>> = {
  ' ': 'toggle',
  s: 'step',
  '.': 'step',
  t: 'step trade',
  i: 'status',
  '0': 'seek start',
  '\x1b[C': 'seek +10s',
  '\x1b[D': 'seek -10s',
  '\x1b[A': 'seek +1m',
  '\x1b[B': 'seek -1m',
};
/** An escape sequence, or one character. */
const key = /\p{Cc}\[[0-9;]*[A-Za-z~]|\p{Cc}O[A-Z]|[\s\S]/gu;

/** Listens for keys until the returned function is called, which gives the terminal back as it was, once. */
export function listenForKeys(input: KeyInput, actions: KeyActions): () => void {
  let last: Promise<void> = Promise.resolve();
  const onData = (data: Buffer | string): void => {
    for (const [text] of data.toString().matchAll(key)) {
      if (text === '\x03') actions.interrupt();
      else if (text === 'q') actions.quit();
      else if (text === '?' || text === 'h')
        for (const [keys, does] of keyForms) actions.print(`${keys.padEnd(16)}${does}`);
      else last = last.then(() => press(text.replace('\x1bO', '\x1b['), actions));
    }
  };
  input.setRawMode?.(true);
  input.on('data', onData);
  input.resume();
  let isListening = true;
  return () => {
    if (!isListening) return;
    isListening = false;
    input.off('data', onData);
    input.setRawMode?.(false);
    input.pause();
  };
}

async function press(text: string, { send, print }: KeyActions): Promise<void> {
  const command =
    text === '+' || text === '=' ? await faster(send, 2, 1) : text === '-' ? await faster(send, 1, 2) : null;
  const line = commands[text];
  if (command === null && line === undefined) return;
  const answer = await send(command ?? parseCommand(line as string));
  print(answer.ok ? statusLine(answer) : answer.error);
}

/** The speed that the run has, times a factor; of one without a speed, what it has. */
async function faster(send: KeyActions['send'], numerator: number, denominator: number): Promise<Command> {
  const answer = await send({ name: 'status' });
  if (!answer.ok) return { name: 'status' };
  const rate = parseSpeed(answer.status.speed);
  return { name: 'speed', rate: scaled(rate, numerator, denominator) };
}

function scaled(rate: Rate, numerator: number, denominator: number): Rate {
  if (rate.mode === 'max') return rate;
  const value = rate.mode === 'original' ? rate.speedup : rate.perSecond;
  const times = scaleRational(value, numerator, denominator) ?? value;
  return rate.mode === 'original' ? { ...rate, speedup: times } : { ...rate, perSecond: times };
}
