/** What Linux tells of UDP sockets in /proc/net/udp and /proc/net/udp6: bytes that wait to be read. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const tables = ['/proc/net/udp', '/proc/net/udp6'];

/** Bytes that wait at sockets, their overhead included. */
export interface UnreadDatagrams {
  readonly bytes: number;
  /** Whether the sockets are those of the processes asked for alone. */
  readonly isOwn: boolean;
}

/**
 * What waits at the sockets of the processes which are bound to the port; at all sockets that are, where none is known
 * to be theirs. 0 bytes where there is no such table.
 */
export function unreadDatagrams(port: number, pids: readonly number[]): UnreadDatagrams {
  const suffix = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  const sockets: { inode: string; bytes: number }[] = [];
  for (const table of tables) {
    for (const line of textOf(table).split('\n')) {
      const [, local = '', , , queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
      if (local.endsWith(suffix)) sockets.push({ inode, bytes: Number.parseInt(queues.split(':')[1] ?? '0', 16) });
    }
  }
  const held = new Set(sockets.length === 0 ? [] : pids.flatMap(inodesOf));
  const own = sockets.filter(({ inode }) => held.has(inode));
  const isOwn = own.length > 0;
  return { bytes: (isOwn ? own : sockets).reduce((sum, { bytes }) => sum + bytes, 0), isOwn };
}

/** Of the sockets that a process has open; none where that cannot be told. */
function inodesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1] ?? []);
  } catch {
    return [];
  }
}

/** Where a link leads; '' where it is gone. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
