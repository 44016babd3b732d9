import { RehearsalServers } from '../mysql/rehearsal.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import { RecoveryRunner } from '../recovery/runner.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { type ClusterSnapshot, dependantsOf } from '../topology/cluster.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Settings } from './settings.ts';

/** One step with the statements it sends, in the order of the journal. */
export interface RehearsedStep {
  readonly step: string;
  readonly statements: readonly { readonly server: string; readonly sql: string }[];
}

/** No log is read for a rehearsal. */
const FOUND_THEN = { file: 'found by Pseudo-GTID', position: 0 };

/** Runs a plan without servers: the code that would execute it writes down what it would send. */
export async function rehearse(
  snapshot: ClusterSnapshot,
  plan: Extract<FailoverPlan, { kind: 'promote' }>,
  settings: Settings,
  virtualName: (hostname: string) => string | undefined,
): Promise<readonly RehearsedStep[]> {
  const steps: RehearsedStep[] = [];
  const instances = snapshot.members.map(({ instance }) => instance);
  const runner = new RecoveryRunner({
    servers: new RehearsalServers(instances, settings.servers.replicationCredentialsQuery, virtualName),
    journal: {
      stepStarted: async () => undefined,
      stepEnded: async (_uid, _number, step, { statements }) => {
        steps.push({ step, statements: statements.map(({ server, sql }) => ({ server: keyText(server), sql })) });
      },
      note: async () => undefined,
    },
    clock: systemClock,
    log: silentLog,
    match: async () => FOUND_THEN,
    settings: settings.runner,
  });
  const nobody = { term: 0, signal: new AbortController().signal, confirm: async () => undefined };
  const promotes = plan.steps.some(({ kind }) => kind === 'promote');
  if (promotes)
    await runner.freeze(
      '',
      dependantsOf(snapshot, plan.failed).filter(({ valid }) => valid),
      nobody,
    );
  await runner.run('', plan, nobody);
  return steps;
}
