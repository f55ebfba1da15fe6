/** Options about faults and the lines that they befall, and how their texts become a spec. */
import { type Command, InvalidArgumentError } from 'commander';
import { checkLines, type LineEndpoint, parseLineEndpoint, refuseInterfaces } from '../analysis/line-names.js';
import { UsageError } from '../core/errors.js';
import { loadFaultPlan, parseFaultSeed } from '../run/fault-plan.js';
import type { FaultSpec } from '../run/run-faults.js';
import { parseUdpTarget, type UdpTarget } from '../run/target.js';
import { refusing } from './options.js';

export interface FaultFlags {
  fault?: string[];
  faultScript?: string;
  faultSeed?: number | string;
  faultLog?: string;
  faultReplay?: string;
  lineA?: LineEndpoint[];
  lineB?: (LineEndpoint | UdpTarget)[];
}

export function addFaultOptions(command: Command): Command {
  return command
    .optionsGroup('Faults (tickreel help faults):')
    .option('--fault <faults>', 'such as "A: loss 0.1%; both: reorder 3 0.01%"; may repeat', collectText)
    .option('--fault-script <file>', 'faults in YAML')
    .option('--fault-seed <SEED>', 'a number or a text that all draws come from (default: 1)', refusing(parseFaultSeed))
    .option('--fault-log <file>', 'write what was done to which packet, as NDJSON')
    .option('--fault-replay <file>', 'do the very same as such a log says');
}

/** The lines that faults befall, and the one that can be made. */
export function addReplayLineOptions(command: Command): Command {
  return command
    .optionsGroup('Lines A and B (also by --channels, else by MoldUDP64 session):')
    .option('--line-a <ADDRESS:PORT>', 'line A is what was sent there, or by this sender; may repeat', collectLineA)
    .option(
      '--line-b <ADDRESS:PORT|udp://HOST:PORT>',
      'the same of line B; udp://HOST:PORT: send every packet there too, as line B',
      collectLineB,
    );
}

/** The faults that the flags ask for, null for none; rejects with UsageError or CaptureError. */
export async function faultSpec(flags: FaultFlags): Promise<FaultSpec | null> {
  const { fault = [], faultScript = null, faultSeed = null, faultLog = null, faultReplay = null } = flags;
  const isDrawn = fault.length > 0 || faultScript !== null;
  const lines = {
    a: flags.lineA ?? [],
    b: (flags.lineB ?? []).filter((line): line is LineEndpoint => !isTarget(line)),
  };
  checkLines(lines);
  refuseInterfaces(lines);
  if (isDrawn && faultReplay !== null) {
    throw new UsageError('fault-replay', '--fault-replay takes its faults from a log: leave --fault(-script) out');
  }
  if (faultReplay !== null && faultSeed !== null) {
    throw new UsageError('fault-replay', '--fault-replay draws nothing: leave --fault-seed out');
  }
  if (!isDrawn && faultReplay === null) {
    const idle = Object.entries({ 'fault-log': faultLog, 'fault-seed': faultSeed }).find(([, given]) => given !== null);
    if (idle !== undefined) throw new UsageError('fault', `--${idle[0]} goes with --fault or --fault-script`);
    return null;
  }
  const plan = await loadFaultPlan({ texts: fault, script: faultScript, seed: faultSeed });
  return { plan, replayPath: faultReplay, logPath: faultLog, lines };
}

/** Throws UsageError where lines are named and nothing befalls them; nothing else of a replay asks for lines. */
export function refuseIdleLines({ fault, faultScript, faultReplay, lineA = [], lineB = [] }: FaultFlags): void {
  if (fault !== undefined || faultScript !== undefined || faultReplay !== undefined) return;
  if (lineA.length === 0 && lineB.every(isTarget)) return;
  throw new UsageError('fault', '--line-a and --line-b say whose faults are whose: add --fault');
}

/** Where a line B that is made goes; null where none is. */
export function madeLineOf({ lineA = [], lineB = [] }: FaultFlags): UdpTarget | null {
  const [target, ...others] = lineB.filter(isTarget);
  if (target === undefined) return null;
  if (others.length > 0) throw new UsageError('line-b', 'one line B can be made: give --line-b udp://… once');
  if (lineB.length > 1 || lineA.length > 0) {
    throw new UsageError('line-b', '--line-b udp://… makes line B of all that is played: it has no other lines');
  }
  return target;
}

/** `ADDRESS:PORT` of a line that the capture has. */
function collectLineA(text: string, before: LineEndpoint[] = []): LineEndpoint[] {
  return [...before, refusing(parseLineEndpoint)(text)];
}

/** `ADDRESS:PORT` of a line that the capture has, or `udp://HOST:PORT` of one that is to be made. */
function collectLineB(text: string, before: (LineEndpoint | UdpTarget)[] = []): (LineEndpoint | UdpTarget)[] {
  return [
    ...before,
    refusing<LineEndpoint | UdpTarget>(text.startsWith('udp:') ? parseUdpTarget : parseLineEndpoint)(text),
  ];
}

function isTarget(line: LineEndpoint | UdpTarget): line is UdpTarget {
  return 'kind' in line;
}

function collectText(text: string, before: string[] = []): string[] {
  if (text.trim() === '') throw new InvalidArgumentError('it names no fault, such as "loss 0.1%".');
  return [...before, text];
}
