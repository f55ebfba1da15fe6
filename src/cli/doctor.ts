/** `tickreel doctor`: what this machine allows, and the commands that mend what it does not. */
import type { Command } from 'commander';
import { examine } from '../run/doctor.js';
import type { Check } from '../run/doctor-checks.js';
import { Output } from './output.js';
import { finish } from './summary.js';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('check this machine: limits, buffers, clocks, what is missing')
    .description(
      'Checks what decides how well a replay is kept and received: kernel limits, the buffers that sockets really ' +
        'get, loopback and multicast, clocks, sleeps and stalls, permissions, and what is optional. It reads, sends ' +
        'datagrams to this machine alone, and changes nothing. Each check says what was found, why it matters, and ' +
        'the command that mends it, for this time and for good.',
    )
    .optionsGroup('Output:')
    .option('--json', 'one JSON object on standard output, with what was measured under "facts"')
    .addHelpText(
      'after',
      `
Exit codes:
  0 all that is needed works, whatever else is worth mending
  1 something needed fails: Node.js too old, UDP on 127.0.0.1, WebAssembly

Examples:
  tickreel doctor
  tickreel doctor --json | jq -r '.checks[].mend | select(. != null) | .now'
  tickreel doctor --json | jq '.facts.timing'`,
    )
    .action((flags: { json?: boolean }) => doctor(flags));
}

async function doctor(flags: { json?: boolean }): Promise<void> {
  const report = await examine();
  const output = new Output();
  if (flags.json) output.writeLine(JSON.stringify(report));
  else output.write(describeChecks(report.checks));
  await output.end();
  finish({ failure: !report.ok });
}

/** Two lines a check, what was found and why it matters, and the commands where there are any. */
export function describeChecks(checks: readonly Check[]): string {
  const lines: string[] = [];
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  let group = '';
  for (const { group: of, verdict, name, value, why, mend } of checks) {
    if (of !== group) lines.push(...(group === '' ? [] : ['']), of);
    group = of;
    lines.push(`  ${verdict.padEnd(14)}  ${name.padEnd(nameWidth)}  ${value}`);
    lines.push(`${' '.repeat(18)}${why}`);
    if (mend?.now) lines.push(`${' '.repeat(18)}now:       ${mend.now}`);
    if (mend?.lasting) lines.push(`${' '.repeat(18)}for good:  ${mend.lasting}`);
  }
  lines.push('', summary(checks));
  return `${lines.join('\n')}\n`;
}

function summary(checks: readonly Check[]): string {
  const count = (verdict: Check['verdict']): number => checks.filter((check) => check.verdict === verdict).length;
  const failing = checks.filter(({ needed, verdict }) => needed && verdict === 'missing').map(({ name }) => name);
  const counts = (['ok', 'worth mending', 'missing', 'not known here'] as const)
    .map((verdict) => `${count(verdict)} ${verdict}`)
    .join(', ');
  const end = failing.length === 0 ? 'all that is needed works' : `needed and failing: ${failing.join(', ')}`;
  return `${checks.length} checks: ${counts}; ${end}.`;
}
