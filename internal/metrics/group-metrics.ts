import { Gauge, Histogram, type Registry } from 'prom-client';

/** What is looked at when somebody asks. */
export interface GroupFigures {
  readonly role: 'leader' | 'follower' | 'candidate';
  readonly life: string;
  readonly lifeMs: number;
  /** While it belongs to no group: why its calls on the others fail, and until the next one. */
  readonly waiting: { readonly problem: string | undefined } | undefined;
  readonly nextAttemptMs: number | undefined;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  readonly quorum: number;
  readonly tolerates: number;
  /** Since the leader was last heard; undefined: never. */
  readonly leaderContactMs: number | undefined;
  /** Undefined: nothing was written of late. */
  readonly sync: { readonly medianMs: number; readonly worstMs: number } | undefined;
  readonly members: readonly { readonly kind: 'voter' | 'learner' | 'leaving'; readonly healthy: boolean }[];
}

const ROLES = ['leader', 'follower', 'candidate'] as const;
const NUMBERS = ['term', 'commit', 'applied', 'quorum', 'tolerates'] as const;

/** The group as this node sees it; registered only where there is one. */
export class GroupMetrics {
  readonly #role: Gauge<'role'>;
  readonly #life: Gauge<'state'>;
  readonly #lifeAge: Gauge;
  readonly #failing: Gauge;
  readonly #nextAttempt: Gauge;
  readonly #members: Gauge<'kind' | 'state'>;
  readonly #plain: Readonly<Record<(typeof NUMBERS)[number], Gauge>>;
  readonly #contact: Gauge;
  readonly #sync: Gauge<'of'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = (name: string, help: string) => new Gauge({ name: `orchestrator_raft_${name}`, help, registers });
    this.#role = new Gauge({
      name: 'orchestrator_raft_role',
      help: '1 for the role of this node in its group',
      labelNames: ['role'],
      registers,
    });
    this.#life = new Gauge({
      name: 'orchestrator_raft_life',
      help: '1 for where this node stands: discovering, joining, founding, voter, nonVoter, draining or isolated',
      labelNames: ['state'],
      registers,
    });
    this.#lifeAge = gauge('life_seconds', 'Since when it stands there');
    this.#failing = gauge('attempt_failing', '1: this node is in no group yet, and its last call on the others failed');
    this.#nextAttempt = gauge('next_attempt_seconds', 'Until the others are called on again; NaN in a group');
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
      tolerates: gauge(
        'tolerates',
        'Voters, hosts, zones, data centers or regions that may be lost now, whichever is least; below 0: the group can agree on nothing',
      ),
    };
    this.#contact = gauge('leader_contact_seconds', 'Time since the leader was last heard; 0 on the leader itself');
    this.#sync = new Gauge({
      name: 'orchestrator_raft_sync_seconds',
      help: 'Time until a write of the log was durable, over the last ten seconds',
      labelNames: ['of'],
      registers,
    });
  }

  set(figures: GroupFigures): void {
    for (const role of ROLES) this.#role.set({ role }, role === figures.role ? 1 : 0);
    this.#life.reset();
    this.#life.set({ state: figures.life }, 1);
    this.#lifeAge.set(figures.lifeMs / 1000);
    this.#failing.set(figures.waiting?.problem === undefined ? 0 : 1);
    this.#nextAttempt.set((figures.nextAttemptMs ?? Number.NaN) / 1000);
    this.#members.reset(); // a kind that is gone must not be told for ever
    for (const { kind, healthy } of figures.members) this.#members.inc({ kind, state: healthy ? 'healthy' : 'silent' });
    for (const name of NUMBERS) this.#plain[name].set(figures[name]);
    this.#sync.set({ of: 'median' }, seconds(figures.sync?.medianMs));
    this.#sync.set({ of: 'worst' }, seconds(figures.sync?.worstMs));
    this.#contact.set(seconds(figures.leaderContactMs));
  }
}

/** What came of a command that this node asked the group to agree on. */
export type ProposalOutcome = 'agreed' | 'refused' | 'unknown';

/** How long commands of this node take to be agreed on. */
export class ProposalMetrics {
  readonly #duration: Histogram<'outcome'>;

  constructor(registry: Registry) {
    this.#duration = new Histogram({
      name: 'orchestrator_raft_proposal_duration_seconds',
      help: 'Time from asking for a command to its being applied here, or to its failure, by outcome',
      labelNames: ['outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
  }

  observe(outcome: ProposalOutcome, ms: number): void {
    this.#duration.observe({ outcome }, ms / 1000);
  }
}

function seconds(ms: number | undefined): number {
  return ms === undefined ? Number.NaN : ms / 1000;
}
