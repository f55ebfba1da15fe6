/** The example parsers, made ready: MDP's layout written, the C one compiled where there is a compiler. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ParserSpec, parserSpecFrom } from '../../src/run/parser-spec.js';
import { projectRoot } from '../support/cli.js';
import { layoutText } from './layout.js';

export type ExampleName = 'Python' | 'C';

/** How to run an example; null, and why, where this machine cannot. */
export interface Example {
  readonly name: ExampleName;
  readonly why: string;
  /** The parser of a protocol with a mistake planted in it, '' for none. */
  spec(protocol: 'itch50' | 'mdp3', bug: string, feed?: 'pcap' | 'binaryfile'): ParserSpec;
}

/** The interpreter itself: what is called python3 may be a script that looks for it each time. */
export const python = pythonPath();
const compiler = ['cc', 'gcc', 'clang'].find((one) => spawnSync(one, ['--version']).status === 0);

/** Makes the examples ready in a folder. */
export function examplesIn(folder: string): Example[] {
  const layout = join(folder, 'mdp3.layout');
  writeFileSync(layout, layoutText());
  const binary = join(folder, 'feed_parser');
  if (compiler !== undefined) {
    const source = join(projectRoot, 'test/parsers/feed_parser.c');
    const built = spawnSync(compiler, ['-O2', '-std=c11', '-o', binary, source], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`feed_parser.c does not compile: ${built.stderr}`);
  }
  const script = join(projectRoot, 'test/parsers/feed_parser.py');
  const commands: Record<ExampleName, readonly string[]> = { Python: [python ?? '', script], C: [binary] };
  const reasons: Record<ExampleName, string> = {
    Python: python === null ? 'there is no python3' : '',
    C: compiler === undefined ? 'there is no C compiler' : '',
  };
  return (['Python', 'C'] as const).map((name) => ({
    name,
    why: reasons[name],
    spec(protocol, bug, feed = 'pcap') {
      const options = protocol === 'mdp3' ? ['--layout', layout] : [];
      // Bugs of memory and time are ended soon.
      const limits = { timeout: '3s', 'max-memory': '400MB' };
      const command = ['env', `BUG=${bug}`, ...commands[name], ...options];
      return parserSpecFrom({ command, feed, ...limits, sequence: 'sequence' }, name, folder);
    },
  }));
}

function pythonPath(): string | null {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}
