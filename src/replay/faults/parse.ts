/**
 * Faults as written: `A: loss 0.1%; B: loss seq 1000-1010; both: reorder 3 0.01%`.
 *
 *     faults = fault *( ";" fault )
 *     fault  = [ scope ":" ] kind [ parameters ] [ which ] [ "from" TIME ] [ "until" TIME ]
 *     scope  = "A" / "B" / … / "both" / ADDRESS / ADDRESS ":" PORT / ":" PORT / a connection or channel of --channels
 *
 * Errors quote the fault and the word that is wrong, and say what would be right.
 */
import { parseAddress } from '../../capture/endpoint.js';
import { UsageError } from '../../core/errors.js';
import { type Fault, type FaultScope, faultKinds } from './fault.js';
import { isForAll, parseEffect } from './parse-effect.js';
import { parseWhich } from './parse-which.js';
import { problem, Words } from './words.js';

const example = 'A: loss 0.1%; B: loss seq 1000-1010; both: reorder 3 0.01%';
const maxFaults = 1000;
/** What scope and kind look like, whatever they are. */
const withScope = new RegExp(`^(\\S*?):\\s*((?:${faultKinds.join('|')})(?:\\s.*)?)$`);

/** Reads any number of faults; `source` says where they were written, such as `--fault`. Throws UsageError. */
export function parseFaults(text: string, source: string): Fault[] {
  const clauses = (text.match(/(?:"[^"]*"|[^;])+/g) ?? []).filter((clause) => clause.trim() !== '');
  if (clauses.length === 0) throw new UsageError('fault', `${source} names no fault: write such as "${example}"`);
  if (clauses.length > maxFaults) throw new UsageError('fault', `${source}: more than ${maxFaults} faults`);
  return clauses.map((clause) => parseFault(clause, source));
}

/** Reads one fault. Throws UsageError. */
export function parseFault(clause: string, source: string): Fault {
  const text = clause.trim().replace(/\s+/g, ' ');
  try {
    return readFault(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError('fault', `${source}: "${text}": ${error.message}`);
    throw error;
  }
}

/** Reads what stands before the colon. Throws UsageError. */
export function parseScope(text: string): FaultScope {
  if (/^(both|all)$/i.test(text)) return { kind: 'all' };
  if (/^[A-Za-z]$/.test(text)) return { kind: 'line', line: text.toUpperCase() };
  if (/^\w+$/.test(text)) return { kind: 'feed', name: text };
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] === undefined ? null : Number(match[3]);
  const isRight = match !== null && (address === '' ? port !== null : parseAddress(address) !== null);
  if (!isRight || (port !== null && port > 65_535)) {
    const forms = 'A, B, both, 239.1.1.1:26477, 239.1.1.1, :26477, or 310IA of --channels';
    throw problem(`'${text}' names no line: write ${forms}`);
  }
  return { kind: 'destination', address: address === '' ? null : address, port };
}

function readFault(text: string): Fault {
  const [scope, body] = splitScope(text);
  const words = new Words(body);
  const effect = parseEffect(words);
  const which = effect.kind === 'rate' ? ({ kind: 'all' } as const) : parseWhich(words, isForAll(effect.kind));
  let fromNs = Number.NEGATIVE_INFINITY;
  let untilNs = Number.POSITIVE_INFINITY;
  if (words.takeIf('from')) fromNs = words.moment();
  if (words.takeIf('until')) untilNs = words.moment();
  if (words.next !== undefined) throw problem(`'${words.next}' is too much: a fault ends with from TIME until TIME`);
  if (untilNs <= fromNs) throw problem('ends before it begins: from is the earlier time, until the later');
  return { text, scope, effect, which, fromNs, untilNs };
}

function splitScope(text: string): [scope: FaultScope, body: string] {
  const match = withScope.exec(text);
  if (match !== null) return [parseScope(match[1]), match[2]];
  // Of an unknown kind the colon and the blank behind it tell.
  const other = /^(\S+):\s+(.*)$/.exec(text) ?? /^([A-Za-z]+):(\S.*)$/.exec(text);
  return other === null ? [{ kind: 'all' }, text] : [parseScope(other[1]), other[2]];
}
