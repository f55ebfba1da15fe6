/** Memory does not grow with the file: a capture of 5 GB, generated, inspected and converted. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureLarge } from '../../bench/large.js';
import { projectRoot } from '../support/cli.js';

const bytes = 5e9;
const mostMb = 300;
const { bavail, bsize } = statfsSync(tmpdir());
const isRoom = bavail * bsize > 1.2 * bytes && process.platform === 'linux';

test.runIf(isRoom)(
  `5 GB within ${mostMb} MB${isRoom ? '' : ' (skipped: not Linux, or no room in the temporary folder)'}`,
  async () => {
    const runs = await measureLarge(bytes, join(projectRoot, 'dist/cli/main.js'));
    for (const { command, messages, fileBytes, peakMb, seconds } of runs) {
      console.log(
        `${command}: ${fileBytes} bytes, ${messages} messages, ${seconds.toFixed(1)} s, peak ${peakMb.toFixed(0)} MB`,
      );
      expect(fileBytes).toBeGreaterThan(bytes * 0.98);
      expect(messages).toBe(runs[0]?.messages);
      expect(peakMb).toBeGreaterThan(20);
      expect(peakMb).toBeLessThan(mostMb);
    }
  },
);
