/** Why a file cannot be written, in words and with what to do, for what the system calls ENOENT and so on. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SinkError } from '../core/errors.js';

/** The error to throw where opening or writing `path` failed of `error`. */
export function unwritable(path: string, error: unknown, code = 'write'): SinkError {
  return new SinkError(code, `cannot write ${path}: ${reasonOf(path, error as NodeJS.ErrnoException)}`, {
    cause: error,
  });
}

/** Throws SinkError where the file cannot be made or written, as far as can be told without doing so. */
export function refuseUnwritable(path: string): void {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (status !== undefined) accessSync(path, constants.W_OK);
    else accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(path, error, 'open');
  }
}

function reasonOf(path: string, { code, message }: NodeJS.ErrnoException): string {
  const folder = dirname(path);
  switch (code) {
    case 'ENOENT':
      return `there is no folder ${folder}; make it with mkdir -p ${folder}`;
    case 'ENOTDIR':
    // What making the folder says.
    case 'EEXIST':
      return `${folder} is no folder, or lies in what is none`;
    case 'EISDIR':
      return 'it is a directory; name a file in it';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'it may not be written by this user; name another place, or change the permissions';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    default:
      return message;
  }
}
