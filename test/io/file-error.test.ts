import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseUnwritable, unwritable } from '../../src/io/file-error.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const file = join(folder, 'file');
const locked = join(folder, 'locked');
writeFileSync(file, '');
mkdirSync(locked);

test.each([
  ['ENOENT', 'cannot write a/b.json: there is no folder a; make it with mkdir -p a'],
  ['ENOTDIR', 'cannot write a/b.json: a is no folder, or lies in what is none'],
  ['EISDIR', 'cannot write a/b.json: it is a directory; name a file in it'],
  ...['EACCES', 'EPERM', 'EROFS'].map((code) => [code, /^cannot write a\/b\.json: it may not be written by this user/]),
  ...['ENOSPC', 'EDQUOT'].map((code) => [code, 'cannot write a/b.json: the disk is full']),
  ['EMFILE', 'cannot write a/b.json: as the system says it'],
] as [string, string | RegExp][])('%s in words', (code, says) => {
  const cause = Object.assign(new Error('as the system says it'), { code });
  const error = unwritable('a/b.json', cause, 'open');
  expect(error).toMatchObject({ code: 'open', cause });
  expect(error.message).toMatch(says instanceof RegExp ? says : new RegExp(`^${says}$`));
});

test.each([
  ['a folder that is not there', join(folder, 'no', 'x'), /there is no folder/],
  ['a file for a folder', join(file, 'x'), /file is no folder/],
  ['a folder for a file', folder, /it is a directory/],
])('%s is refused', (_name, path, says) => {
  expect(() => refuseUnwritable(path)).toThrow(says);
});

test.runIf(process.getuid?.() !== 0)('what this user may not write is refused', () => {
  chmodSync(locked, 0o500);
  expect(() => refuseUnwritable(join(locked, 'x'))).toThrow(/may not be written by this user/);
});

test('what can be written is let pass, and nothing is made', () => {
  refuseUnwritable(file);
  refuseUnwritable(join(folder, 'to-be'));
  if (existsSync('/dev/null')) refuseUnwritable('/dev/null');
  expect(readdirSync(folder).sort()).toEqual(['file', 'locked']);
});
