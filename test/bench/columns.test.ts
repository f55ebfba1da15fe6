/** The bench of columns runs on a short session: for its answers, never for its times. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.js';

test('columns answer every question of the bench as reading does', { timeout: 120_000 }, () => {
  const script = `import('./dist/bench/columns.js')
    .then(({ measureColumns }) => measureColumns(20_000, 'dist/cli/main.js', { compares: true }))
    .then((figures) => console.log(JSON.stringify(figures)))`;
  const text = execFileSync(process.execPath, ['-e', script], { cwd: projectRoot, encoding: 'utf8' });
  const { columnBytes, answers } = JSON.parse(text) as { columnBytes: number; answers: { lines: number }[] };
  expect(columnBytes).toBeGreaterThan(20_000);
  expect(answers.filter(({ lines }) => lines > 0).length).toBeGreaterThan(4);
});
