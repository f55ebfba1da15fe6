/** Lines of a text file, whatever chunks they come in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTextLines } from '../../src/io/text-lines.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();

function linesOf(text: string, maxLineLength = 100_000): string[] {
  const path = join(folder, 'lines.txt');
  writeFileSync(path, text);
  const file = openTextLines(path, maxLineLength);
  const lines: string[] = [];
  for (let line = file.next(); line !== null; line = file.next()) lines.push(line);
  expect(file.next()).toBeNull();
  file.close();
  file.close();
  return lines;
}

describe('openTextLines', () => {
  it('reads lines of any length, the last with an end or without', () => {
    expect(linesOf('')).toEqual([]);
    expect(linesOf('a\nb\n')).toEqual(['a', 'b']);
    expect(linesOf('a\r\n\nb')).toEqual(['a', '', 'b']);
    const many = Array.from({ length: 3000 }, (_, index) => `${'é'.repeat(index % 97)}${index}`);
    expect(linesOf(`${many.join('\n')}\n`)).toEqual(many);
  });

  it('refuses what has no lines, and what is no file', () => {
    expect(() => linesOf('x'.repeat(300_000), 1000)).toThrow('has a line of over 1000 characters');
    expect(() => openTextLines(join(folder, 'missing'), 10)).toThrow('missing');
  });
});
