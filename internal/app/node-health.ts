import type { Backend } from '../backend/backend.ts';
import { LEAD_EXPIRES_MS } from '../backend/nodes.ts';
import type { NodeEntry, NodeHealth } from '../http/ports.ts';
import { errorText } from '../runtime/errors.ts';

/** A node counts as there while it was heard of this recently. */
const SILENT_MS = 2_000;
const DAEMON = 'HttpMode';

export type Self = Omit<NodeEntry, 'lastSeenMs'>;

/** What this node can say of itself and of the others on its backend: never throws, a backend that fails is a finding. */
export async function nodeHealth(store: Backend, self: Self, leads: boolean, nowMs: number): Promise<NodeHealth> {
  const { ok, message } = store.health();
  const here = { ...self, lastSeenMs: nowMs };
  try {
    const others = (await store.nodes.seenSince(nowMs - SILENT_MS)).filter(
      ({ mode, token }) => mode === DAEMON && token !== self.token,
    );
    return {
      failure: ok ? undefined : (message ?? 'the backend takes nothing'),
      self: here,
      active: leads ? here : await leaderAmong(store, others, nowMs),
      nodes: [here, ...others],
    };
  } catch (err) {
    return { failure: errorText(err), self: here, active: leads ? here : undefined, nodes: [here] };
  }
}

/** The elected node; what it says of itself besides, where it is heard of. */
async function leaderAmong(
  store: Backend,
  others: readonly NodeEntry[],
  nowMs: number,
): Promise<NodeEntry | undefined> {
  const leader = await store.nodes.leader();
  if (leader === undefined || nowMs - leader.lastSeenMs > LEAD_EXPIRES_MS) return undefined;
  const known = others.find(({ token }) => token === leader.token);
  return { version: '', mode: DAEMON, backend: '', ...known, ...leader };
}
