import { OrchestratorError } from '../runtime/errors.ts';
import { hasSeveralSources, type Instance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Dialect } from './dialect.ts';

/** The statements about one replication connection of a server. */
export interface ChannelWords {
  readonly startReplication: string;
  readonly stopReplication: string;
  readonly stopReceiver: string;
  readonly startReceiver: string;
  readonly startApplier: string;
  readonly stopApplier: string;
  /** `(file, position)`: the applier stops there. */
  readonly startUntil: string;
  readonly forgetSource: string;
  changeSource(options: string): string;
}

/** Names go into statements as they are, so only those are taken that need no escaping in any mode of a server. */
const PLAIN_NAME = /^[\p{L}\p{N}_.:@$ -]{1,64}$/u;

/**
 * @param channel the name of the connection; empty: the default one, which is not named
 * @throws {OrchestratorError} `CONFLICT` for a name that cannot be put into a statement
 */
export function channelWords(dialect: Dialect, channel: string): ChannelWords {
  const { startReplication, stopReplication, stopReceiver, startApplier, forgetSource, changeSource, sourceOption } =
    dialect;
  const name = channel === '' ? '' : quotedName(channel);
  const about = (words: string) => {
    if (name === '') return words;
    return dialect.mariadb
      ? words.replace(/^\w+ (?:SLAVE|MASTER)/, (verb) => `${verb} ${name}`)
      : `${words} FOR CHANNEL ${name}`;
  };
  return {
    startReplication: about(startReplication),
    stopReplication: about(stopReplication),
    stopReceiver: about(stopReceiver),
    startReceiver: about(dialect.binlogServer ? startReplication : `${startReplication} IO_THREAD`),
    startApplier: about(startApplier),
    stopApplier: about(`${stopReplication} SQL_THREAD`),
    startUntil: about(`${startReplication} UNTIL ${sourceOption}_LOG_FILE = ?, ${sourceOption}_LOG_POS = ?`),
    forgetSource: about(forgetSource),
    changeSource: (options) =>
      dialect.mariadb ? `${about(changeSource)} ${options}` : about(`${changeSource} ${options}`),
  };
}

function quotedName(channel: string): string {
  if (!PLAIN_NAME.test(channel))
    throw new OrchestratorError(
      'CONFLICT',
      `a replication channel of this name is left alone: ${JSON.stringify(channel)}`,
    );
  return `'${channel}'`;
}

/** @throws {OrchestratorError} `CONFLICT` for a server that replicates from several sources */
export function channelOf(instance: Instance): string {
  if (hasSeveralSources(instance))
    throw new OrchestratorError(
      'CONFLICT',
      `${keyText(instance.key)} replicates from several sources: it is left alone`,
    );
  return instance.replication?.channel ?? '';
}
