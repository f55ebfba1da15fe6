import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, run } from '../support/cli.js';

interface Report {
  ok: boolean;
  counts: Record<string, number>;
  checks: { id: string; needed: boolean; verdict: string; value: string; why: string; mend: object | null }[];
  facts: { sockets: { loopback: { received: number } }; timing: { spunNs: number } };
}

describe('doctor', () => {
  it('printsOneObjectForScripts', async () => {
    const { code, stdout, stderr } = await run(['doctor', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report.ok).toBe(true);
    expect(Object.keys(report.counts)).toEqual(['ok', 'worth mending', 'missing', 'not known here']);
    expect(Object.values(report.counts).reduce((sum, count) => sum + count)).toBe(report.checks.length);
    expect(report.checks.filter(({ needed }) => needed).map(({ id }) => id)).toEqual([
      'node',
      'udp-loopback',
      'web-assembly',
    ]);
    for (const check of report.checks) {
      expect(Object.keys(check)).toEqual(['id', 'group', 'name', 'needed', 'verdict', 'value', 'why', 'mend']);
      if (check.verdict === 'ok') expect(check.mend).toBeNull();
    }
    expect(report.facts.sockets.loopback.received).toBeGreaterThan(0);
    expect(report.facts.timing.spunNs).toBe(200_000_000);
  });

  it('printsTwoLinesACheckForPeople', async () => {
    const { code, stdout } = await run(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Kernel limits$/m);
    expect(stdout).toMatch(/^ {2}(ok|worth mending|not known here) +net\.core\.rmem_max .*\n {18}listen asks for/m);
    expect(stdout).toMatch(
      /^\d+ checks: \d+ ok, \d+ worth mending, \d+ missing, \d+ not known here; all that is needed/m,
    );
  });

  it('exitsWith1WhereSomethingNeededFails', () => {
    const main = join(projectRoot, 'dist/cli/main.js');
    const { status, stdout } = spawnSync(process.execPath, ['--jitless', main, 'doctor'], { encoding: 'utf8' });
    expect(stdout).toMatch(/missing +WebAssembly +absent\n.*\n +now: {7}unset NODE_OPTIONS/);
    expect(stdout).toMatch(/needed and failing: WebAssembly\.\n$/);
    expect(status).toBe(1);
  });
});
