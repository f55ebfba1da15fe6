/** A parser under test held against captures: in a module, in a program, wrong in known ways. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { plainMapping } from '../../src/compare/mapping.js';
import { itch50, mdp3 } from '../../src/index.js';
import { Program } from '../../src/run/bench/program.js';
import { checkHere, checkParser } from '../../src/run/check-capture.js';
import { runCases } from '../../src/run/check-cases.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { fixture, temporaryFolder } from '../support/cli.js';

const input = inputSpecOf(fixture('itch50-gaps.pcap'));
const folder = temporaryFolder();
type Values = Record<string, unknown>;

function decoder(spoil: (values: Values, count: number) => Values | null = (values) => values) {
  let count = 0;
  return (view: DataView, offset: number, length: number) => {
    const values = itch50.toObject(view, offset, length) as Values | null;
    return values === null ? null : spoil(values, count++);
  };
}

function check(spoil?: (values: Values, count: number) => Values | null) {
  return checkHere(decoder(spoil), plainMapping, { input });
}

describe('a parser that is called', () => {
  it('passes where it is right', async () => {
    const report = await check();
    expect(report).toMatchObject({ verdict: 'pass', message: '', around: [] });
    expect(report.counts).toMatchObject({ left: 3483, right: 3483, same: 3483, changed: 0, missing: 0 });
  });

  it('is told the field, the bytes and the mistake', async () => {
    const report = await check((values) =>
      values.type === 'A' ? { ...values, price: Number(values.price) * 1e4 } : values,
    );
    expect(report.verdict).toBe('differs');
    expect(report.divergences.causes).toEqual([
      expect.objectContaining({ kind: 'field', cause: 'A AddOrder.price', count: 1326, hinted: 1326 }),
    ]);
    expect(report.divergences.causes[0]?.hint).toBe('10^4 times too large: the scale');
    expect(report.divergences.first?.fields).toEqual([
      expect.objectContaining({ path: 'price', expected: 112877, actual: 1128770000, at: { offset: 32, length: 4 } }),
    ]);
    expect(report.around.map(({ distance }) => distance)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    expect(report.around[3]?.text).toContain('sequence 38');
  });

  it('misses messages, and has ones of its own', async () => {
    const report = await check((values, count) => (count === 100 ? null : values));
    expect(report.counts).toMatchObject({ missing: 1, same: 3482 });
    expect(report.divergences.first).toMatchObject({ kind: 'missing', ordinal: 100 });
  });

  it('throws, and goes on', async () => {
    const report = await check((values, count) => {
      if (count === 5) throw new Error('of five');
      return values;
    });
    expect(report.verdict).toBe('crash');
    expect(report.message).toContain('of five');
    expect(report.counts.same).toBe(3482);
  });

  it('decodes MDP 3.0 with a wrong entry of a group', async () => {
    let isDone = false;
    const parse = (view: DataView, offset: number, length: number) => {
      const values = mdp3.toObject(view, offset, length) as Values;
      const entries = values.NoMDEntries as Values[] | undefined;
      if (entries === undefined || entries.length < 2 || isDone) return values;
      isDone = true;
      return { ...values, NoMDEntries: [entries[0], { ...entries[1], RptSeq: Number(entries[1]?.RptSeq) + 1 }] };
    };
    const report = await checkHere(parse, plainMapping, { input: inputSpecOf(fixture('mdp3-session.pcap')) });
    expect(report.divergences.total).toBe(1);
    const field = report.divergences.first?.fields.find(({ path }) => path.endsWith('RptSeq'));
    expect(field).toMatchObject({ path: 'NoMDEntries[1].RptSeq', hint: 'off by one' });
    const bytes = Buffer.from(report.divergences.first?.bytes ?? '', 'hex');
    expect(bytes.readUInt32LE(field?.at?.offset)).toBe(field?.expected);
  });
});

describe('a module', () => {
  it('is held to its own bounds, whatever those of one before it were', async () => {
    const module = join(folder, 'slow.mjs');
    writeFileSync(
      module,
      `let isFirst = true;
      export function onMessage() {
        const untilMs = Date.now() + (isFirst ? 6000 : 0);
        isFirst = false;
        while (Date.now() < untilMs);
        return null;
      }`,
    );
    // Its thread is a file of its own, which is there once it is built.
    const built = new URL('../../dist/run/parser-module.js', import.meta.url).href;
    const { endIdleModules, openModule } = (await import(built)) as typeof import('../../src/run/parser-module.js');
    const patient = await openModule(parserSpecFrom({ module, timeout: '60s' }, 'test', folder));
    await patient.close();
    const strict = await openModule(parserSpecFrom({ module, timeout: '3s' }, 'test', folder));
    await strict.call([{ bytes: new Uint8Array(12), context: {} as never }]);
    expect(strict.outcome).toMatchObject({ verdict: 'hang' });
    await strict.close();
    await endIdleModules();
  }, 60_000);
});

describe('a module that dies while no capture is under way', () => {
  it('is loaded again for the next one', async () => {
    const module = join(folder, 'late.mjs');
    writeFileSync(
      module,
      `export const onMessage = () => {
        setTimeout(() => { throw new Error('late'); }, 50);
        return null;
      };`,
    );
    const built = new URL('../../dist/run/parser-module.js', import.meta.url).href;
    const { endIdleModules, openModule } = (await import(built)) as typeof import('../../src/run/parser-module.js');
    const spec = parserSpecFrom({ module, timeout: '20s' }, 'test', folder);
    const first = await openModule(spec);
    await first.call([{ bytes: new Uint8Array(12), context: {} as never }]);
    await first.close();
    while (first.outcome.verdict === 'ok') await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await openModule(spec);
    expect(second).not.toBe(first);
    expect(second.outcome).toMatchObject({ verdict: 'ok' });
    expect(await second.call([{ bytes: new Uint8Array(12), context: {} as never }])).toHaveLength(1);
    await second.close();
    await endIdleModules();
  }, 60_000);
});

describe('a program', () => {
  const program = (body: string) => {
    const path = join(folder, `parser-${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(
      path,
      `import { itch50 } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const chunks = [];
      for await (const chunk of process.stdin) chunks.push(chunk);
      const data = Buffer.concat(chunks);
      const messages = [];
      for (let at = 0; at + 2 <= data.length; at += 2 + data.readUInt16BE(at)) {
        const length = data.readUInt16BE(at);
        messages.push(itch50.toObject(new DataView(data.buffer, data.byteOffset + at + 2, length), 0, length));
      }
      ${body}`,
    );
    return parserSpecFrom({ command: [process.execPath, path], timeout: '20s' }, 'test', folder);
  };
  const print = 'process.stdout.write(messages.map((one) => JSON.stringify(one) + "\\n").join(""));';

  it('that was ended with us has no report, and none comes behind it', async () => {
    const parser = program(print);
    const cases = ['a', 'b'].map((name) => ({
      name,
      input,
      parser,
      golden: null,
      accepted: new Set<string>(),
      isOptional: false,
    }));
    const told: string[] = [];
    let isStopped = false;
    const reports = await runCases(cases, {
      jobs: 1,
      isStopped: () => isStopped,
      onProgress: () => {
        isStopped = true;
      },
      onReport: ({ name }) => told.push(name),
    });
    expect({ reports, told }).toEqual({ reports: [], told: [] });
  }, 60_000);

  it('is refused where what it says when it is ready is no pattern', () => {
    expect(() => parserSpecFrom({ command: ['x'], feed: 'udp', ready: '(' }, 'my.yml', folder)).toThrow(
      'my.yml: ready: it is no regular expression',
    );
  });

  it('is ended where it closes its output and goes on', async () => {
    const command = ['sh', '-c', 'cat > /dev/null; exec >&-; exec sleep 30'];
    const report = await checkParser(parserSpecFrom({ command, timeout: '2s' }, 'test', folder), { input });
    expect(report).toMatchObject({ verdict: 'hang' });
  }, 20_000);

  it('holds nothing up where what it left behind holds its output open', async () => {
    // What is held up is so for longer than the test may take.
    const command = ['sh', '-c', 'setsid sleep 90 & exec cat > /dev/null'];
    const report = await checkParser(parserSpecFrom({ command, timeout: '2s', only: ['O'] }, 'test', folder), {
      input,
    });
    expect(report).toMatchObject({ verdict: 'pass' });
    const measured = new Program('setsid sleep 90 & sleep 90', false);
    await measured.close();
    expect(measured.isOver).toBe(true);
  }, 60_000);

  it.each([
    ['a pipe', {}, 'process.stdin.once("data", () => process.exit(3))'],
    [
      'UDP',
      { feed: 'udp', ready: 'up' },
      // Once all was sent, and its output is waited for.
      `let late; require('dgram').createSocket('udp4').on('message', () => {
        clearTimeout(late);
        late = setTimeout(() => process.exit(3), 200);
      }).bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('up'))`,
    ],
  ] as const)(
    'that crashes, fed by %s, is a crash, whatever was wanted of it',
    async (_name, keys, script) => {
      const command = [process.execPath, '-e', script];
      for (let time = 0; time < 3; time++) {
        const report = await checkParser(parserSpecFrom({ command, ...keys, only: ['O'] }, 'test', folder), { input });
        expect(report).toMatchObject({ verdict: 'crash', message: expect.stringContaining('ended with code 3') });
      }
    },
    60_000,
  );

  it('passes where it writes what there is', async () => {
    expect(await checkParser(program(print), { input })).toMatchObject({ verdict: 'pass', errorText: '' });
  });

  it('leaves one out in the middle: the others are the same', async () => {
    const report = await checkParser(program(`messages.splice(1000, 1); ${print}`), { input });
    expect(report.counts).toMatchObject({ missing: 1, extra: 0, changed: 0, same: 3482 });
    expect(report.divergences.first).toMatchObject({ kind: 'missing', ordinal: 1000 });
  });

  it('stops short, crashes, writes rubbish', async () => {
    expect((await checkParser(program(`messages.length = 3000; ${print}`), { input })).verdict).toBe('short');
    const crash = await checkParser(program(`console.error('of old age'); process.exit(3);`), { input });
    expect(crash).toMatchObject({ verdict: 'crash', errorText: 'of old age' });
    const rubbish = await checkParser(program(`console.log('hello'); ${print}`), { input });
    expect(rubbish.verdict).toBe('rubbish');
    expect(rubbish.message).toContain('line 1 of its output is no JSON: hello');
    expect(rubbish.counts.same).toBe(3483);
  }, 60_000);
});
