import type { RecoveryRecord } from '../../recovery/book.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { forceFailover, recoverServer } from '../recovery-requests.ts';
import { bad, type Request } from '../request.ts';
import { act, type EnvelopeHandler, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireAnalysis, wireRecordedAnalysis } from '../wire/analysis.ts';
import { wireDoneRecovery } from '../wire/recovery.ts';
import { wireKey } from '../wire/values.ts';

const WHOLE = ['/:host/:port', '/:clusterHint'] as const;
const DESIGNATED = [
  '/:host/:port/:designatedHost/:designatedPort',
  '/:clusterHint/:designatedHost/:designatedPort',
] as const;

/** Recovering on request, and the switch that keeps anything from recovering by itself. */
export function recoveryRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  return [
    ...recover('recover', false),
    ...recover('recover-lite', true),
    ...WHOLE.map((form) => act(`force-master-failover${form}`, force('force-master-failover'))),
    ...DESIGNATED.map((form) => act(`force-master-takeover${form}`, force('force-master-takeover'))),
    ...takeOver('graceful-master-takeover', false),
    ...takeOver('graceful-master-takeover-auto', true),
    act('disable-global-recoveries', () => switched(true)),
    act('enable-global-recoveries', () => switched(false)),
    tell('check-global-recoveries', () => globalState()),
  ];

  function recover(name: string, skipHooks: boolean): readonly Route[] {
    const handle: EnvelopeHandler = async (request) => {
      const { key } = request.member().watched.instance;
      const done = await recoverServer(services, () => request.member(), {
        ...candidate(request, 'candidateHost', 'candidatePort'),
        skipHooks: skipHooks || request.query('skipProcesses') === 'true',
      });
      if (done.kind === 'none')
        return envelope('ERROR', `Recovery not attempted on ${keyText(key)}: ${done.reason}`, wireKey(key));
      return told(key, done.record, done.kind === 'repeated' ? 'was executed a moment ago' : 'executed');
    };
    return [act(`${name}/:host/:port`, handle), act(`${name}/:host/:port/:candidateHost/:candidatePort`, handle)];
  }

  function told(key: InstanceKey, { successful, successor, errors }: RecoveryRecord, executed: string) {
    return successful
      ? envelope('OK', `Recovery ${executed} on ${keyText(key)}`, wireKey(successor))
      : envelope('ERROR', `Recovery failed on ${keyText(key)}: ${errors.join('; ')}`, wireKey(key));
  }

  function force(command: 'force-master-failover' | 'force-master-takeover'): EnvelopeHandler {
    return async (request) => {
      const snapshot = request.cluster();
      const done = await forceFailover(services, snapshot, {
        command,
        ...candidate(request, 'designatedHost', 'designatedPort'),
      });
      if (done.kind === 'ambiguous') throw bad(`Cluster ${snapshot.name} does not have exactly one master`);
      if (done.kind === 'none') throw bad(`Failover not attempted: ${done.reason}`);
      const details = await wired(done.record, snapshot, command);
      return done.record.successful
        ? envelope('OK', `Master failed over: ${keyText(done.failed)}`, details)
        : envelope('ERROR', `Master failover failed: ${done.record.errors.join('; ')}`, details);
    };
  }

  function takeOver(name: string, auto: boolean): readonly Route[] {
    const handle: EnvelopeHandler = async (request) => {
      const snapshot = request.cluster();
      const designated = candidate(request, 'designatedHost', 'designatedPort');
      const { record, warnings } = await services.takeOver({ snapshot, auto, ...designated });
      const text = warnings.length === 0 ? '' : `; warnings: ${warnings.join('; ')}`;
      return envelope(
        'OK',
        `graceful-master-takeover: successor promoted${text}`,
        await wired(record, snapshot, 'graceful-master-takeover'),
      );
    };
    return [...WHOLE, ...DESIGNATED].map((form) => act(`${name}${form}`, handle));
  }

  /** One that cannot be read fails the call: a server that was not asked for must not be promoted in its place. */
  function candidate(request: Request, host: string, port: string): { readonly designated?: InstanceKey } {
    return request.has(host) ? { designated: request.key(host, port) } : {};
  }

  /** `before`: the cluster as it was when the recovery began. */
  async function wired(record: RecoveryRecord, before: ClusterSnapshot, command: string) {
    const flags = services.clusterFlags(before);
    const { node, blockMs } = settings;
    const nowMs = clock.nowMs();
    const found = services.analyse(before).find(({ facts }) => sameKey(facts.instance.key, record.failed));
    const analysis =
      found === undefined
        ? wireRecordedAnalysis({ ...record, replicas: record.participants, cluster: before, flags })
        : wireAnalysis(found, { cluster: before, flags, node, nowMs });
    const stored = (await services.recoveries()).find((one) => one.record.uid === record.uid);
    return wireDoneRecovery(
      { id: 0, detectionId: 0, node, ...stored, record },
      { flags, blockMs, nowMs },
      { ...analysis, Analysis: record.code, CommandHint: command, IsActionableRecovery: true },
    );
  }

  async function switched(disabled: boolean) {
    await services.setRecoveriesDisabled(disabled);
    return globalState();
  }

  function globalState() {
    const state = services.recoveriesDisabled() ? 'disabled' : 'enabled';
    return envelope('OK', `Global recoveries ${state}`, state);
  }
}
