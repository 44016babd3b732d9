import type { RecoveryRecord } from '../recovery/book.ts';
import { AccessTokens } from './access-tokens.ts';
import { Analyses } from './analyses.ts';
import { Audits } from './audits.ts';
import { CallRows } from './calls.ts';
import type { Change } from './database.ts';
import { Detections } from './detections.ts';
import { Instances } from './instances.ts';
import { Journal } from './journal.ts';
import { Names } from './names.ts';
import { Nodes } from './nodes.ts';
import { OperatorWords } from './operator-words.ts';
import { PoolRows } from './pools.ts';
import { Positions } from './positions.ts';
import { type Node, Recoveries } from './recoveries.ts';
import { cleanUps, isOfGroup, type Retention } from './retention.ts';
import { TopologyHistory } from './topology-history.ts';
import type { Store } from './write-queue.ts';

/** One repository per group of tables, all on one store. */
export class Tables {
  readonly instances: Instances;
  readonly recoveries: Recoveries;
  readonly detections: Detections;
  readonly journal: Journal;
  readonly analyses: Analyses;
  readonly audits: Audits;
  readonly words: OperatorWords;
  readonly names: Names;
  readonly positions: Positions;
  readonly nodes: Nodes;
  readonly calls: CallRows;
  readonly pools: PoolRows;
  readonly tokens: AccessTokens;
  readonly topologyHistory: TopologyHistory;
  readonly #store: Store;

  /** @param node the process that what is written is due to */
  constructor(store: Store, node: Node) {
    this.#store = store;
    this.instances = new Instances(store);
    this.recoveries = new Recoveries(store, node);
    this.detections = new Detections(store, node, this.recoveries);
    this.journal = new Journal(store);
    this.analyses = new Analyses(store);
    this.audits = new Audits(store);
    this.words = new OperatorWords(store, node);
    this.names = new Names(store);
    this.positions = new Positions(store);
    this.nodes = new Nodes(store, node);
    this.calls = new CallRows(store);
    this.pools = new PoolRows(store);
    this.tokens = new AccessTokens(store);
    this.topologyHistory = new TopologyHistory(store);
  }

  /** Lets go of rows that a group keeps alike on all its nodes, by what its leader says the time is. */
  async expire(nowMs: number, retention: Retention): Promise<void> {
    await this.#store.write(cleanUps(nowMs, retention).filter(isOfGroup).map(whole));
  }

  /** What was acknowledged blocks nothing, and its problems may be told of again. */
  async acknowledged(records: readonly RecoveryRecord[]): Promise<void> {
    await this.recoveries.acknowledged(records);
    await this.detections.ended(records.map(({ failed }) => failed));
    await this.detections.released(records.map(({ uid }) => uid));
  }
}

/** Which rows a bounded statement takes is up to the database: here all must take the same. */
function whole(change: Change): Change {
  if (change.kind !== 'delete') return change;
  const { atMost: _, ...rest } = change;
  return rest;
}
