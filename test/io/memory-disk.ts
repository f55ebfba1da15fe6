/** A disk in memory for tests of writers: as large, as slow and as broken as a test wants it. */
import type { Disk, FileIdentity } from '../../src/io/disk.js';

interface MemoryFile {
  path: string;
  bytes: Buffer;
  length: number;
  inode: number;
}

export function diskError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as the system says it`), { code });
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, MemoryFile>();
  /** Every call, as `write 120`. */
  readonly calls: string[] = [];
  /** Bytes that fit on it. */
  capacity = Number.POSITIVE_INFINITY;
  /** The most that one write takes. */
  largestWrite = Number.POSITIVE_INFINITY;
  /** Writes wait for this. */
  gate: Promise<void> | null = null;
  /** An error for a call, by its name and path. */
  refuse: (call: string, path: string) => NodeJS.ErrnoException | null = () => null;
  private readonly open_: MemoryFile[] = [];
  private inodes = 0;

  /** What is in a file. */
  bytesOf(path: string): Uint8Array {
    const file = this.files.get(path);
    if (file === undefined) throw new Error(`there is no ${path}, only ${[...this.files.keys()]}`);
    return file.bytes.subarray(0, file.length);
  }

  get used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Puts a file there, as another program does. */
  put(path: string, text: string): void {
    const bytes = Buffer.from(text);
    this.files.set(path, { path, bytes, length: bytes.length, inode: ++this.inodes });
  }

  async open(path: string, flags: string): Promise<number> {
    this.check('open', path);
    if (flags === 'wx' && this.files.has(path)) throw diskError('EEXIST');
    const file = { path, bytes: Buffer.alloc(0), length: 0, inode: ++this.inodes };
    this.files.set(path, file);
    this.open_.push(file);
    return 99 + this.open_.length;
  }

  async write(
    descriptor: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    position: number | null,
  ): Promise<number> {
    const file = this.fileOf(descriptor);
    if (this.gate !== null) await this.gate;
    this.check('write', file.path);
    const at = position ?? file.length;
    const room = this.capacity - this.used;
    const taken = Math.min(length, this.largestWrite, Math.floor(room));
    if (taken <= 0) throw diskError('ENOSPC');
    if (at + taken > file.bytes.length) {
      const larger = Buffer.alloc(2 * (at + taken));
      file.bytes.copy(larger);
      file.bytes = larger;
    }
    file.bytes.set(bytes.subarray(from, from + taken), at);
    file.length = Math.max(file.length, at + taken);
    this.calls.push(`write ${taken}`);
    return taken;
  }

  async truncate(descriptor: number, length: number): Promise<void> {
    const file = this.fileOf(descriptor);
    this.check('truncate', file.path);
    file.length = length;
  }

  async close(descriptor: number): Promise<void> {
    this.check('close', this.fileOf(descriptor).path);
  }

  async identify(descriptor: number): Promise<FileIdentity> {
    const { path, inode } = this.fileOf(descriptor);
    this.check('identify', path);
    return { dev: 1, ino: inode };
  }

  async remove(path: string, { ino }: FileIdentity): Promise<boolean> {
    this.check('remove', path);
    if (this.files.get(path)?.inode !== ino) return false;
    return this.files.delete(path);
  }

  private check(call: string, path: string): void {
    const error = this.refuse(call, path);
    if (error === null) return;
    this.calls.push(`${call} refused`);
    throw error;
  }

  private fileOf(descriptor: number): MemoryFile {
    const file = this.open_[descriptor - 100];
    if (file === undefined) throw diskError('EBADF');
    return file;
  }
}
