/** Commands that send as fast as they can keep to this machine, unless they are allowed more. */
import { UsageError } from '../core/errors.js';
import { isLoopback, isMulticast, resolveHost } from '../io/address.js';
import type { UdpTarget } from '../run/target.js';

/** Rejects with UsageError where a target leads to another machine; `why` says what the command does. */
export async function refuseRemote({ host, iface }: UdpTarget, why: string): Promise<void> {
  const address = await resolveHost(host ?? '');
  if (isMulticast(address) ? iface === 'lo' || isLoopback(iface ?? '') : isLoopback(address)) return;
  throw new UsageError(
    'remote',
    `${host} is not this machine, and ${why}; --allow-remote allows it (multicast stays here with ?iface=127.0.0.1)`,
  );
}
