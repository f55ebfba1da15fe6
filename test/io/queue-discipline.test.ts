import { describe, expect, test } from 'vitest';
import { transmitClock } from '../../src/io/queue-discipline.js';

/** Answers as `ip -j` and `tc -j` do; an interface has the disciplines named. */
function system(disciplines: Record<string, string[]>, asked: string[] = []) {
  return (command: string, args: readonly string[]): string => {
    asked.push([command, ...args].join(' '));
    if (command === 'ip') return JSON.stringify([{ dst: args.at(-1), dev: args.at(-1) === '::1' ? 'lo' : 'eth0' }]);
    return JSON.stringify((disciplines[args.at(-1) as string] ?? []).map((kind) => ({ kind, handle: '0:' })));
  };
}

describe('transmitClock', () => {
  test.each([
    [['fq'], 'monotonic'],
    [['mq', 'fq', 'fq'], 'monotonic'],
    [['mqprio', 'etf'], 'tai'],
  ])('%j keeps times by the %s clock', (kinds, clock) => {
    const asked: string[] = [];
    expect(transmitClock({ host: '10.0.0.1', iface: null }, system({ eth0: kinds }, asked))).toBe(clock);
    expect(asked).toEqual(['ip -j route get 10.0.0.1', 'tc -j qdisc show dev eth0']);
  });

  test('an interface that is named is not looked up, one that is given by address is', () => {
    const asked: string[] = [];
    const run = system({ eth7: ['fq'], eth0: ['fq'] }, asked);
    transmitClock({ host: '239.1.1.1', iface: 'eth7' }, run);
    transmitClock({ host: null, iface: '10.0.0.1' }, run);
    expect(asked).toEqual(['tc -j qdisc show dev eth7', 'ip -j route get 10.0.0.1', 'tc -j qdisc show dev eth0']);
  });

  test.each([
    ['noqueue', { host: '::1', iface: null }, /discipline of lo is noqueue, which keeps no times; fq does \(tc qdisc/],
    ['nothing told', { host: '10.0.0.1', iface: null }, /discipline of eth0 is none/],
    ['no host', { host: null, iface: null }, /no one interface that leads to the captured destinations; name it/],
  ])('%s: says what to do', (_name, to, message) => {
    expect(() => transmitClock(to, system({ lo: ['noqueue'] }))).toThrow(message);
  });

  test('without the tools it cannot be told', () => {
    const none = (): string => {
      throw new Error('spawnSync ip ENOENT\nand more');
    };
    expect(() => transmitClock({ host: '10.0.0.1', iface: null }, none)).toThrow(
      /`ip -j route get 10\.0\.0\.1` fails: spawnSync ip ENOENT \(it is of the package iproute2\)/,
    );
  });
});
