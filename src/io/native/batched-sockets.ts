/** Whether sockets can be used in batches here: the C library can be called, and the system knows the calls. */
import { type Libc, libc, libcAbsence } from './libc.js';
import { ENOSYS } from './socket-numbers.js';

export type BatchedSockets = { libc: Libc; absence: null } | { libc: null; absence: string };

let known: BatchedSockets | undefined;

/** Looked into at the first call of each thread. */
export function batchedSockets(): BatchedSockets {
  known ??= probe(libc(), libcAbsence());
  return known;
}

/** Asks the system for a batch on no socket: it must refuse the socket and not the call. */
export function probe(here: Libc | null, absence: string | null): BatchedSockets {
  if (here === null) return { libc: null, absence: absence ?? 'the C library cannot be called' };
  for (const call of ['sendmmsg', 'recvmmsg'] as const) {
    const timeout = call === 'recvmmsg' ? ', uintptr_t timeout' : '';
    try {
      const ask = here.declare(`int ${call}(int fd, uintptr_t messages, uint32_t count, int flags${timeout})`);
      ask(...(timeout === '' ? [-1, 0, 0, 0] : [-1, 0, 0, 0, 0]));
    } catch (error) {
      return { libc: null, absence: (error as Error).message };
    }
    if (here.errno() === ENOSYS) return { libc: null, absence: `this system refuses ${call}` };
  }
  return { libc: here, absence: null };
}
