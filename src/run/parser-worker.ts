/** The worker thread of a parser module: loads it, calls it with the pieces that come, and posts what it made. */
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { exportedParser, ParserCaller, type ParserResult } from './parser-contract.js';
import type { ModuleAnswer, ModuleRequest } from './parser-module.js';

if (parentPort === null) throw new Error('this runs in a worker only');
void serve(parentPort);

async function serve(port: MessagePort): Promise<void> {
  try {
    const module = (await import(pathToFileURL((workerData as { path: string }).path).href)) as Record<string, unknown>;
    const given = exportedParser(module);
    const { reports } = module;
    let caller = new ParserCaller(given, reports);
    port.on('message', (request: ModuleRequest) => {
      if (request.isNew) caller = new ParserCaller(given, reports);
      void answer(caller, request).then((results) => port.postMessage({ results } satisfies ModuleAnswer));
    });
    port.postMessage({ isReady: true, takes: caller.takes, reports: caller.reports } satisfies ModuleAnswer);
  } catch (error) {
    const { message, stack } = error as Error;
    const isOurs = (error as { name?: string }).name === 'UsageError';
    port.postMessage({ failure: isOurs ? message : (stack ?? message) } satisfies ModuleAnswer);
  }
}

async function answer(caller: ParserCaller, { pieces }: ModuleRequest): Promise<ParserResult[]> {
  if (pieces === null) return [await caller.end()];
  const results: ParserResult[] = [];
  for (const piece of pieces) results.push(await caller.parse(piece));
  return results;
}
