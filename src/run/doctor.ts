/** `tickreel doctor` as a library: looks at the machine, changes nothing, and says what is worth mending. */
import { probeSockets, type SocketFacts } from '../io/doctor-sockets.js';
import { readSystem, type SystemFacts } from '../io/doctor-system.js';
import { canGenerateCode } from '../schema/compile.js';
import { type Check, judgeKernel, judgeSockets, type Verdict } from './doctor-checks.js';
import { judgeMachine, judgeOptional, judgePermissions, judgeTiming } from './doctor-machine-checks.js';
import { measureTiming, type TimingFacts } from './doctor-timing.js';

/** What was found, before any judgement. */
export interface DoctorFacts {
  readonly system: SystemFacts;
  readonly sockets: SocketFacts;
  readonly timing: TimingFacts;
}

export interface DoctorReport {
  /** False where something needed fails. */
  readonly ok: boolean;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly checks: readonly Check[];
  readonly facts: DoctorFacts;
}

/** Looks and judges; takes about a second. `root` is where /proc and /sys are looked for. */
export async function examine(root = '/'): Promise<DoctorReport> {
  const system = readSystem(root);
  // Sockets before the spinning, which would make datagrams wait.
  const sockets = await probeSockets();
  return judge({ system, sockets, timing: await measureTiming(root) }, canGenerateCode());
}

/** The verdicts on what was found. */
export function judge(facts: DoctorFacts, generatesCode: boolean): DoctorReport {
  const { system, sockets, timing } = facts;
  const checks = [
    ...judgeMachine(system),
    ...judgeKernel(system),
    ...judgeSockets(sockets, system),
    ...judgeTiming(system, timing),
    ...judgePermissions(system),
    ...judgeOptional(system, generatesCode),
  ];
  const counts: Record<Verdict, number> = { ok: 0, 'worth mending': 0, missing: 0, 'not known here': 0 };
  for (const { verdict } of checks) counts[verdict]++;
  return { ok: !checks.some(({ needed, verdict }) => needed && verdict === 'missing'), counts, checks, facts };
}
