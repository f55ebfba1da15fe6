/** The house's rules as a test: who may import whom, how long files and functions may be, and that nothing lies idle. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const maxFileLines = 400;
const maxFunctionLines = 70;
const maxColumns = 120;

/** What each room may import, beside itself. */
const rooms: Record<string, readonly string[]> = {
  core: [],
  schema: ['core'],
  capture: ['core'],
  session: ['core'],
  protocol: ['core', 'schema'],
  compare: ['core', 'schema', 'protocol'],
  replay: ['core', 'schema', 'capture', 'session', 'protocol'],
  sim: ['core', 'schema', 'capture', 'session', 'protocol'],
  plot: ['core'],
  io: ['core', 'capture', 'session'],
  analysis: ['core', 'schema', 'capture', 'session', 'protocol', 'replay', 'plot', 'io'],
  run: ['core', 'schema', 'capture', 'session', 'protocol', 'compare', 'replay', 'sim', 'plot', 'io', 'analysis'],
  cli: [
    'core',
    'schema',
    'capture',
    'session',
    'protocol',
    'compare',
    'replay',
    'sim',
    'plot',
    'io',
    'analysis',
    'run',
  ],
};
/** Rooms that take bytes and give callbacks: no files, sockets, threads or streams. */
const pureRooms = ['core', 'schema', 'capture', 'session', 'protocol', 'compare', 'replay', 'sim', 'plot'];
const impureModules = /^node:(fs|net|dgram|http|https|zlib|stream|worker_threads|child_process|os|dns|tty)/;
/** What a run starts by file name, not by import. */
const entries = [
  'index.ts',
  'cli/main.ts',
  'analysis/threads/part-worker.ts',
  'run/replay-worker.ts',
  'run/ring-worker.ts',
  'run/parser-worker.ts',
  'run/bench/stage-worker.ts',
