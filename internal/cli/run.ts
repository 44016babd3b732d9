import { hostname } from 'node:os';
import type { Actions } from '../app/actions.ts';
import { Offline } from '../app/offline.ts';
import type { Config } from '../config/keys.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Arguments } from './arguments.ts';
import type { BackendCommand, Command, Lines, LoopCommand } from './command.ts';
import { hostnamesOf, instancesOf, Selection } from './selection.ts';
import { virtualNames } from './virtual-names.ts';

export interface CommandRun {
  readonly arguments: Arguments;
  readonly config: Config;
  readonly log: Log;
  readonly out: (text: string) => void;
}

/**
 * Opens the backend, runs the command once, or once for each instance given, and prints its lines as they come: what was
 * printed stays when a later instance fails.
 */
export async function runCommand(command: Exclude<Command, LoopCommand>, run: CommandRun): Promise<number> {
  const { arguments: given, config, log } = run;
  if ('runPlain' in command) {
    if (isInGroup(run) && !command.inGroup)
      throw new OrchestratorError(
        'BAD_REQUEST',
        `RaftEnabled is set: ${command.name} would change the backend of this node behind the back of the group; -ignore-raft-setup runs it all the same`,
      );
    const context = { arguments: given, config, log, print: (lines: Lines) => print(lines, run) };
    print(await command.runPlain(context), run);
  } else await onBackend(command, run);
  return 0;
}

/** The command is to respect that this node is one of several. */
function isInGroup({ arguments: given, config }: CommandRun): boolean {
  return config.RaftEnabled && !given.on('ignore-raft-setup');
}

async function onBackend(command: BackendCommand, run: CommandRun): Promise<void> {
  const { arguments: given, config, log } = run;
  if (command.changesServers && given.on('noop'))
    throw new OrchestratorError('BAD_REQUEST', `-noop: ${command.name} would change servers`);
  const flags = { noop: given.on('noop'), virtualNames: virtualNames(given) };
  const world = await Offline.open({ config, ...flags, log, inGroup: isInGroup(run) });
  try {
    for (const instance of command.each ? perInstance(given.text('i')) : [given.text('i')])
      await once(command, instance, world, run);
  } catch (err) {
    await world.close().catch((second: unknown) => log.error({ err: second }, 'besides'));
    throw err;
  }
  await world.close();
}

async function once(command: BackendCommand, instance: string, world: Offline, run: CommandRun): Promise<void> {
  const { arguments: given, config, log } = run;
  const destination = given.text('d') || given.text('s');
  const select = new Selection({
    snapshots: () => world.snapshots(),
    resolved: await world.namesBehind(hostnamesOf([instance, destination], config.DefaultInstancePort)),
    defaultPort: config.DefaultInstancePort,
    ownHost: hostname(),
    instance,
    destination,
    alias: given.text('alias'),
  });
  const lines = await command.run({
    arguments: given,
    world,
    select,
    actions: async () => interruptible(await world.actions(given.on('ignore-raft-setup'))),
    log,
    nowMs: systemClock.nowMs(),
  });
  if (!command.changesServers) await world.check(); // what was done to servers is told even if it could not be stored
  print(lines, run);
}

function print(lines: Lines, { out }: CommandRun): void {
  out(lines.map((line) => `${line}\n`).join(''));
}

/**
 * The first Ctrl-C lets go of what is under way: a recovery is closed in the backend, and what it held is released. The
 * second one ends the process as ever.
 */
function interruptible(actions: Actions): Actions {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => actions.interrupt());
  }
  return actions;
}

/** Once without an instance where none was given. */
function perInstance(text: string): readonly string[] {
  const instances = instancesOf(text);
  return instances.length === 0 ? [''] : instances;
}
