import type { Backend } from '../backend/backend.ts';
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
      active: leads ? here : others[0], // a daemon that does not lead gives no beats: those that do, lead
      nodes: [here, ...others],
    };
  } catch (err) {
    return { failure: errorText(err), self: here, active: leads ? here : undefined, nodes: [here] };
  }
}
