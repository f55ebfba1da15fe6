/** Mutations to programs that read UDP: what a datagram can carry is sent, what it cannot is told, and what fails found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkSaved } from '../../src/run/mutations/case.js';
import { checkMutations, type MutationResult } from '../../src/run/mutations/check.js';
import { type ParserSpec, parserSpecFrom } from '../../src/run/parser-spec.js';
import { kindsNamed, mutationKinds } from '../../src/sim/mutations/kinds.js';
import { fixture, projectRoot, run, temporaryFolder } from '../support/cli.js';
import { python } from './examples.js';
import { layoutText } from './layout.js';

vi.setConfig({ testTimeout: 180_000 });

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const skip = python === null ? ' (skipped: there is no python3)' : '';
const layout = join(folder, 'mdp3.layout');
writeFileSync(layout, layoutText());

function pythonOverUdp(bug: string, options: readonly string[] = []): ParserSpec {
  const program = join(projectRoot, 'test/parsers/feed_parser.py');
  const command = ['env', `BUG=${bug}`, python ?? '', program, '--udp', '{port}', ...options];
  return parserSpecFrom({ command, feed: 'udp', ready: 'ready', timeout: '3s', reports: true }, 'python.yml', folder);
}

function mutations(parser: ParserSpec, kinds: readonly string[], save: string | null = null, capture = session) {
  return checkMutations({
    ...{ parser, input: inputSpecOf(capture), seed: 11, count: 1, jobs: 2, kinds: kindsNamed(kinds), save },
    parserText: 'x',
  });
}

const verdicts = (results: readonly MutationResult[], verdict: string): string[] =>
  results.filter(({ report }) => report.verdict === verdict).map(({ label }) => label.kind);

describe('Python over UDP', () => {
  it.skipIf(skip !== '')(`passes what can be sent, and the rest is skipped with its reason${skip}`, async () => {
    const results = await mutations(pythonOverUdp(''), [
      'frame',
      'ip',
      'transport',
      'session',
      'stream',
      'type-unknown',
    ]);
    const ofMold = mutationKinds.filter(({ framings }) => framings.includes('moldudp64'));
    const below = ofMold.filter(({ layer }) => ['frame', 'ip', 'transport'].includes(layer)).map(({ name }) => name);
    expect(below).toContain('ip-fragments');
    expect(verdicts(results, 'skipped').sort()).toEqual([...below, 'stamp-backwards'].sort());
    const passed = ofMold.filter(
      ({ layer, name }) => ['session', 'stream'].includes(layer) && name !== 'stamp-backwards',
    );
    expect(verdicts(results, 'pass').sort()).toEqual([...passed.map(({ name }) => name), 'type-unknown'].sort());
    expect(new Set(results.map(({ report }) => report.verdict))).toEqual(new Set(['pass', 'skipped']));
    const told = results.find(({ label }) => label.kind === 'ip-fragments');
    expect(told?.report.message).toBe('the system that sends a datagram writes its headers itself');
  });

  it.skipIf(skip !== '')(`MDP, of which each case is one flow${skip}`, async () => {
    const kinds = ['packet-missing', 'size-zero', 'group-count-high', 'template-unknown'];
    const parser = pythonOverUdp('', ['--layout', layout]);
    const results = await mutations(parser, kinds, null, fixture('mdp3-session.pcap'));
    expect(verdicts(results, 'pass').sort()).toEqual(kinds.sort());
  });

  it.skipIf(skip !== '').each([
    ['gap-silent', 'packet-missing', 'differs', /^wrong reports: .*missing, and no gap reported/],
    ['reject-silent', 'count-high', 'differs', /^wrong reports: packet \d not rejected: count-high/],
    ['hang-on-empty', 'block-empty', 'hang', /^neither read nor wrote for 3000 ms, and was ended/],
  ] as const)(`%s: %s is a %s%s, also where the case is checked again${skip}`, async (bug, kind, verdict, message) => {
    const save = join(folder, bug);
    const results = await mutations(pythonOverUdp(bug), [kind, 'heartbeat'], save);
    expect(verdicts(results, 'pass')).toEqual(['heartbeat']);
    const failed = results.find(({ label }) => label.kind === kind) as MutationResult;
    expect([failed.report.verdict, failed.report.message]).toEqual([verdict, expect.stringMatching(message)]);
    expect(failed.packets).toBeLessThanOrEqual(4);
    const input = inputSpecOf(failed.saved as string);
    expect(await checkSaved(pythonOverUdp(bug), { input })).toMatchObject({ verdict });
    expect(await checkSaved(pythonOverUdp(''), { input })).toMatchObject({ verdict: 'pass' });
  });
});

describe('tickreel check --mutations --feed udp', () => {
  const script = `let seen = 0;
    const socket = require('dgram').createSocket('udp4').on('message', (data) => {
      if (data.readUInt16BE(18) === 0 && seen > 0) process.exit(9);
      seen++;
    });
    socket.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening'));`;
  const path = join(folder, 'tiny.yml');
  const keys = { command: [process.execPath, '-e', script], ready: 'listening', only: ['O'] };

  it('tells a crash, what was skipped, and the command that shows it again', async () => {
    writeFileSync(path, JSON.stringify(keys));
    const save = join(folder, 'tiny');
    const args = ['check', '--parser', path, '--feed', 'udp', '--timeout', '5s', '--mutations', '--save', save];
    const junit = join(folder, 'tiny.xml');
    const kinds = ['--kind', 'heartbeat,type-unknown,ip-version,ip-fragments', '--junit', junit];
    const { code, stdout, stderr } = await run([...args, ...kinds, session]);
    expect([code, stderr]).toEqual([7, '']);
    expect(stdout).toContain('crash    heartbeat, expect skip');
    expect(stdout).toMatch(/^skipped {2}2 kinds: the system that .* itself: ip-version, ip-fragments$/m);
    expect(stdout).toMatch(/^4 mutations: 1 passed, 1 crash, 2 skipped$/m);
    const command = /Again: tickreel (check .*heartbeat-1\.pcap)$/m.exec(stdout)?.[1] ?? '';
    expect(command).toContain('--feed udp --timeout 5000ms');
    const again = await run(command.replaceAll("'", '').split(' '));
    expect([again.code, again.stdout]).toEqual([7, expect.stringMatching(/^crash [\s\S]*ended with code 9/)]);
    expect(readFileSync(junit, 'utf8')).toMatch(/tests="4" failures="0" errors="1"[\s\S]*skipped="2"/);
  });

  it('a capture of TCP has no datagrams', async () => {
    const soup = join(folder, 'soup.pcap');
    await run(['convert', session, '-o', soup, '--framing', 'soupbintcp']);
    writeFileSync(path, JSON.stringify(keys));
    const { code, stderr } = await run(['check', '--parser', path, '--feed', 'udp', '--mutations', soup]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('what came over TCP is not fed as datagrams')]);
  });
});
