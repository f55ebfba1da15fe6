/**
 * Two ends of a virtual cable (veth) in a network namespace of their own: frames that are sent into one come out of the
 * other, and none leaves the namespace, which is gone as soon as `close` is called or this process ends.
 */
import { execFileSync, spawn } from 'node:child_process';

const near = 'reel0';
const far = 'reel1';
const readyMs = 10_000;

export interface Cable {
  readonly near: string;
  readonly far: string;
  /** The command that runs another within the namespace. */
  within(program: string, ...args: string[]): [program: string, args: string[]];
  close(): void;
}

/** Lays a cable whose ends have this MTU; answers why not where that is not permitted or a tool is missing. */
export async function layCable(mtu = 1500): Promise<Cable | { reason: string }> {
  if (process.platform !== 'linux') return { reason: 'network namespaces are Linux’s' };
  const isRoot = process.getuid?.() === 0;
  const holder = spawn('unshare', [...(isRoot ? [] : ['-r']), '-n', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const reason = await new Promise<string | null>((resolve) => {
    let said = '';
    const timer = setTimeout(() => resolve('unshare did not answer'), readyMs);
    const answer = (why: string | null): void => {
      clearTimeout(timer);
      resolve(why);
    };
    holder.once('error', (error) => answer(error.message));
    holder.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    holder.stdout.once('data', () => answer(null));
    holder.once('exit', () => answer(said.trim() || 'unshare ended'));
  });
  const close = (): void => {
    holder.stdin.end();
    holder.kill();
  };
  if (reason !== null) {
    close();
    return { reason };
  }
  const user = isRoot ? [] : ['--user', '--preserve-credentials'];
  const within: Cable['within'] = (program, ...args) => [
    'nsenter',
    ['--target', `${holder.pid}`, '--net', ...user, '--', program, ...args],
  ];
  const script = [
    // Nothing but what is sent: hosts of IPv6 introduce themselves.
    'for all in all default; do echo 1 > /proc/sys/net/ipv6/conf/$all/disable_ipv6 || true; done',
    `ip link add ${near} mtu ${mtu} type veth peer name ${far} mtu ${mtu}`,
    `ip link set ${near} up`,
    `ip link set ${far} up`,
    'ip link set lo up',
  ];
  try {
    execFileSync(...within('sh', '-ec', script.join('\n')), { stdio: 'pipe' });
  } catch (error) {
    close();
    return { reason: (error as Error).message.replaceAll('\n', ' ') };
  }
  return { near, far, within, close };
}
