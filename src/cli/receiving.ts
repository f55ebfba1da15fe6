/** What commands that receive tell while they do: a line of figures in a terminal, and a buffer that is too small. */
import { formatBytes, formatRate } from '../core/time.js';
import { warn } from './summary.js';

const progressEveryMs = 1000;

/** Draws a line each second, where there is a terminal; the answer takes it away. `line` is given the rate as text. */
export function showReceiving<Figures extends { packets: number }>(
  progress: () => Figures,
  line: (figures: Figures, rate: string) => string,
  stream = process.stderr,
): () => void {
  if (!stream.isTTY) return () => {};
  let before = 0;
  const timer = setInterval(() => {
    const figures = progress();
    const rate = formatRate(((figures.packets - before) * 1000) / progressEveryMs, 'pps');
    before = figures.packets;
    stream.write(`\r\x1b[K${line(figures, rate)}`);
  }, progressEveryMs);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[K');
  };
}

/** Says where the kernel gave a smaller receive buffer than it was asked for. */
export function warnOfSmallBuffer({ askedBytes, grantedBytes }: { askedBytes: number; grantedBytes: number }): void {
  if (grantedBytes >= askedBytes) return;
  warn(
    `asked the kernel for a receive buffer of ${formatBytes(askedBytes)}, it gave ${formatBytes(grantedBytes)}; ` +
      `for more: sysctl -w net.core.rmem_max=${askedBytes}`,
  );
}
