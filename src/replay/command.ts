/** What a run can be told while it plays, as text and as data, and what it answers. */
import { UsageError } from '../core/errors.js';
import type { Stamp } from '../core/seek-index.js';
import { newYorkDate, newYorkTime, parseDuration, parseWhen, type When } from '../core/time.js';
import { type FilterSpec, noFilter } from './filter.js';
import { parseSpeed, type Rate } from './rate.js';

/** Where a step ends: after so many packets or messages, or with the first packet that holds what is looked for. */
export type StepGoal =
  | { readonly kind: 'packets' | 'messages'; readonly count: number }
  | { readonly kind: 'match'; readonly filter: FilterSpec };

/** A time to go to; `relative` counts from the datagram that is next. */
export type SeekTarget =
  | Exclude<When, { kind: 'offset' }>
  | { readonly kind: 'relative'; readonly ns: number }
  | { readonly kind: 'start' };

export type Command =
  | { readonly name: 'pause' | 'resume' | 'toggle' | 'status' | 'stop' }
  | { readonly name: 'step'; readonly goal: StepGoal }
  | { readonly name: 'seek'; readonly target: SeekTarget }
  | { readonly name: 'speed'; readonly rate: Rate };

/** How a run stands. */
export interface ReplayStatus {
  state: 'running' | 'paused' | 'stepping';
  /** Stamp of the datagram that is next, ns since the epoch; null before the first is known. */
  timeNs: string | null;
  /** As `--speed` reads it. */
  speed: string;
  loop: number;
  packets: number;
  messages: number;
  bytes: number;
  /** Since the run's origin, without the time that it stood still. */
  playedSeconds: number;
  pausedSeconds: number;
}

export type Answer =
  | { ok: true; command: Command['name']; status: ReplayStatus; sent?: { packets: number; messages: number } }
  | { ok: false; error: string };

/** A command that waits to be obeyed. */
export interface PendingCommand {
  readonly command: Command;
  answer(answer: Answer): void;
}

/** Where commands come from. Whoever puts one there rings `ReplayControl`, so that waits end. */
export interface CommandSource {
  take(): PendingCommand | undefined;
  /** Resolves once there is a command, or the run is stopped. */
  arrived(): Promise<void>;
}

/** What the commands are, for help and refusals. */
export const commandForms: readonly (readonly [form: string, meaning: string])[] = [
  ['pause', 'stand still before the next packet'],
  ['resume', 'go on; what was to come is due as long after as it was before'],
  ['toggle', 'one of the two'],
  ['step [N]', 'send the next N packets (1) at once, and stand still'],
  ['step message [N]', 'send packets until N messages have gone out; a packet is never divided'],
  ['step trade', 'send up to the next packet with a trade: E, C, P, Q of ITCH, trade summaries of MDP'],
  ['step type T', 'the same with a message of type T: a letter, or a template of MDP'],
  ['step symbol S', 'the same with a message of symbol S'],
  ['seek TIME', 'go to a time: ISO 8601, epoch ns, 09:30:00 (New York), +10s or -1m from here, or start'],
  ['speed RATE', 'as --speed: 2x, 100kpps, 50Mmsg/s, 1Gbps, max'],
  ['status', 'how the run stands'],
  ['stop', 'end the run; its report is written'],
  ['help', 'this list'],
];

/** Messages that tell of trades: executions, trades and crosses of ITCH, trades and their summaries of MDP. */
const trades: FilterSpec = {
  ...noFilter,
  types: ['E', 'C', 'P', 'Q', '36', '42', '48', '65'],
};

/** Reads a line; throws UsageError that says what is right. */
export function parseCommand(text: string): Command {
  const [name = '', ...words] = text.trim().split(/\s+/);
  switch (name.toLowerCase()) {
    case 'pause':
    case 'resume':
    case 'toggle':
    case 'status':
    case 'stop':
      if (words.length > 0) throw new UsageError('command', `${name} stands alone: "${words.join(' ')}" is too much`);
      return { name: name.toLowerCase() as 'pause' };
    case 'step':
      return { name: 'step', goal: parseGoal(words) };
    case 'seek':
      return { name: 'seek', target: parseTarget(words.join(' ')) };
    case 'speed':
      return { name: 'speed', rate: parseSpeed(words.join(' ')) };
    default:
      throw new UsageError('command', `"${name}" is no command: ${names()} (help tells more)`);
  }
}

/** The stamp that a target means, seen from the datagram that is next. */
export function stampOf(target: SeekTarget, here: Stamp): Stamp {
  if (target.kind === 'start') return { seconds: Number.NEGATIVE_INFINITY, nanoseconds: 0 };
  if (target.kind === 'absolute') return { seconds: target.seconds, nanoseconds: target.nanoseconds };
  if (target.kind === 'timeOfDay') {
    const nanoseconds = target.ns % 1e9;
    return { seconds: newYorkTime(newYorkDate(here.seconds), (target.ns - nanoseconds) / 1e9), nanoseconds };
  }
  const whole = Math.floor(target.ns / 1e9);
  const nanoseconds = here.nanoseconds + (target.ns - whole * 1e9);
  const carry = nanoseconds >= 1e9 ? 1 : 0;
  return { seconds: here.seconds + whole + carry, nanoseconds: nanoseconds - carry * 1e9 };
}

function parseGoal(words: readonly string[]): StepGoal {
  const [what = '1', value, ...rest] = words;
  if (rest.length > 0) throw new UsageError('command', `step: "${rest.join(' ')}" is too much`);
  if (/^\d+$/.test(what) && value === undefined) return { kind: 'packets', count: countOf(what) };
  if (/^(packets?|messages?)$/.test(what)) {
    return { kind: what.startsWith('p') ? 'packets' : 'messages', count: countOf(value ?? '1') };
  }
  if (what === 'trade' && value === undefined) return { kind: 'match', filter: trades };
  if (what === 'type' && value !== undefined) return { kind: 'match', filter: { ...noFilter, types: [value] } };
  if (what === 'symbol' && value !== undefined) return { kind: 'match', filter: { ...noFilter, symbols: [value] } };
  const forms = commandForms.filter(([form]) => form.startsWith('step')).map(([form]) => form);
  throw new UsageError('command', `"step ${words.join(' ')}" is not understood: ${forms.join(', ')}`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new UsageError('command', `step: "${text}" is no whole number from 1`);
}

function parseTarget(text: string): SeekTarget {
  if (text === '')
    throw new UsageError('command', 'seek where? Write seek 09:30:00, seek +10s, seek -1m or seek start');
  if (text === 'start') return { kind: 'start' };
  const sign = /^[+\-\u2212]/.exec(text);
  if (sign !== null) {
    const ns = parseDuration(text.slice(1));
    return { kind: 'relative', ns: text.startsWith('+') ? ns : -ns };
  }
  const when = parseWhen(text);
  return when.kind === 'offset' ? { kind: 'relative', ns: when.ns } : when;
}

function names(): string {
  return [...new Set(commandForms.map(([form]) => form.split(' ')[0]))].join(', ');
}
