/** What is unknown on a command line is named before what is missing from it. */
import { expect, test } from 'vitest';
import { run } from '../support/cli.js';

test.each([
  ['record', ['udp://127.0.0.1:0'], "'-o, --output <file>'"],
  ['convert', ['session.pcap'], "'-o, --output <file>'"],
  ['generate', [], "'-o, --output <file>'"],
  ['find-limit', ['session.pcap'], "'--to <target>'"],
])('%s', async (command, operands, option) => {
  const unknown = await run([command, ...operands, '--outptu', 'x']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/unknown option '--outptu'/);
  expect(unknown.stderr).not.toContain('not specified');
  const missing = await run([command, ...operands]);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain(`required option ${option} not specified`);
});
