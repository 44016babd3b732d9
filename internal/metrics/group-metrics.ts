import { Gauge, type Registry } from 'prom-client';

/** What is looked at when somebody asks. */
export interface GroupFigures {
  readonly role: 'leader' | 'follower' | 'candidate';
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  readonly quorum: number;
  readonly tolerates: number;
  /** Since the leader was last heard; undefined: never. */
  readonly leaderContactMs: number | undefined;
  readonly members: readonly { readonly kind: 'voter' | 'learner' | 'leaving'; readonly healthy: boolean }[];
}

const ROLES = ['leader', 'follower', 'candidate'] as const;
const NUMBERS = ['term', 'commit', 'applied', 'quorum', 'tolerates'] as const;

/** The group as this node sees it; registered only where there is one. */
export class GroupMetrics {
  readonly #role: Gauge<'role'>;
  readonly #members: Gauge<'kind' | 'state'>;
  readonly #plain: Readonly<Record<(typeof NUMBERS)[number], Gauge>>;
  readonly #contact: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = (name: string, help: string) => new Gauge({ name: `orchestrator_raft_${name}`, help, registers });
    this.#role = new Gauge({
      name: 'orchestrator_raft_role',
      help: '1 for the role of this node in its group',
      labelNames: ['role'],
      registers,
    });
    this.#members = new Gauge({
      name: 'orchestrator_raft_members',
      help: 'Members of the group, by whether they are in touch with it as far as this node knows',
      labelNames: ['kind', 'state'],
      registers,
    });
    this.#plain = {
      term: gauge('term', 'Term of the group'),
      commit: gauge('commit_index', 'Last entry of the log that is agreed on'),
      applied: gauge('applied_index', 'Last entry of the log that this node has applied'),
      quorum: gauge('quorum', 'Voters that are needed to agree on anything'),
      tolerates: gauge('tolerates', 'Voters that may be lost now; below 0: the group can agree on nothing'),
    };
    this.#contact = gauge('leader_contact_seconds', 'Time since the leader was last heard; 0 on the leader itself');
  }

  set(figures: GroupFigures): void {
    for (const role of ROLES) this.#role.set({ role }, role === figures.role ? 1 : 0);
    this.#members.reset(); // a kind that is gone must not be told for ever
    for (const { kind, healthy } of figures.members) this.#members.inc({ kind, state: healthy ? 'healthy' : 'silent' });
    for (const name of NUMBERS) this.#plain[name].set(figures[name]);
    if (figures.leaderContactMs === undefined) this.#contact.set(Number.NaN);
    else this.#contact.set(figures.leaderContactMs / 1000);
  }
}
