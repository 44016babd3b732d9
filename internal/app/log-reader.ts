import { MysqlServers } from '../mysql/servers.ts';
import { LookUps } from '../operations/look-ups.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Settings } from './settings.ts';

/** Reads servers for one command, beside whoever changes them: of a daemon nothing is asked. */
export class LogReader {
  readonly lookUps: LookUps;
  readonly #servers: MysqlServers;

  constructor({ servers, operations }: Settings, log: Log) {
    this.#servers = new MysqlServers({
      settings: servers,
      clock: systemClock,
      log,
      onDisconnect: () => undefined,
      virtualName: () => undefined,
      whyNoChange: () => 'this command only looks up',
      leads: () => false,
      executor: () => undefined,
    });
    this.lookUps = new LookUps({
      servers: this.#servers,
      settings: operations,
      clock: systemClock,
      refresh: (key, signal) => this.#servers.probe(key, operations.probeTimeoutMs, signal),
    });
  }

  stop(): void {
    this.#servers.stop();
  }
}
