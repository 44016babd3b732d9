import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Clock } from '../../runtime/clock.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { errorText } from '../../runtime/errors.ts';
import { type Address, formatAddress, isLoopback } from '../address.ts';
import { type AddressSpace, plainAddress } from './address-space.ts';
import { type Credentials, nameProblem, tlsOptions } from './credentials.ts';
import { WireFault } from './fault.ts';
import { type GreetDeps, type Greeted, greet } from './greet.ts';
import type { Lane } from './hello.ts';

export interface DialDeps extends GreetDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly connectTimeoutMs: number;
  readonly allowed: AddressSpace;
  /** All addresses of a host, looked up now. */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** A name may stand for several addresses, of which some lead nowhere; more than these are not tried in one go. */
const MOST_ADDRESSES = 4;

/**
 * Resolves, connects, agrees on TLS and goes through the handshake. One attempt at each address of the host; the caller owns retries.
 *
 * @param wanted the member that is looked for, where it is known
 * @throws {WireFault} or the signal's reason
 */
export async function dial(
  address: Address,
  purpose: { readonly lane: Lane; readonly wanted: string | undefined },
  deps: DialDeps,
  signal: AbortSignal,
): Promise<Greeted> {
  const socket = await openSocket(address, deps, signal);
  return greet(socket, { side: 'dialler', ...purpose }, deps, signal);
}

async function openSocket(address: Address, deps: DialDeps, signal: AbortSignal): Promise<Socket> {
  const { clock, connectTimeoutMs } = deps;
  const found = await withDeadline(clock, connectTimeoutMs, signal, (within) => deps.resolve(address.host, within));
  signal.throwIfAborted();
  if (found.length === 0) throw new WireFault('unreachable', `${address.host} has no address`);
  const ips = found.filter((ip) => mayBeReached(ip, deps));
  if (ips.length === 0)
    throw new WireFault(
      'refused',
      `${found.join(', ')} is outside of what RaftAllowedAddressSpace or the lack of authentication allows`,
    );
  let problem: unknown;
  for (const ip of ips.slice(0, MOST_ADDRESSES)) {
    try {
      return await withDeadline(clock, connectTimeoutMs, signal, (within) => connect(ip, address, deps, within));
    } catch (error) {
      signal.throwIfAborted();
      problem = error;
    }
  }
  if (problem instanceof WireFault) throw problem;
  throw new WireFault('unreachable', `no connection to ${formatAddress(address)}: ${errorText(problem)}`, problem);
}

function mayBeReached(ip: string, { allowed, household }: DialDeps): boolean {
  return allowed.allows(ip) && !exposed(ip, household.credentials());
}

/** Whether a connection with this address would leave the host although nothing authenticates it. */
export function exposed(ip: string, credentials: Credentials): boolean {
  return credentials.mode === 'none' && !credentials.anywhere && !isLoopback(plainAddress(ip));
}

function connect(ip: string, address: Address, { household }: DialDeps, signal: AbortSignal): Promise<Socket> {
  const credentials = household.credentials();
  const socket =
    credentials.mode === 'tls' ? tlsSocket(ip, address, credentials) : connectTcp({ host: ip, port: address.port });
  socket.setNoDelay(true).on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail);
      outcome();
    };
    const fail = (error: unknown) =>
      settle(() => {
        socket.destroy();
        reject(error);
      });
    const onAbort = () => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', fail);
    socket.once(credentials.mode === 'tls' ? 'secureConnect' : 'connect', () => settle(() => resolve(socket)));
    if (signal.aborted) onAbort();
  });
}

/** The other side's certificate must be for the host that is dialled, by name or by address. */
function tlsSocket(ip: string, { host, port }: Address, { tls, namePattern }: Credentials & { mode: 'tls' }): Socket {
  return connectTls({
    ...tlsOptions(tls),
    host: ip,
    port,
    servername: isIP(host) === 0 ? host.replace(/\.$/, '') : '',
    checkServerIdentity: (_name, certificate) => {
      const problem = nameProblem(certificate, namePattern);
      if (problem !== undefined) return new WireFault('refused', problem);
      return checkServerIdentity(host, certificate);
    },
  });
}
