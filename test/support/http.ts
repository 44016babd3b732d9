import { request } from 'node:http';
import { type Analysis, analyseCluster } from '../../internal/analysis/analyse.ts';
import { Inventory } from '../../internal/discovery/inventory.ts';
import type { GroupView } from '../../internal/http/group-view.ts';
import type { BlockedEntry, DetectionEntry, HttpSettings, Services } from '../../internal/http/ports.ts';
import { HttpServer } from '../../internal/http/server.ts';
import type { RecoveryRecord } from '../../internal/recovery/book.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { keyText, sameKey } from '../../internal/topology/instance-key.ts';
import { anInstance, aReplica, mysqlGtid, uuid } from '../unit/topology/builders.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const at = (hostname: string) => ({ hostname, port: 3306 });

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Undefined: the body is no JSON. */
  readonly json: unknown;
}

export const A_RECOVERY: RecoveryRecord = {
  uid: '17:abc',
  kind: 'primary',
  code: 'DeadMaster',
  failed: at('old.example'),
  cluster: 'db1.example:3306',
  alias: 'shop',
  startedMs: NOW_MS - 60_000,
  endedMs: NOW_MS - 59_000,
  successful: true,
  successor: at('db1.example'),
  successorAlias: '',
  lost: [],
  participants: [at('db3.example'), at('db2.example')],
  errors: [],
  harmless: false,
};

export const A_DETECTION: DetectionEntry = {
  id: 9,
  uid: '16:abc',
  code: 'DeadMaster',
  failed: at('old.example'),
  cluster: 'db1.example:3306',
  alias: 'shop',
  replicas: [at('db3.example'), at('db2.example')],
  actionable: true,
  detectedMs: NOW_MS - 61_000,
  active: true,
  node: { hostname: 'node2', token: 'beef' },
  recoveryId: 41,
};

export const A_BLOCK: BlockedEntry = {
  failed: at('db1.example'),
  code: 'DeadMaster',
  cluster: 'db1.example:3306',
  atMs: NOW_MS - 1000,
  blockingUid: A_RECOVERY.uid,
  blockingId: 41,
};

export const SELF = {
  hostname: 'node1',
  token: 'f00d',
  firstSeenMs: NOW_MS - 10_000,
  lastSeenMs: NOW_MS,
  version: '3.9',
  mode: 'HttpMode',
  backend: '/data/orchestrator.sqlite3',
};
export const ANOTHER_NODE = { ...SELF, hostname: 'node2', token: 'beef', firstSeenMs: NOW_MS - 20_000 };

export const SETTINGS: HttpSettings = {
  node: { hostname: 'node1', token: 'f00d' },
  pollSeconds: 5,
  reasonableLagSeconds: 10,
  maintenanceLagSeconds: 20,
  defaultPort: 3306,
  blockMs: 3_600_000,
  readOnly: false,
  urlPrefix: '',
  statusEndpoint: '/api/status',
  messagePrefix: '',
  tls: undefined,
  statusNeedsCertificate: false,
  authentication: {
    method: '',
    user: '',
    password: '',
    userHeader: 'X-Forwarded-User',
    powerUsers: ['*'],
    powerGroups: [],
  },
  filters: { primary: ['*'], intermediate: [], recoveryIgnore: [], problemIgnore: [], controlIgnore: [] },
  raft: {
    defaultPort: 10_008,
    staleReadMs: 5_000,
    readyMaxLag: 10,
    relayAnswerMs: 60_000,
    tls: { ca: undefined, cert: undefined, key: undefined, skipVerify: false },
  },
};

/** Two replicas below `db1.example`, alias `shop`; `db3.example` does not replicate; `lone.example` is dead. Every change is noted in `calls`. */
export class FakeHouse {
  readonly calls: string[] = [];
  readonly inventory = new Inventory();
  recoveries: readonly RecoveryRecord[] = [A_RECOVERY];
  disabled = false;
  leads = true;
  group: GroupView | undefined;
  /** Ended a moment ago. */
  repeated: readonly RecoveryRecord[] = [];
  /** Of the backend. */
  failure: string | undefined;

  constructor() {
    const primary = anInstance(1, {
      key: at('db1.example'),
      readOnly: false,
      suggestedClusterAlias: 'shop',
      gtid: mysqlGtid(`${uuid(1)}:1-9`),
      replicaKeys: [at('db2.example'), at('db3.example')],
    });
    const replica = (n: number, receiver: 'running' | 'stopped') =>
      aReplica(n, `${uuid(1)}:1-9`, '', {
        key: at(`db${n}.example`),
        replication: { source: at('db1.example'), receiver, lagSeconds: receiver === 'running' ? 0 : undefined },
      });
    for (const one of [primary, replica(2, 'running'), replica(3, 'stopped')])
      this.inventory.recordSuccess(one, NOW_MS - 1000, 1.25);
    const lone = anInstance(9, { key: at('lone.example'), gtid: mysqlGtid('') });
    this.inventory.recordSuccess(lone, NOW_MS - 2000);
    this.inventory.recordFailure(lone.key, NOW_MS - 1000, 'connection refused', true);
    this.inventory.setAlias('db1.example:3306', 'shop');
  }

  analyse = (snapshot: Parameters<Services['analyse']>[0]): readonly Analysis[] =>
    analyseCluster(snapshot, {
      reasonableLagSeconds: 10,
      enforceExactSemiSync: false,
      recoverNonWriteablePrimary: false,
      staleCoordinates: () => false,
    });

  /** Numbers are the backend's: no position in a list. */
  entryOf(record: RecoveryRecord) {
    return { id: { '17:abc': 41, '18:def': 42 }[record.uid] ?? 0, detectionId: 9, node: ANOTHER_NODE, record };
  }

  services(): Services {
    const group = () => this.group;
    const note = (text: string) => void this.calls.push(text);
    return {
      snapshots: () => this.inventory.clusters(NOW_MS),
      analyse: this.analyse,
      clusterFlags: () => ({ primary: true, intermediate: false }),
      canonical: (key) => (key.hostname === 'alias.example' ? { ...key, hostname: 'db2.example' } : key),
      resolve: async (key) => {
        if (key.hostname === 'nowhere.example')
          throw new OrchestratorError('CONNECT_FAILED', `cannot connect to ${keyText(key)}`);
        return { ...key, hostname: `${key.hostname}.` };
      },
      resolvedNames: () => [{ given: 'alias.example', resolved: 'db2.example', expiresMs: NOW_MS + 1 }],
      forgetResolvedNames: async () => note('forget names'),
      discover: async (key) => {
        note(`discover ${keyText(key)}`);
        const known = this.inventory.get(key);
        if (known === undefined) throw new OrchestratorError('CONNECT_FAILED', `cannot connect to ${keyText(key)}`);
        return known.instance;
      },
      watch: async (key) => note(`watch ${keyText(key)}`),
      forget: async (key) => {
        note(`forget ${keyText(key)}`);
        return this.inventory.get(key) !== undefined;
      },
      forgetCluster: async ({ members }) => {
        for (const { instance } of members) note(`forget ${keyText(instance.key)}`);
      },
      beginDowntime: async (key, owner, reason, durationMs) =>
        note(`downtime ${keyText(key)} ${owner}|${reason}|${durationMs}`),
      endDowntime: async (key) => {
        note(`end downtime ${keyText(key)}`);
        return false;
      },
      setPromotionRule: async (key, rule) => note(`rule ${keyText(key)} ${rule}`),
      candidates: async () => [
        { key: at('db3.example'), rule: 'must_not', suggestedMs: NOW_MS - 2000, expiresMs: undefined },
        { key: at('db2.example'), rule: 'prefer', suggestedMs: NOW_MS - 1000, expiresMs: NOW_MS + 1000 },
      ],
      analysisChanges: async () => [
        { key: at('db2.example'), code: 'DeadIntermediateMaster', atMs: NOW_MS - 3000 },
        { key: at('db1.example'), code: 'DeadMaster', atMs: NOW_MS - 2000 },
        { key: at('db2.example'), code: 'NoProblem', atMs: NOW_MS - 1000 },
      ],
      recover: async (snapshot, key, options) => {
        note(`recover ${snapshot.name} ${keyText(key)} ${JSON.stringify(options)}`);
        return options.code === undefined ? undefined : { kind: 'recovered', record: A_RECOVERY };
      },
      repeatedRecovery: async (_cluster, failed) => this.repeated.find((record) => sameKey(record.failed, failed)),
      takeOver: async ({ snapshot, designated, auto }) => {
        note(`take over ${snapshot.name} ${designated === undefined ? '' : keyText(designated)} ${auto}`);
        return { record: A_RECOVERY, warnings: [] };
      },
      failoverPlan: async () => {
        throw new OrchestratorError('NOT_FOUND', 'no plan in a fake');
      },
      recoveries: async () => this.recoveries.map((record) => this.entryOf(record)),
      steps: async (uid) => (uid === A_RECOVERY.uid ? [{ id: 1, at: '2026-01-02T03:03:05Z', message: 'drained' }] : []),
      audits: async (page, only) =>
        page > 0
          ? []
          : [
              {
                id: 7,
                at: '2026-01-02T03:04:05Z',
                type: 'begin-downtime',
                key: only ?? at('db2.example'),
                message: 'why',
              },
            ],
      detections: async (page, alias) => (page > 0 || alias === 'other' ? [] : [A_DETECTION]),
      detection: async (id) => (id === A_DETECTION.id ? A_DETECTION : undefined),
      blockedRecoveries: async (cluster) => (cluster === 'other' ? [] : [A_BLOCK]),
      beginMaintenance: async (key, owner, reason, durationMs) => {
        note(`maintenance ${keyText(key)} ${owner}|${reason}|${durationMs}`);
        if (keyText(key) === 'db3.example:3306') throw new OrchestratorError('CONFLICT', 'in maintenance already');
        return { id: 4, key, owner, reason, beginMs: NOW_MS, endMs: NOW_MS + durationMs };
      },
      endMaintenance: async (key) => {
        note(`end maintenance ${keyText(key)}`);
        return false;
      },
      endMaintenanceById: async (id) => {
        note(`end maintenance ${id}`);
        return false;
      },
      maintenances: () => [
        { id: 4, key: at('db3.example'), owner: 'me', reason: 'why', beginMs: NOW_MS - 5_500, endMs: NOW_MS + 1 },
      ],
      setAliasOverride: async (cluster, alias) => note(`alias ${cluster} ${alias}`),
      tags: async (key) =>
        [
          { key: at('db1.example'), name: 'in_service', value: '' },
          { key: at('db1.example'), name: 'role', value: 'backup' },
        ].filter((tag) => key === undefined || sameKey(tag.key, key)),
      get group() {
        return group();
      },
      election: undefined,
      leads: () => this.leads,
      health: async () => ({
        failure: this.failure,
        self: SELF,
        active: this.leads ? SELF : ANOTHER_NODE,
        nodes: [ANOTHER_NODE, SELF],
      }),
      acknowledge: async (selects, by, comment) => {
        const picked = this.recoveries.filter(selects);
        note(`acknowledge ${picked.map(({ uid }) => uid).join()} ${by}|${comment}`);
        return picked;
      },
      recoveriesDisabled: () => this.disabled,
      setRecoveriesDisabled: async (disabled) => {
        note(`disabled ${disabled}`);
        this.disabled = disabled;
      },
      reload: (file) => {
        note(`reload ${file ?? ''}`);
        if (file === '/broken') throw new OrchestratorError('CONFIG_INVALID', '/broken: no JSON');
        return { changed: ['Debug'], waiting: ['ListenAddress'], warnings: [] };
      },
      readiness: () => [
        { name: 'discovery', ok: true, detail: '3 servers known' },
        { name: 'backend', ok: this.calls.length === 0, detail: 'no calls' },
      ],
      metrics: async () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }),
    };
  }
}

/** A server on a free port of loopback, in front of a house without servers. */
export class TestHttp {
  readonly house = new FakeHouse();
  readonly #server: HttpServer;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  private constructor(settings: Partial<HttpSettings>) {
    this.#server = new HttpServer({
      services: this.house.services(),
      settings: { ...SETTINGS, ...settings },
      clock: { ...systemClock, nowMs: () => NOW_MS },
      log: silentLog,
    });
  }

  static async start(settings: Partial<HttpSettings> = {}): Promise<TestHttp> {
    const http = new TestHttp(settings);
    http.#port = (await http.#server.start('127.0.0.1', 0)).port;
    return http;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** The path is sent as it stands. */
  get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'GET',
    body: string | undefined = undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.#port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
