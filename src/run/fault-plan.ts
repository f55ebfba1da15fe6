/** Faults out of what a user writes: options, a script in YAML, and the histograms of delays that they name. */
import { dirname, resolve } from 'node:path';
import { UsageError } from '../core/errors.js';
import { readTextFile } from '../io/text-input.js';
import { readDelayTable } from '../replay/faults/delay-table.js';
import type { Delay, Fault, FaultEffect, FaultPlan } from '../replay/faults/fault.js';
import { parseFaults } from '../replay/faults/parse.js';
import { parseFaultScript } from './fault-script.js';
import { type FaultSpec, noFaults } from './run-faults.js';

/** Faults are drawn from this where no seed is given. */
export const defaultFaultSeed = 1;
const maxFileBytes = 64 * 2 ** 20;

/** What a user may give. */
export interface FaultSources {
  /** As `--fault` takes them. */
  readonly texts?: readonly string[];
  /** A script's file. */
  readonly script?: string | null;
  /** Before the script's own. */
  readonly seed?: number | string | null;
}

/** Reads everything; rejects with UsageError or CaptureError that say where what is wrong was written. */
export async function loadFaultPlan({ texts = [], script = null, seed = null }: FaultSources): Promise<FaultPlan> {
  const faults = texts.flatMap((text) => parseFaults(text, '--fault')).map((fault) => withTable(fault, '.'));
  if (script === null) return { faults, seed: seed ?? defaultFaultSeed };
  const read = await parseFaultScript(readTextFile(script, maxFileBytes), script);
  const folder = dirname(script);
  return {
    faults: [...faults, ...read.faults.map((fault) => withTable(fault, folder))],
    seed: seed ?? read.seed ?? defaultFaultSeed,
  };
}

/** Faults as a replay or a conversion takes them, drawn and not logged. */
export async function faultSpecOf(sources: FaultSources): Promise<FaultSpec> {
  return { ...noFaults, plan: await loadFaultPlan(sources) };
}

/** The fault with its histogram, whose name counts from `folder`. */
function withTable(fault: Fault, folder: string): Fault {
  const { effect } = fault;
  if (!('delay' in effect) || effect.delay?.kind !== 'histogram') return fault;
  const path = resolve(folder, effect.delay.path);
  const delay: Delay = { ...effect.delay, table: readDelayTable(readTextFile(path, maxFileBytes), path) };
  return { ...fault, effect: { ...effect, delay } as FaultEffect };
}

/** Reads a seed: a whole number, or any text. */
export function parseFaultSeed(text: string): number | string {
  const value = Number(text);
  if (text === '') throw new UsageError('seed', 'a seed is a number or a text, not nothing');
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : text;
}
