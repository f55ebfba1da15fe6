/** What is said where the system refuses a receiving socket its address or its group, whichever way it is opened. */
import { SinkError } from '../core/errors.js';

const bindHints: Record<string, string> = {
  EADDRINUSE: 'another program has it; choose another port',
  EADDRNOTAVAIL: 'it is no address of this machine',
};

export function bindRefused(host: string, port: number, error: NodeJS.ErrnoException): SinkError {
  const hint = bindHints[error.code ?? ''] ?? error.message;
  return new SinkError('bind', `cannot listen on ${host}:${port}: ${hint}`, { cause: error });
}

/** A SinkError, as for an interface that there is not, stays what it is. */
export function joinRefused(host: string, iface: string | null, error: Error): SinkError {
  if (error instanceof SinkError) return error;
  return new SinkError('join', `cannot join ${host} on ${iface ?? 'any interface'}: ${error.message}`, {
    cause: error,
  });
}
