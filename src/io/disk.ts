/** The few things that a writer in the background asks of a file system, each off the calling thread. */
import { close, fstat, ftruncate, open, stat, unlink, write } from 'node:fs';
import { promisify } from 'node:util';

/** Which file a path or descriptor leads to. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** Rejections are errors of node:fs, with their codes. */
export interface Disk {
  open(path: string, flags: string): Promise<number>;
  /** Writes at `position`, or behind what was written where it is null; answers how many bytes were taken. */
  write(file: number, bytes: Uint8Array, from: number, length: number, position: number | null): Promise<number>;
  truncate(file: number, length: number): Promise<void>;
  close(file: number): Promise<void>;
  identify(file: number): Promise<FileIdentity>;
  /** Removes the file unless the path leads to another by now; answers whether it did. */
  remove(path: string, identity: FileIdentity): Promise<boolean>;
}

const openFile = promisify(open);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);
const statusOf = promisify(fstat);
const statusAt = promisify(stat);
const removeFile = promisify(unlink);

/** The file system of this machine. */
export const localDisk: Disk = {
  open: (path, flags) => openFile(path, flags),
  write: (file, bytes, from, length, position) =>
    new Promise((resolve, reject) =>
      write(file, bytes, from, length, position, (error, written) => (error ? reject(error) : resolve(written))),
    ),
  truncate: (file, length) => truncateFile(file, length),
  close: (file) => closeFile(file),
  identify: (file) => statusOf(file),
  async remove(path, { dev, ino }) {
    try {
      const status = await statusAt(path);
      if (status.dev !== dev || status.ino !== ino) return false;
      await removeFile(path);
      return true;
    } catch (error) {
      // Whoever took it away did what was to be done.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  },
};
