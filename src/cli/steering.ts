/** Ways for a person or a program to steer a replay of the command: keys of the terminal, a control socket. */
import type { Command as Program } from 'commander';
import { isStandardInput } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import { type ControlAddress, openControlServer, parseControlAddress } from '../io/control-server.js';
import type { ReplayControl } from '../replay/control.js';
import { controlLines } from '../run/control-lines.js';
import type { ReplaySpec } from '../run/replay-spec.js';
import { type SteeringPort, steeringPort } from '../run/replay-thread.js';
import { type KeyInput, listenForKeys } from './keys.js';
import { refusing } from './options.js';
import { warn } from './summary.js';

export interface SteeringFlags {
  control?: ControlAddress;
  paused?: boolean;
  /** False where `--no-index` was given. */
  index: boolean;
}

/** What the run is to be given, and how to let go of terminal and socket. */
export interface OpenedSteering {
  port: SteeringPort | null;
  release(): Promise<void>;
}

export function addSteeringOptions(command: Program): Program {
  return command
    .optionsGroup('While it plays (tickreel help control):')
    .option('--control <socket>', 'take commands at unix:PATH or tcp://127.0.0.1:PORT', refusing(parseControlAddress))
    .option('--paused', 'stand still before the first packet until told to resume')
    .option('--no-index', 'put no index (CAPTURE.tridx) beside a capture that is steered by --control or --paused');
}

/** Whether keys are listened for: a terminal is there, and is not what is replayed. */
export function takesKeys(spec: Pick<ReplaySpec, 'input'>, input: KeyInput = process.stdin): boolean {
  return input.isTTY === true && process.stderr.isTTY === true && !spec.input.paths.some(isStandardInput);
}

/** Opens the ways in that are asked for; none, where nothing could tell the run anything. */
export async function openSteering(
  spec: ReplaySpec,
  flags: SteeringFlags,
  control: ReplayControl,
): Promise<OpenedSteering> {
  const hasKeys = takesKeys(spec);
  if (flags.paused && flags.control === undefined && !hasKeys) {
    throw new UsageError('paused', '--paused has nothing that could resume it: add --control, or run it in a terminal');
  }
  if (flags.control === undefined && !hasKeys) return { port: null, release: async () => {} };
  const port = steeringPort(control);
  const lines = controlLines(port.commander);
  const server = flags.control === undefined ? null : await openControlServer(flags.control, lines);
  if (server !== null) warn(`taking commands at ${server.address}`);
  const restore = hasKeys ? listen(control, port) : () => {};
  return {
    port,
    release: async () => {
      restore();
      await server?.close();
    },
  };
}

function listen(control: ReplayControl, { commander }: SteeringPort): () => void {
  const restore = listenForKeys(process.stdin, {
    send: (command) => commander.send(command),
    quit: () => control.stop(),
    interrupt: () => process.kill(process.pid, 'SIGINT'),
    print: (line) => process.stderr.write(`\r\x1b[K${line}\n`),
  });
  // However the process ends, the terminal is given back.
  process.once('exit', restore);
  return () => {
    process.off('exit', restore);
    restore();
  };
}
