/**
 * Which queueing discipline a host's datagrams pass on their way out, and by which clock it keeps times (SO_TXTIME):
 * asked of `ip` and `tc`, which every Linux with such a discipline has.
 */
import { execFileSync } from 'node:child_process';
import { SinkError } from '../core/errors.js';

/** Disciplines that hold a datagram until its time, and the clock that they go by. */
const clocks: Readonly<Record<string, 'monotonic' | 'tai'>> = { fq: 'monotonic', etf: 'tai' };

/** Runs a command and returns what it prints; throws where there is none, or it fails. */
export type CommandRunner = (command: string, args: readonly string[]) => string;

/**
 * The clock of the discipline on the interface, or on the way to the host; throws SinkError where it keeps no times, or
 * where it cannot be told.
 */
export function transmitClock(
  to: { host: string | null; iface: string | null },
  run: CommandRunner = runCommand,
): 'monotonic' | 'tai' {
  const device = to.iface !== null && !/[.:]/.test(to.iface) ? to.iface : deviceTo(to.host ?? to.iface, run);
  const kinds = ask<{ kind: string }>(run, 'tc', ['-j', 'qdisc', 'show', 'dev', device]).map(({ kind }) => kind);
  for (const kind of kinds) {
    const clock = clocks[kind];
    if (clock !== undefined) return clock;
  }
  throw new SinkError(
    'pacing-kernel',
    `kernel pacing: the queueing discipline of ${device} is ${kinds[0] ?? 'none'}, which keeps no times; ` +
      `fq does (tc qdisc replace dev ${device} root fq), or use another pacing`,
  );
}

function deviceTo(host: string | null, run: CommandRunner): string {
  const [route] = host === null ? [] : ask<{ dev?: string }>(run, 'ip', ['-j', 'route', 'get', host]);
  if (route?.dev !== undefined) return route.dev;
  throw new SinkError(
    'pacing-kernel',
    `kernel pacing: there is no one interface that leads to ${host ?? 'the captured destinations'}; ` +
      'name it, as in --to udp://HOST:PORT?iface=eth0',
  );
}

function ask<T>(run: CommandRunner, command: string, args: readonly string[]): T[] {
  try {
    return JSON.parse(run(command, args)) as T[];
  } catch (error) {
    throw new SinkError(
      'pacing-kernel',
      `kernel pacing: the way out cannot be looked up, for \`${command} ${args.join(' ')}\` fails: ` +
        `${(error as Error).message.split('\n', 1)[0]} (it is of the package iproute2)`,
      { cause: error },
    );
  }
}

function runCommand(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
