// What the other nodes see of a server that this one takes for dead. Nobody who was not asked just now has a say, and who
// does not answer abstains: trouble among the nodes is no evidence about a database.

import type { Gate } from './gates.ts';

export const SECOND_OPINION = 'second opinion';

/**
 * `writable`, `readOnly`: it answered just now. `unseen`: it did not, and others did. `cannotTell`: the node does not watch it, or
 * reaches nobody.
 */
export type Opinion = 'writable' | 'readOnly' | 'unseen' | 'cannotTell';

export interface View {
  readonly node: string;
  readonly opinion: Opinion | 'silent';
}

/** What became of asking. `notYet`: they will be asked when nothing else is in the way. */
export type SecondOpinion =
  | { readonly kind: 'off'; readonly why: string }
  | { readonly kind: 'notYet'; readonly nodes: readonly string[] }
  | AskedOpinion;

export interface AskedOpinion {
  readonly kind: 'asked';
  /** When all had answered, or had not, by the wall clock. */
  readonly atMs: number;
  readonly views: readonly View[];
}

const WORDS: Readonly<Record<View['opinion'], string>> = {
  writable: 'sees it alive and writable',
  readOnly: 'sees it alive and read-only',
  unseen: 'does not see it',
  cannotTell: 'cannot tell',
  silent: 'did not answer',
};

/** One node that sees it take writes is enough to wait; of the others, `confirmations` must have missed it as we do. Pure. */
export function secondOpinionGate(second: SecondOpinion, confirmations: number, nowMs: number): Gate {
  const gate = { name: SECOND_OPINION, source: 'RecoveryConfirmationNodes' };
  switch (second.kind) {
    case 'off':
      return { ...gate, passed: true, value: second.why };
    case 'notYet':
      return { ...gate, passed: true, value: `${second.nodes.join(', ')} will be asked` };
    case 'asked': {
      const { views, atMs } = second;
      const vetoed = views.some(({ opinion }) => opinion === 'writable');
      const agree = views.filter(({ opinion }) => opinion === 'unseen').length;
      const short = agree < confirmations ? `; ${agree} agree, ${confirmations} must` : '';
      const value = `${viewsText(views)}${short}`;
      return { ...gate, passed: !vetoed && agree >= confirmations, value, ageMs: nowMs - atMs };
    }
  }
}

export function viewsText(views: readonly View[]): string {
  return views.map(({ node, opinion }) => `${node} ${WORDS[opinion]}`).join(', ');
}
