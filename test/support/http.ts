import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { type Analysis, analyseCluster } from '../../internal/analysis/analyse.ts';
import { Inventory } from '../../internal/discovery/inventory.ts';
import type { GroupView } from '../../internal/http/group-view.ts';
import type {
  BackendWrite,
  BlockedEntry,
  CallMemory,
  DetectionEntry,
  DiscoverySample,
  HttpSettings,
  QueueSample,
  Services,
} from '../../internal/http/ports.ts';
import { ownCalls } from '../../internal/http/repeated-calls.ts';
import { HttpServer } from '../../internal/http/server.ts';
import { EventRing } from '../../internal/http/v2/events/ring.ts';
import type { RecoveryRecord } from '../../internal/recovery/book.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { keyText, sameKey } from '../../internal/topology/instance-key.ts';
import type { MoveStep } from '../../internal/topology/move-steps.ts';
import type { PoolMember } from '../../internal/topology/pools.ts';
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

/** Of the audit entries that there are, the newest first. */
const AUDIT_NUMBERS = [9, 8, 7, 5];

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
  replicationRules: { lowerVersionAllowed: false, verifyFilters: false, reasonableMaintenanceLagSeconds: 20 },
  defaultPort: 3306,
  blockMs: 3_600_000,
  readOnly: false,
  urlPrefix: '',
  statusEndpoint: '/api/status',
  messagePrefix: '',
  tls: undefined,
  certificateUnits: undefined,
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
  writeBuffer: { size: 100, flushMs: 250 },
  queues: ['DEFAULT'],
  raft: {
    defaultPort: 10_008,
    staleReadMs: 4_500,
    readyMaxLag: 10,
    relayAnswerMs: 60_000,
    tls: { ca: undefined, cert: undefined, key: undefined, skipVerify: false },
  },
};

/** Two replicas below `db1.example`, alias `shop`; `db3.example` does not replicate; `lone.example` is dead. Every change is noted in `calls`. */
export class FakeHouse {
  readonly calls: string[] = [];
  /** Aliases of `db2.example` that were looked up, `cname...`. */
  readonly introduced = new Set<string>();
  readonly inventory = new Inventory();
  recoveries: readonly RecoveryRecord[] = [A_RECOVERY];
  disabled = false;
  leads = true;
  group: GroupView | undefined;
  /** Ended a moment ago. */
  repeated: readonly RecoveryRecord[] = [];
  /** Of another daemon on the same backend. */
  leaderUrl: string | undefined;
  callMemory: CallMemory = ownCalls({ nowMs: () => NOW_MS });
  readonly events = new EventRing('fake', 8, () => NOW_MS);
  counted: Readonly<Record<string, number>> = { 'discoveries.attempt': 3 };
  discoveries: readonly DiscoverySample[] = [];
  queue: readonly QueueSample[] = [];
  writes: readonly BackendWrite[] = [];
  /** By pool, then by server. */
  pools: readonly PoolMember[] = [
    ['readers', 'db1.example'],
    ['readers', 'db2.example'],
    ['readers', 'gone.example'],
    ['spare', 'lone.example'],
    ['written', 'db1.example'],
  ].map(([pool = '', hostname = '']) => ({ pool, key: at(hostname), registeredMs: NOW_MS - 1000 }));
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
      canonical: (key) =>
        key.hostname === 'alias.example' || this.introduced.has(key.hostname)
          ? { ...key, hostname: 'db2.example' }
          : key,
      introduce: async (hostnames) => {
        for (const hostname of hostnames) if (hostname.startsWith('cname')) this.introduced.add(hostname);
      },
      resolve: async (key) => {
        if (key.hostname === 'nowhere.example')
          throw new OrchestratorError('CONNECT_FAILED', `cannot connect to ${keyText(key)}`);
        return { ...key, hostname: `${key.hostname}.` };
      },
      equivalents: async ({ server, at }) => [{ server: { ...server, hostname: 'db2.example' }, at }],
      lastMarker: async () => ({
        at: { file: 'binlog.000002', position: 157 },
        text: 'drop view if exists `_pseudo_gtid_`.`a`',
      }),
      locateErrant: async () => ['binlog.000002'],
      rehearse: async (operation, { target, below }) => {
        if (operation === 'takeSource') throw new OrchestratorError('CONFLICT', 'it would be refused');
        const steps: readonly MoveStep[] = [
          { kind: 'halt', target },
          { kind: 'follow', target, source: below ?? target, start: 'gtid' },
          { kind: 'resume', target },
        ];
        return { plans: [{ kind: 'move', method: 'GTID', why: 'both have it', locks: [target], steps }], errors: [] };
      },
      operate: async ({ operation, target, below }) => {
        note(`${operation} ${keyText(target)}${below === undefined ? '' : ` ${keyText(below)}`}`);
        return { subject: target, moved: [target], errors: [], text: `${operation} done` };
      },
      tag: async (key, tag) => note(`tag ${keyText(key)} ${tag}`),
      untag: async (tag, key, anyValue = false) => {
        if (key === undefined && !tag.includes('=') && !anyValue)
          throw new OrchestratorError('BAD_REQUEST', `tag must have a value: ${tag}`);
        note(`untag ${key === undefined ? 'all' : keyText(key)} ${tag}`);
        return [key ?? at('db1.example')];
      },
      recordTopologies: async () => {
        if (this.failure !== undefined) throw new OrchestratorError('BACKEND_FAILED', this.failure);
      },
      pools: () => this.pools,
      submitPool: async (pool, list) => note(`pool ${pool} ${list}`),
      registerVirtualName: async (key, name) => note(`virtual ${keyText(key)} ${name}`),
      submitPrimaries: async (cluster) => [
        { key: `mysql/master/${cluster?.alias ?? 'every'}`, value: 'db1.example:3306' },
      ],
      publishedPairs: async () =>
        ['', '/hostname'].map((part) => ({ key: `mysql/master/shop${part}`, value: 'db1.example:3306' })),
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
        return keyText(key) === 'db2.example:3306';
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
      auditsBefore: async (id, limit, only) =>
        AUDIT_NUMBERS.filter((one) => one < id)
          .slice(0, limit)
          .map((one) => ({
            id: one,
            at: '2026-01-02 03:04:05',
            type: 'begin-downtime',
            key: only ?? at('db2.example'),
            message: 'why',
          })),
      detectionsBefore: async (id) => (A_DETECTION.id < id ? [A_DETECTION] : []),
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
        return keyText(key) === 'db3.example:3306';
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
      calls: this.callMemory,
      leaderUrl: () => this.leaderUrl,
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
      tokens: {
        redeem: async (publicToken) => {
          note(`redeem ${publicToken}`);
          return publicToken === 'fresh' ? 'secret' : undefined;
        },
        isValid: async (publicToken, secret) => publicToken === 'fresh' && secret === 'secret',
      },
      events: this.events,
      recent: {
        discoveries: () => this.discoveries,
        queue: () => this.queue,
        writes: () => this.writes,
      },
      process: () => ({ memstats: { HeapAlloc: 1 } }),
      counters: () => this.counted,
      metrics: async () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }),
    };
  }
}

/** A server on a free port of loopback, in front of a house without servers. */
export class TestHttp {
  readonly house = new FakeHouse();
  /** As they are in force: a reload changes them. */
  readonly settings: { -readonly [Name in keyof HttpSettings]: HttpSettings[Name] };
  readonly #server: HttpServer;
  #port = 0;
  #socketPath: string | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  private constructor(settings: Partial<HttpSettings>) {
    this.settings = { ...SETTINGS, ...settings };
    this.#server = new HttpServer({
      services: this.house.services(),
      settings: this.settings,
      clock: { ...systemClock, nowMs: () => NOW_MS },
      log: silentLog,
    });
  }

  /** On a socket in place of a port. */
  static async startOnSocket(path: string, settings: Partial<HttpSettings> = {}): Promise<TestHttp> {
    const http = new TestHttp(settings);
    await http.#server.startOnSocket(path);
    http.#socketPath = path;
    return http;
  }

  static async start(settings: Partial<HttpSettings> = {}, port = 0): Promise<TestHttp> {
    const http = new TestHttp(settings);
    http.#port = (await http.#server.start('127.0.0.1', port)).port;
    return http;
  }

  stop(graceMs = 0): Promise<void> {
    return this.#server.stop(graceMs);
  }

  /** The path is sent as it stands. */
  get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'GET',
    body: string | undefined = undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const where = this.#socketPath === undefined ? { port: this.#port } : { socketPath: this.#socketPath };
      const sent = request({ host: '127.0.0.1', ...where, path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const zipped = response.headers['content-encoding'] === 'gzip';
          const text = (zipped ? gunzipSync(bytes) : bytes).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
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
