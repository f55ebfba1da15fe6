/** What was received of each session, for people. */
import { formatCount, formatCounted } from '../core/time.js';
import type { SessionReport } from '../session/demux.js';
import { numbersPackets } from './inspect-text.js';

const shownGaps = 10;

/** A line for each session, its gaps below it; with where it was sent to, where that is not plain. */
export function describeSessions(sessions: readonly SessionReport[], hasDestinations = false): string[] {
  const lines: string[] = [];
  for (const session of sessions) {
    const { missing, protocol, restarts } = session;
    const isOfPackets = numbersPackets(protocol);
    const unit = isOfPackets ? 'packet' : 'message';
    const verdict =
      missing === 0
        ? 'nothing lost'
        : `${formatCounted(missing, unit)} lost in ${formatCounted(session.gaps.length, 'gap')}`;
    const name = isOfPackets ? `${protocol} from` : `${session.session ?? '-'} from`;
    const range = `${isOfPackets ? 'packets ' : ''}${session.first} to ${session.last}`;
    const to = hasDestinations ? ` to ${session.destination}` : '';
    lines.push(
      `session   ${name} ${session.source}${to}, ${range}: ${verdict}, ` +
        `${formatCounted(session.duplicates, 'duplicate')}, ${formatCount(session.outOfOrder)} out of order` +
        `${restarts ? `, numbered anew ${formatCounted(restarts, 'time')}` : ''}`,
    );
    for (const gap of session.gaps.slice(0, shownGaps)) {
      lines.push(`  gap ${gap.from} to ${gap.to}, ${formatCounted(gap.count, unit)}`);
    }
  }
  return lines;
}
