/** Runs the wire bench as its command does, and reads its JSON. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, temporaryFolder } from '../support/cli.js';

export interface WireFigures {
  readonly packets: number;
  readonly bytes: number;
  readonly packetsPerSecond: number;
  readonly worstPacketsPerSecond: number;
  readonly rounds: number;
  readonly lost: number[];
  readonly messages?: number;
  readonly path?: string;
  readonly limit?: string;
}

export interface WireReport {
  readonly input: { packets: number; datagramBytes: number; sha256: string };
  readonly cases: Record<string, WireFigures>;
  readonly skipped: Record<string, string>;
}

export function runWireBench(pattern: string, packets: number, rounds: number): WireReport {
  const json = join(temporaryFolder(), 'wire.json');
  const program = join(projectRoot, 'dist', 'bench', 'wire.js');
  const args = [program, pattern, '--packets', String(packets), '--rounds', String(rounds), '--json', json];
  execFileSync(process.execPath, args, { stdio: 'pipe' });
  return JSON.parse(readFileSync(json, 'utf8'));
}
