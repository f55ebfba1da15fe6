/** Names of a recording's files: `feed.pcapng` becomes `feed-00001-20260105T143000Z.pcapng`, in order as text too. */
import { basename, dirname, extname, join } from 'node:path';

const numberDigits = 5;

/** The name of the file with this number, from 1, that begins at this second since the epoch. */
export function recordingName(path: string, number: number, seconds: number): string {
  const extension = extname(path);
  const stem = basename(path, extension);
  const time = new Date(seconds * 1000).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  return join(dirname(path), `${stem}-${String(number).padStart(numberDigits, '0')}-${time}${extension}`);
}
