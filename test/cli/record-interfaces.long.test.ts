/** One group on two interfaces, each with a line of its own: in network namespaces that the test makes and drops. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot, run, startProgram, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const capture = join(folder, 'session.pcap');
const output = join(folder, 'lines.pcapng');
const report = join(folder, 'report.json');
const tickreel = `'${process.execPath}' '${join(projectRoot, 'dist/cli/main.js')}'`;
const group = '239.255.77.90:5000';

/** Two pairs of interfaces between this namespace and one called far. */
const network = `set -e
ip link set lo up
mount -t tmpfs none /run && mkdir /run/netns
ip netns add far
for line in 0 1; do
  ip link add near$line type veth peer name far$line netns far
  ip addr add 10.9.$line.1/24 dev near$line
  ip -n far addr add 10.9.$line.2/24 dev far$line
  ip link set near$line up
  ip -n far link set far$line up
done
`;

it('each socket takes what comes by its own interface, and lines are told apart by them', async (context) => {
  const made = spawnSync('unshare', ['-rnm', 'sh', '-c', network]);
  if (made.status !== 0) context.skip(`no network namespaces here: ${made.stderr ?? made.error?.message}`);
  const generated = await run(['generate', '-o', capture, '--messages', '2000', '--symbols', '5', '--duration', '2s']);
  expect(generated.code, generated.stderr).toBe(0);
  const lines = `--line-a ${group}@near1 --line-b ${group}@10.9.0.1`;
  const play = (line: number): string =>
    `ip netns exec far ${tickreel} replay '${capture}' --to 'udp://${group}?iface=10.9.${line}.2' --speed 2kpps`;
  const { finished } = startProgram('unshare', [
    '-rnm',
    'sh',
    '-c',
    `${network}
    ${tickreel} record 'udp://${group}?iface=near0' 'udp://${group}?iface=near1' -o '${output}' \\
      --arbitrate ${lines} --report '${report}' 2> '${folder}/says' &
    until grep -q near1 '${folder}/says'; do sleep 0.1; done
    ${play(1)}
    ${play(0)}
    sleep 1
    kill $!
    wait $! || test $? = 130`,
  ]);
  const { code, stderr } = await finished;
  expect(code, stderr).toBe(0);
  const {
    interfaces,
    lines: feeds,
    sessions,
  } = JSON.parse(readFileSync(report, 'utf8')) as {
    interfaces: { packets: number }[];
    lines: object[];
    sessions: object[];
  };
  const packets = interfaces[0]?.packets;
  expect(packets).toBeGreaterThan(1000);
  expect(interfaces).toMatchObject([
    { name: 'near0', packets, senders: 1 },
    { name: 'near1', packets, senders: 1 },
  ]);
  expect(feeds).toMatchObject([
    {
      numbers: 2000,
      lines: [
        { line: 'A', source: expect.stringMatching(/^10\.9\.1\.2:/), first: 2000, missing: 0 },
        { line: 'B', source: expect.stringMatching(/^10\.9\.0\.2:/), first: 0, missing: 0 },
      ],
      merged: { passed: 2000, missing: 0 },
    },
  ]);
  expect(sessions).toMatchObject([{ messages: 2000, missing: 0, duplicates: 0 }]);
});
