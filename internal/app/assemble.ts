import type { Backend } from '../backend/backend.ts';
import type { ProbeEvent } from '../discovery/observer.ts';
import { HookRunner } from '../hooks/runner.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { GroupParts } from './group/group-parts.ts';
import { hooksOn } from './hooks.ts';
import type { Current } from './live-config.ts';
import { observedStorage, type RecoveryWatcher } from './observed-storage.ts';
import { Orchestrator } from './orchestrator.ts';
import type { Restored } from './ports.ts';
import type { SharedMode } from './shared/shared-mode.ts';
import { storageOn } from './storage.ts';

export interface Parts {
  readonly current: Current;
  readonly store: Backend;
  readonly restored: Restored;
  readonly trail: AuditTrail;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly hooksLog: Log;
  readonly onProbed: (event: ProbeEvent) => void;
  readonly watcher?: RecoveryWatcher;
  /** Where this node does not decide alone. */
  readonly group?: GroupParts | undefined;
  /** Where its backend is that of others, too. */
  readonly shared?: SharedMode | undefined;
  /** For one command: nothing happens that was not asked for. */
  readonly passive?: boolean;
}

/** The orchestrator on its backend and its hooks, as the daemon and the acting commands of the command line have it. */
export function assemble(parts: Parts): Orchestrator {
  const { current, store, restored, trail, hostname, clock, log, hooksLog, onProbed, watcher, passive, group, shared } =
    parts;
  const hooks = new HookRunner({
    get shellCommand() {
      return current.config.ProcessesShellCommand;
    },
    get timeoutMs() {
      return current.config.HookTimeoutSeconds * 1000;
    },
    clock,
    log: hooksLog,
  });
  const local = storageOn(store, trail, log, (watched) => orchestrator.inventory.depth(watched));
  const storage = group?.storageOn(local) ?? local;
  const orchestrator: Orchestrator = new Orchestrator({
    get settings() {
      return current.settings;
    },
    storage: watcher === undefined ? storage : observedStorage(storage, watcher, clock),
    restored,
    runHooks: hooksOn(
      hooks,
      () => current.config,
      hostname,
      (uid, message) => orchestrator.recovery.ledger.note(uid, message),
    ),
    clock,
    log,
    onProbed,
    ...(group === undefined ? {} : { peers: group.peers }),
    passive: passive ?? false,
    node: hostname,
    ...(group === undefined ? {} : { agreementOn: (apply) => group.agreementOn(apply) }),
    ...(shared === undefined ? {} : { agreementOn: (apply) => shared.agreementOn(apply) }),
  });
  return orchestrator;
}
