import { appendFile } from 'node:fs/promises';
import type { Audits } from '../backend/audits.ts';
import type { Config } from '../config/keys.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { localTime } from '../runtime/readable-line.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** Of the whole node rather than of one server. */
export const NO_SERVER: InstanceKey = { hostname: '', port: 0 };

/** What was done by itself and at night is stored whatever the configuration says. */
const ALWAYS = /^(recover-|fence-|raft-reap$)/;

export interface AuditTrailDeps {
  readonly audits: Pick<Audits, 'add'>;
  /** As it is now: a reload changes it. */
  readonly config: () => Pick<Config, 'AuditLogFile' | 'AuditToBackendDB'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
  /** Is told of each entry, too. */
  readonly toSyslog?: ((text: string) => void) | undefined;
}

/** Tells what was done: a file, or the log where none is named; and the table `audit` where the configuration wants it. */
export class AuditTrail {
  readonly #deps: AuditTrailDeps;
  #lines: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(deps: AuditTrailDeps) {
    this.#deps = deps;
  }

  /** Waits for nothing: this may be in the middle of a failover. */
  add(type: string, key: InstanceKey, cluster: string, message: string): void {
    const { audits, config, clock, log, toSyslog } = this.#deps;
    const { AuditLogFile: file, AuditToBackendDB: toBackend } = config();
    if (toBackend || ALWAYS.test(type)) void audits.add(type, key, cluster, message);
    const server = key.hostname === '' ? '' : keyText(key);
    toSyslog?.([type, server, cluster && `[${cluster}]`, message].filter((part) => part !== '').join(' '));
    if (file === '') {
      log.info({ audit: type, ...(server === '' ? {} : { instance: server }), cluster }, message || type);
      return;
    }
    const line = auditLine(clock.nowMs(), type, key, cluster, message);
    this.#lines = this.#lines.then(() => this.#append(file, line)); // in order
  }

  /** Resolves when all lines are in the file, or were told to have failed. */
  settled(): Promise<void> {
    return this.#lines;
  }

  async #append(file: string, line: string): Promise<void> {
    try {
      await appendFile(file, line, { mode: 0o640 });
      this.#failing = false;
    } catch (err) {
      if (!this.#failing) this.#deps.log.error({ err, file }, 'AuditLogFile takes no lines');
      this.#failing = true;
    }
  }
}

/** Contract: seven fields, each ended by a tab, the last one empty. A tab or a line end inside a field becomes a blank. */
export function auditLine(atMs: number, type: string, key: InstanceKey, cluster: string, message: string): string {
  const fields = [localTime(atMs), type, key.hostname, String(key.port), `[${cluster}]`, message];
  return `${fields.map((field) => field.replaceAll(/[\t\r\n]+/g, ' ')).join('\t')}\t\n`;
}
