import { bad } from '../request.ts';
import type { Route } from '../route.ts';

/** Calls about the companion agents of former times. */
const CALLS: readonly string[] = [
  'agents',
  'agent/:host',
  'agent-umount/:host',
  'agent-mount/:host',
  'agent-create-snapshot/:host',
  'agent-removelv/:host',
  'agent-mysql-stop/:host',
  'agent-mysql-start/:host',
  'agent-seed/:targetHost/:sourceHost',
  'agent-active-seeds/:host',
  'agent-recent-seeds/:host',
  'agent-seed-details/:seedId',
  'agent-seed-states/:seedId',
  'agent-abort-seed/:seedId',
  'agent-custom-command/:host/:command',
  'seeds',
];

/** They are retired, and say so to those who might have used them. */
export function agentRoutes(): readonly Route[] {
  return CALLS.map((path) => ({ path, acts: true, answer: 'bare', handle: notServed }));
}

function notServed(): never {
  throw bad('Agents not served');
}
