/** A replay that is told what to do while it plays, from the library. */
import type { Input } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import { type Command, parseCommand, type ReplayStatus } from '../replay/command.js';
import { ReplayControl } from '../replay/control.js';
import { type Commander, LocalCommands } from './command-queue.js';
import { hooksOf, type ReplayOptions, specOf } from './library.js';
import { runReplay } from './replay.js';
import type { ReplayReport } from './replay-spec.js';
import { runReplayThread, steeringPort } from './replay-thread.js';

/** What a step has sent, and how the run stands after it. */
export interface Stepped {
  packets: number;
  messages: number;
  status: ReplayStatus;
}

/**
 * A run that has been opened. Each method resolves once the run has done what it is told, and rejects with UsageError
 * where it cannot, or is over.
 */
export interface Player {
  /** Goes on: the same as `resume`. */
  play(): Promise<ReplayStatus>;
  pause(): Promise<ReplayStatus>;
  resume(): Promise<ReplayStatus>;
  /** Sends at once, and stands still: `1`, `message 5`, `trade`, `type A`, `symbol AAPL` as the command `step` does. */
  step(goal?: number | string): Promise<Stepped>;
  /** Goes to a time: `09:30:00`, `2026-01-05T14:30:00Z`, `+10s`, `-1m`, `start`. */
  seek(time: string): Promise<ReplayStatus>;
  /** As `--speed` reads it. */
  setSpeed(speed: string): Promise<ReplayStatus>;
  status(): Promise<ReplayStatus>;
  /** Ends the run and resolves with its report. */
  stop(): Promise<ReplayReport>;
  /** The report, once the run is over; rejects as `replay` does. */
  readonly finished: Promise<ReplayReport>;
}

/** What `openReplay` takes beside what `replay` does. */
export interface PlayerOptions extends Omit<ReplayOptions, 'paused' | 'writesIndex'> {
  /** Stand still before the first packet. */
  paused?: boolean;
  /** Put a seek index (`.tridx`) beside each capture that was read to its end; false where absent. */
  writesIndex?: boolean;
  /**
   * Where the run is paced: on a thread of its own where it sends to `to`, else on this one, which then sleeps and
   * spins, and takes commands between packets or out of the handler.
   */
  thread?: 'own' | 'this';
}

/** Opens a capture, or several as one, to be played; resolves once it plays or stands still before its first packet. */
export async function openReplay(capture: Input, options: PlayerOptions = {}): Promise<Player> {
  const { thread, ...rest } = options;
  const spec = specOf(capture, rest);
  const control = rest.control ?? new ReplayControl();
  const isOwn = rest.onDatagram === undefined && rest.sink === undefined;
  if (thread === 'own' && !isOwn) {
    throw new UsageError('thread', 'a handler or sink of this thread cannot be called from another: leave thread out');
  }
  let commander: Commander;
  let finished: Promise<ReplayReport>;
  if (isOwn && thread !== 'this') {
    const steering = steeringPort(control);
    commander = steering.commander;
    finished = runReplayThread(spec, control, rest.say, steering).then(({ report }) => report);
  } else {
    const commands = new LocalCommands(control);
    commander = commands;
    finished = runReplay(spec, { ...hooksOf(rest), control, commands })
      .then(({ report }) => report)
      .finally(() => commands.end());
  }
  // Whoever waits for it is told.
  finished.catch(() => {});
  const player = playerOf(commander, control, finished);
  await Promise.race([player.status().catch(() => finished), finished]);
  return player;
}

function playerOf(commander: Commander, control: ReplayControl, finished: Promise<ReplayReport>): Player {
  const send = async (command: Command) => {
    const answer = await commander.send(command);
    if (!answer.ok) throw new UsageError('command', answer.error);
    return answer;
  };
  const tell = async (text: string): Promise<ReplayStatus> => (await send(parseCommand(text))).status;
  return {
    play: () => tell('resume'),
    pause: () => tell('pause'),
    resume: () => tell('resume'),
    step: async (goal = 1) => {
      const { sent, status } = await send(parseCommand(`step ${goal}`));
      return { packets: sent?.packets ?? 0, messages: sent?.messages ?? 0, status };
    },
    seek: (time) => tell(`seek ${time}`),
    setSpeed: (speed) => tell(`speed ${speed}`),
    status: () => tell('status'),
    stop: () => {
      control.stop();
      return finished;
    },
    finished,
  };
}
