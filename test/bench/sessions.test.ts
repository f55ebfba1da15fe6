/** The bench of long sessions runs on a short one: for what it counts, never for its times. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.js';

test('a session is inspected as it was made, stored and through a pipe', { timeout: 120_000 }, () => {
  const script = `const { measureSession } = await import('./dist/bench/sessions.js');
    const of = (options) => measureSession(30_000, 'dist/cli/main.js', options);
    console.log(JSON.stringify([await of({}), await of({ pipe: true }), await of({ pipe: true, symbols: 50 })]))`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  const [stored, piped, others] = JSON.parse(text) as { checksum: number; bytes: number; isStored: boolean }[];
  expect([stored?.isStored, piped?.isStored]).toEqual([true, false]);
  expect([piped?.checksum, piped?.bytes]).toEqual([stored?.checksum, stored?.bytes]);
  expect(stored?.bytes).toBeGreaterThan(900_000);
  expect(others?.checksum).not.toBe(stored?.checksum);
});
