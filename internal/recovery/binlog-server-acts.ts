// What the steps do by which a server behind binlog servers takes the lead.

import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates } from '../topology/binlog-position.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { coordinatesText } from '../topology/move-steps.ts';
import { type BinlogServerStep, logsMissing } from './plan/binlog-servers.ts';
import type { ServerSession } from './ports.ts';

export interface BinlogServerMeans {
  readonly on: <T>(key: InstanceKey, limitMs: number, work: (session: ServerSession) => Promise<T>) => Promise<T>;
  /** False: not within the limit. */
  readonly until: (look: () => Promise<boolean>, limitMs: number) => Promise<boolean>;
  readonly untilFollowing: (session: ServerSession, key: InstanceKey) => Promise<void>;
  readonly stepTimeoutMs: number;
  /** The log with which the new primary began; undefined: nobody knows of any. */
  readonly aligned: string | undefined;
}

type StepOf<Kind extends BinlogServerStep['kind']> = Extract<BinlogServerStep, { kind: Kind }>;

export async function actOnBinlogServers(step: BinlogServerStep, means: BinlogServerMeans): Promise<void> {
  const { on, stepTimeoutMs } = means;
  const { target } = step;
  switch (step.kind) {
    case 'receive':
      return on(target, step.limitMs + stepTimeoutMs, async (session) => {
        if (!(await session.applyUpTo(step.at, step.limitMs)))
          throw failed(`${keyText(target)} did not apply up to ${coordinatesText(step.at)} within ${step.limitMs} ms`);
        await session.stopReceiver();
      });
    case 'align':
      return on(target, step.limitMs + stepTimeoutMs, (session) => align(step, session));
    case 'gather':
      return on(target, stepTimeoutMs, (session) => gather(step, session));
    case 'enter':
      return enter(step, means);
  }
}

/** Exactly there: a binlog server whose log ends within a transaction would hand on half of it in front of the new log. */
async function align({ target, at, log }: StepOf<'align'>, session: ServerSession): Promise<void> {
  const { replication, ownCoordinates, readOnly } = await session.read();
  const executed = replication?.executed;
  if (executed === undefined || compareCoordinates(executed, at) !== 0)
    throw failed(
      `${keyText(target)} stands at ${executed === undefined ? 'no place' : coordinatesText(executed)}, the binlog servers at ${coordinatesText(at)}`,
    );
  if (!readOnly) throw failed(`${keyText(target)} takes writes already`);
  await session.beginLog(log, logsMissing(ownCoordinates, at) ?? 0);
}

async function gather({ target, source }: StepOf<'gather'>, session: ServerSession): Promise<void> {
  const at = storedIn(await session.read());
  if (at === undefined) throw failed(`${keyText(target)} has stored nothing`);
  await session.pointTo(source, undefined, at);
  await session.startReplication();
}

/** One that has come to the new log by way of another binlog server goes on from where it is. */
async function enter({ target, source, at, log, limitMs }: StepOf<'enter'>, means: BinlogServerMeans): Promise<void> {
  const { on, until, untilFollowing, stepTimeoutMs, aligned } = means;
  const begins = { file: log, position: 4 };
  if (aligned !== log) throw failed(`${log} is not known to be the first log of ${keyText(source)}`);
  const look = () =>
    on(target, stepTimeoutMs, async (session) => {
      const stored = storedIn(await session.read());
      const beyond = stored && compareCoordinates(stored, begins);
      if (stored === undefined || beyond === undefined) throw failed(`${keyText(target)} has stored another log`);
      if (beyond < 0 && compareCoordinates(stored, at) !== 0) return false;
      await session.pointTo(source, undefined, beyond < 0 ? begins : stored);
      await session.startReplication();
      await untilFollowing(session, target);
      return true;
    });
  if (!(await until(look, limitMs))) throw failed(`${keyText(target)} did not come to ${coordinatesText(at)}`);
}

/** The words by which it is agreed on, before the promotion, that the new primary begins with that log. */
export function alignedText({ target, log }: Pick<StepOf<'align'>, 'target' | 'log'>): string {
  return `aligned ${keyText(target)} with ${log}`;
}

/** With which log it was agreed on that a server begins. */
export function alignedIn(journal: readonly string[], target: InstanceKey): string | undefined {
  const begin = alignedText({ target, log: '' });
  return journal.findLast((text) => text.startsWith(begin))?.slice(begin.length);
}

function storedIn({ replication }: Awaited<ReturnType<ServerSession['read']>>): BinlogCoordinates | undefined {
  return replication?.executed.file === '' ? undefined : replication?.executed;
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_FAILED', message);
}
