/** What Linux tells of UDP sockets in /proc/net/udp and /proc/net/udp6: bytes that wait to be read. */
import { readFileSync } from 'node:fs';

const tables = ['/proc/net/udp', '/proc/net/udp6'];

/**
 * Bytes that wait at all sockets of this machine which are bound to the port, their overhead included; 0 where there is
 * no such table.
 */
export function unreadDatagramBytes(port: number): number {
  const own = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  let bytes = 0;
  for (const table of tables) {
    for (const line of textOf(table).split('\n')) {
      const [, local = '', , , queues = ''] = line.trim().split(/\s+/);
      if (local.endsWith(own)) bytes += Number.parseInt(queues.split(':')[1] ?? '0', 16);
    }
  }
  return bytes;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
