// A primary that answers and is to be replaced takes no writes from the first step on, so that its replicas can receive the last
// one. Where nothing comes of it, whoever ends the recovery lets it take writes again: nobody else would.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { isLost, type Mandate } from './mandate.ts';
import type { Step } from './plan.ts';
import type { Servers } from './ports.ts';

export interface StandstillDeps {
  readonly servers: Servers;
  /** Takes one step, journalled. Undefined: it worked; otherwise what went wrong. */
  readonly take: (uid: string, step: Step, mandate: Mandate) => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'timeoutSignal'>;
  readonly log: Log;
  readonly settings: { readonly probeTimeoutMs: number; readonly stepTimeoutMs: number };
}

export interface StandstillRequest {
  readonly uid: string;
  readonly primary: InstanceKey;
  readonly replicas: readonly InstanceKey[];
  /** How long the replicas get to apply the last writes. */
  readonly catchUpMs: number;
  /** Without this one there is no point in going on; the others are ranked by what they hold. */
  readonly mustCatchUp?: InstanceKey;
}

/** `closed`: it took writes before, and may not do so now. `errors`: why nothing must follow; none: it stands still. */
export interface Standstill {
  readonly closed: boolean;
  readonly errors: readonly string[];
}

/** Brings a primary to a standstill. @throws {OrchestratorError} `NOT_LEADER` */
export async function bringToStandstill(
  request: StandstillRequest,
  deps: StandstillDeps,
  mandate: Mandate,
): Promise<Standstill> {
  const { uid, primary } = request;
  const { servers, take, settings } = deps;
  let closed = false;
  try {
    const before = await servers.probe(primary, settings.probeTimeoutMs, mandate.signal);
    closed = !before.readOnly;
    const step: Step = closed
      ? { kind: 'quiesce', target: primary }
      : { kind: 'fence', target: primary, mustSucceed: true };
    const error = await take(uid, step, mandate);
    if (error !== undefined) return { closed, errors: [`${step.kind} ${keyText(primary)}: ${error}`] };
    return { closed, errors: await letCatchUp(request, deps, mandate) };
  } catch (err) {
    mandate.signal.throwIfAborted();
    if (isLost(err)) throw err;
    return { closed, errors: [errorText(err)] };
  }
}

async function letCatchUp(request: StandstillRequest, deps: StandstillDeps, { signal }: Mandate) {
  const { primary, replicas, catchUpMs, mustCatchUp } = request;
  const { servers, log, settings } = deps;
  const final = await servers.probe(primary, settings.probeTimeoutMs, signal);
  const late = await Promise.all(
    replicas.map(async (key) => {
      const wait = servers.change(key, catchUpMs + settings.stepTimeoutMs, signal, (session) =>
        session.waitApplied(final, catchUpMs),
      );
      const caughtUp = await wait.catch((err: unknown) => {
        log.warn({ instance: keyText(key), err }, 'replica did not catch up');
        return false;
      });
      return !caughtUp && sameKey(key, mustCatchUp) ? [`${keyText(key)} did not catch up within ${catchUpMs} ms`] : [];
    }),
  );
  return late.flat();
}

/** Who stands in the way of letting a primary take writes again: those who take them. */
export interface Rivals {
  /** May have been made writable since: each has to say that it was not. */
  readonly suspects: readonly InstanceKey[];
  /** Asked as well; nothing follows from their silence. */
  readonly others: readonly InstanceKey[];
}

/**
 * The primary takes writes again, unless somebody else may do so by now.
 *
 * @returns undefined: it does; otherwise why it was left as it is
 * @throws {OrchestratorError} `NOT_LEADER`
 */
export async function endStandstill(
  uid: string,
  primary: InstanceKey,
  { suspects, others }: Rivals,
  { servers, take, clock, settings }: StandstillDeps,
  mandate: Mandate,
): Promise<string | undefined> {
  const { probeTimeoutMs, stepTimeoutMs } = settings;
  const left = `${keyText(primary)} was left read-only`;
  const own = clock.timeoutSignal(probeTimeoutMs + 2 * stepTimeoutMs); // a cancelled caller does not cancel the repair
  const objection = async (key: InstanceKey): Promise<string | undefined> => {
    const found = await servers.probe(key, probeTimeoutMs, own).catch(errorText);
    if (typeof found !== 'string') return found.readOnly ? undefined : `${keyText(key)} takes writes`;
    const isSuspect = suspects.some((suspect) => sameKey(suspect, key));
    return isSuspect ? `${keyText(key)}, which may lead, does not answer: ${found}` : undefined;
  };
  const objections = await Promise.all([...suspects, ...others].map(objection));
  const why = objections.find((one) => one !== undefined);
  if (why !== undefined) return `${left}: ${why}`;
  const lasting = { term: mandate.term, signal: own, confirm: () => mandate.confirm() };
  const error = await take(uid, { kind: 'reopen', target: primary }, lasting);
  return error === undefined ? undefined : `${left}: ${error}`;
}
