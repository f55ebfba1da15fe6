/** The suite command over all real captures: a good parser passes, in one run, with a JUnit file that is valid. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { capturesFolder, describeCaptures } from '../support/captures.js';
import { start, temporaryFolder } from '../support/cli.js';
import { junitFaults } from '../support/junit.js';

const folder = temporaryFolder();
const withinMs = 300_000;

describeCaptures('as a suite', () => {
  it(
    'pass, and are told as JUnit',
    async () => {
      const parser = join(folder, 'parser.mjs');
      const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
      writeFileSync(
        parser,
        `import { itch50, mdp3 } from ${index};
       export const onMessage = (view, offset, length, { protocol }) =>
         (protocol === 'mdp3' ? mdp3 : itch50).toObject(view, offset, length);`,
      );
      const junit = join(folder, 'junit.xml');
      const args = ['check', '--parser', parser, '--junit', junit, capturesFolder];
      const { code, stdout, stderr } = await start(args, undefined, withinMs).finished;
      const failed = stdout.split('\n').filter((line) => /^(?:differs|short|crash|hang|error|memory) /.test(line));
      expect(failed).toEqual([]);
      // Some of the captures are damaged, on purpose.
      expect([0, 3], stderr).toContain(code);
      expect(stdout).toMatch(/\n\d+ passed, 0 failed, \d+ skipped: [\d,]+ messages in /);
      const xml = readFileSync(junit, 'utf8');
      expect(await junitFaults(xml)).toEqual([]);
      expect(xml).toMatch(/<testsuites name="tickreel check" tests="\d{2,}" failures="0" errors="0"/);
    },
    withinMs,
  );
});
