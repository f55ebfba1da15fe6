import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fixture, lines, type Running, run, start } from '../support/cli.js';
import { SoupClient } from '../support/soup-client.js';

const pcap = fixture('itch50-session.pcap');
const serve = ['replay', pcap, '--speed', 'max', '--to'];

/** The port that a replay says it waits on. */
function portOf({ child, finished }: Running): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (more: string) => {
      text += more;
      const match = /soupbintcp:\/\/127\.0\.0\.1:(\d+)\n/.exec(text);
      if (match) resolve(Number(match[1]));
    });
    void finished.then(({ stderr }) => reject(new Error(stderr)));
  });
}

describe('replay --to soupbintcp://', () => {
  it('a client gets the same messages as decode prints', async () => {
    const running = start([...serve, 'soupbintcp://127.0.0.1:0?user=me&password=pw', '--report', '-']);
    const client = new SoupClient({ port: await portOf(running), username: 'ME', password: 'PW' });
    await client.closed;
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^tickreel: waiting for 1 client on soupbintcp:\/\/127\.0\.0\.1:\d+\nActual: 8,610 packets/);
    expect(stderr).toMatch(/^messages served: 10,000$/m);
    expect((JSON.parse(stdout) as { sink: object }).sink).toMatchObject({ clients: 1, logins: 1, messages: 10_000 });
    const decoded = lines<{ type: string; timestamp: string }>((await run(['decode', pcap])).stdout);
    expect(client.messages.map((message) => message.toString('latin1', 0, 1))).toEqual(decoded.map(({ type }) => type));
  });

  it('where nothing is MoldUDP64 it fails and says so', async () => {
    const target = ['--speed', 'max', '--to', 'soupbintcp://127.0.0.1:0?wait=0'];
    const { code, stderr } = await run(['replay', fixture('mdp3-session.pcap'), ...target]);
    expect(stderr).toMatch(
      /^tickreel: no client was sent a message: none of the \d+ datagrams is MoldUDP64.*udp:\/\//m,
    );
    expect(code).toBe(1);
  });

  it('a signal ends the wait', async () => {
    const running = start([...serve, 'soupbintcp://127.0.0.1:0']);
    await portOf(running);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toContain('Ended: stopped');
  });

  it('a port in use is exit code 1 and says so', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { code, stderr } = await run([...serve, `soupbintcp://127.0.0.1:${port}`]);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toBe(
      `tickreel: cannot listen on 127.0.0.1 port ${port}: the port is in use; name another, or 0 for any\n`,
    );
  });

  it('refuses what contradicts it', async () => {
    const kept = await run([...serve, 'soupbintcp://127.0.0.1:0', '--keep-destinations']);
    expect(kept.code).toBe(2);
    expect(kept.stderr).toContain('--keep-destinations goes with --to udp://, not with soupbintcp://127.0.0.1:0');
    const looped = await run([...serve, 'soupbintcp://127.0.0.1:0', '--loop', '2']);
    expect(looped.code).toBe(2);
    expect(looped.stderr).toContain('add --loop-sequence continue');
  });

  it('help targets states the policies', async () => {
    const { stdout } = await run(['help', 'targets']);
    for (const option of [
      'wait=N',
      'history=BYTES',
      'buffer=BYTES',
      'slow=disconnect',
      'slow=wait',
      'client-timeout=TIME',
      'reorder=TIME',
    ]) {
      expect(stdout).toContain(option);
    }
  });
});
