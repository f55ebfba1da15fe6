import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, interruptReader, projectRoot, run, temporaryFolder } from '../support/cli.js';

const gaps = fixture('itch50-gaps.pcap');

describe('inspect', () => {
  it('reportsGapsDuplicatesAndOrder', async () => {
    const { code, stdout, stderr } = await run(['inspect', gaps, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as { sessions: { gaps: { from: number; to: number; count: number }[] }[] };
    expect(report).toMatchObject({
      format: 'pcap',
      packets: { total: 2997 },
      messages: { total: expect.any(Number), byType: { A: expect.any(Number) } },
      sessions: [{ protocol: 'MoldUDP64', session: 'TICKREEL01', first: 1, duplicates: 1, outOfOrder: 1 }],
      flows: [{ destination: '239.255.42.1:26477', recognisedAs: 'MoldUDP64', application: 'ITCH 5.0' }],
      damage: [],
      busiest: { '1ms': { messages: expect.any(Number) }, '10ms': {}, '1s': {} },
      feedLatency: { count: expect.any(Number), p50: expect.any(Number) },
    });
    for (const { from, to, count } of report.sessions[0].gaps) expect(count).toBe(to - from + 1);
    expect(report.sessions[0].gaps).toHaveLength(2);
  });

  it('isReadableWithoutJson', async () => {
    const { stdout } = await run(['inspect', gaps]);
    expect(stdout).toMatch(/^ {2}gap \d+ to \d+, \d+ messages missing$/m);
    expect(stdout).toMatch(/^feed latency {2}p50 /m);
  });

  it('strictExitsWith4', async () => {
    expect((await run(['inspect', gaps, '--strict'])).code).toBe(4);
  });

  it('portMapNoneLeavesAFlowAlone', async () => {
    const { stdout } = await run(['inspect', gaps, '--json', '--port-map', '26477=none']);
    expect(JSON.parse(stdout)).toMatchObject({ messages: { total: 0 }, flows: [{ recognisedAs: null }] });
  });
});

describe('reference', () => {
  it('listsEveryMessageAsMarkdown', async () => {
    const { code, stdout } = await run(['reference', 'itch50']);
    expect(code).toBe(0);
    for (const name of ['SystemEvent', 'StockDirectory', 'AddOrder', 'DirectListingWithCapitalRaise']) {
      expect(stdout).toContain(name);
    }
    expect(stdout).toMatch(/\|/);
  });
});

describe('a signal', () => {
  it('endsItWithTheReportOfWhatWasRead', async () => {
    const child = spawn(process.execPath, [join(projectRoot, 'dist/cli/main.js'), 'inspect', '-', '--json']);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    interruptReader(child, readFileSync(fixture('itch50-gaps.pcap')));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ messages: { total: 3483 } });
  });
});

describe('the name of a file', () => {
  it('doesNotSayWhatItIs', async () => {
    const folder = temporaryFolder();
    const [pcapng, pcap] = [join(folder, 'a.pcapng'), join(folder, 'b.pcap')];
    await run(['convert', gaps, '-o', pcapng]);
    copyFileSync(gaps, pcap);
    renameSync(pcapng, `${folder}/c.pcap`);
    renameSync(pcap, `${folder}/c.pcapng`);
    const inspected = async (name: string) => JSON.parse((await run(['inspect', join(folder, name), '--json'])).stdout);
    expect(await inspected('c.pcap')).toMatchObject({ format: 'pcapng', messages: { total: 3483 } });
    expect(await inspected('c.pcapng')).toMatchObject({ format: 'pcap', messages: { total: 3483 } });
  });
});
