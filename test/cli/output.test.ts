import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Output } from '../../src/cli/output.js';

/** A stream that takes each piece a while later, or at once, and notes which memory pieces came in. */
function streamOf(delayed: boolean) {
  const taken: string[] = [];
  const buffers = new Set<ArrayBufferLike>();
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      buffers.add(chunk.buffer);
      const take = () => {
        taken.push(chunk.toString('latin1'));
        done();
      };
      if (delayed) setImmediate(take);
      else take();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, taken, buffers };
}

test.each([true, false])('all that is written arrives, from few buffers (taken later: %s)', async (delayed) => {
  const { stream, taken, buffers } = streamOf(delayed);
  const output = new Output(stream);
  let expected = '';
  for (let line = 0; line < 4000; line++) {
    const text = `${line} ${'x'.repeat(line % 700)}\n`;
    expected += text;
    output.write(text);
    if (output.full) await output.drain();
  }
  await output.end();
  expect(taken.join('')).toBe(expected);
  expect(buffers.size).toBeLessThanOrEqual(4);
});
