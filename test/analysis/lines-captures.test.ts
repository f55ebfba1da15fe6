/** Lines in real captures: none of those at hand has two, and each is its own second line where it is sent twice. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Inspection } from '../../src/analysis/inspection.js';
import { initHistograms } from '../../src/core/histogram.js';
import { Conversion } from '../../src/run/convert.js';
import { convertSpecOf } from '../../src/run/convert-spec.js';
import { capturePath, describeCaptures, listCaptures } from '../support/captures.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const folders = ['itch50', 'mdp3', 'fast', 'jnx', 'utp', 'cta', 'other'];

async function inspected(paths: string | string[]) {
  const inspection = await Inspection.open(paths);
  await inspection.run();
  const report = inspection.report();
  inspection.destroy();
  return report;
}

beforeAll(initHistograms);

describeCaptures('lines', () => {
  const files = folders.flatMap((name) => listCaptures(name)).filter((path) => /\.(pcap|pcapng|cap)$/.test(path));

  test("no flow is taken for another one's line", async () => {
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) expect((await inspected(capturePath(file))).lines, file).toEqual([]);
  });

  test.each([
    ['itch50/moldudp64/nasdaq/Multiple.Packets.pcap', 2, 'message'],
    ['itch50/moldudp64/bx/OrderDeleteMessage.pcap', 1, 'message'],
    ['mdp3/v9/MdIncrementalRefreshOrderBook.pcap', 1, 'packet'],
  ])('%s, sent again 30 us later', async (file, packets, unit) => {
    const second = join(folder, 'second.pcap');
    const to = { from: null, to: { address: '239.255.99.9', port: 26477 } };
    const restamp = { exchange: false, shiftNs: 30_000, start: null, speed: 1 };
    const spec = convertSpecOf(capturePath(file), second, { remapDestinations: [to], restamp });
    await (await Conversion.open(spec, () => {})).run();
    const { lines } = await inspected([capturePath(file), second]);
    const [{ lines: told, missingOnAll, numbers }] = lines as [(typeof lines)[number]];
    expect(told.map(({ packets: { received }, missing }) => [received, missing - missingOnAll.missing])).toEqual([
      [packets, 0],
      [packets, 0],
    ]);
    expect(lines).toMatchObject([
      { unit, lines: [{ first: numbers - missingOnAll.missing }, { first: 0, lead: null }] },
    ]);
    expect(told[0]?.lead).toMatchObject({ min: 30_000, max: 30_000 });
    expect(told[1]).toMatchObject({ line: 'B', destination: '239.255.99.9:26477', late: 0 });
  });
});
