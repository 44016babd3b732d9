/** What a hook is told. Optional values that are not known leave their variable unset. */
export interface HookContext {
  readonly failureType: string;
  readonly instanceType: 'master' | 'co-master' | 'intermediate-master' | 'group-member';
  readonly failureDescription: string;
  readonly command: string;
  readonly failed: { readonly hostname: string; readonly port: number };
  readonly cluster: string;
  readonly clusterAlias: string;
  readonly clusterDomain: string;
  readonly replicas: readonly string[];
  readonly isDowntimed: boolean;
  readonly autoPrimaryRecovery: boolean;
  readonly autoIntermediateRecovery: boolean;
  readonly orchestratorHost: string;
  readonly recoveryUid: string;
  readonly isSuccessful: boolean;
  readonly lostReplicas: readonly string[];
  readonly successor:
    | {
        readonly hostname: string;
        readonly port: number;
        readonly alias: string;
        /** `file:position` of its own binary log at the promotion; undefined: not known. */
        readonly coordinates: string | undefined;
      }
    | undefined;
}

/** One value under its two public names. */
interface Variable {
  readonly placeholders: readonly string[];
  readonly variable: string | undefined;
  readonly value: (context: HookContext) => string | undefined;
}

const row = (placeholders: string, variable: string | undefined, value: Variable['value']): Variable => ({
  placeholders: placeholders.split(' '),
  variable,
  value,
});

const VARIABLES: readonly Variable[] = [
  row('failureType', 'ORC_FAILURE_TYPE', (c) => c.failureType),
  row('instanceType', 'ORC_INSTANCE_TYPE', (c) => c.instanceType),
  row('isMaster', 'ORC_IS_MASTER', (c) => String(c.instanceType === 'master')),
  row('isCoMaster', 'ORC_IS_CO_MASTER', (c) => String(c.instanceType === 'co-master')),
  row('failureDescription', 'ORC_FAILURE_DESCRIPTION', (c) => c.failureDescription),
  row('command', 'ORC_COMMAND', (c) => c.command),
  row('failedHost', 'ORC_FAILED_HOST', (c) => c.failed.hostname),
  row('failedPort', 'ORC_FAILED_PORT', (c) => String(c.failed.port)),
  row('failureCluster', 'ORC_FAILURE_CLUSTER', (c) => c.cluster),
  row('failureClusterAlias', 'ORC_FAILURE_CLUSTER_ALIAS', (c) => c.clusterAlias),
  row('failureClusterDomain', 'ORC_FAILURE_CLUSTER_DOMAIN', (c) => c.clusterDomain),
  row('countReplicas countSlaves', 'ORC_COUNT_REPLICAS', (c) => String(c.replicas.length)),
  row('replicaHosts slaveHosts', 'ORC_REPLICA_HOSTS', (c) => c.replicas.join(',')),
  row('isDowntimed', 'ORC_IS_DOWNTIMED', (c) => String(c.isDowntimed)),
  row('autoMasterRecovery', 'ORC_AUTO_MASTER_RECOVERY', (c) => String(c.autoPrimaryRecovery)),
  row('autoIntermediateMasterRecovery', 'ORC_AUTO_INTERMEDIATE_MASTER_RECOVERY', (c) =>
    String(c.autoIntermediateRecovery),
  ),
  row('orchestratorHost', 'ORC_ORCHESTRATOR_HOST', (c) => c.orchestratorHost),
  row('recoveryUID', 'ORC_RECOVERY_UID', (c) => c.recoveryUid),
  row('isSuccessful', 'ORC_IS_SUCCESSFUL', (c) => String(c.isSuccessful)),
  row('lostReplicas lostSlaves', 'ORC_LOST_REPLICAS', (c) => c.lostReplicas.join(',')),
  row('countLostReplicas', undefined, (c) => String(c.lostReplicas.length)),
  row('successorHost', 'ORC_SUCCESSOR_HOST', (c) => c.successor?.hostname),
  row('successorPort', 'ORC_SUCCESSOR_PORT', (c) => (c.successor === undefined ? undefined : String(c.successor.port))),
  row('successorAlias', 'ORC_SUCCESSOR_ALIAS', (c) => c.successor?.alias),
  row('successorBinlogCoordinates', 'ORC_SUCCESSOR_BINLOG_COORDINATES', (c) => c.successor?.coordinates),
];

export function hookEnvironment(context: HookContext): Readonly<Record<string, string>> {
  const entries = VARIABLES.map(({ variable, value }) => [variable, value(context)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, string] => entry[0] !== undefined && entry[1] !== undefined),
  );
}

/**
 * Puts values in place of `{placeholders}` so that no value can leave the word it stands in: outside quotes a value is
 * single-quoted, inside quotes it is escaped for those quotes. Unknown placeholders and absent values stay as they are.
 */
export function substitutePlaceholders(command: string, context: HookContext): string {
  const values = new Map(
    VARIABLES.flatMap(({ placeholders, value }) => placeholders.map((name) => [name, value(context)] as const)),
  );
  let quote: '"' | "'" | undefined;
  let output = '';
  for (let at = 0; at < command.length; at += 1) {
    const char = command[at] ?? '';
    const placeholder = /^\{([A-Za-z]+)\}/.exec(command.slice(at));
    const value = placeholder === null ? undefined : values.get(placeholder[1] ?? '');
    if (placeholder !== null && value !== undefined) {
      output += quoteFor(quote, value);
      at += placeholder[0].length - 1;
      continue;
    }
    if (char === '\\' && quote !== "'") {
      output += char + (command[at + 1] ?? '');
      at += 1;
      continue;
    }
    if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = undefined;
    output += char;
  }
  return output;
}

/** Values made of these alone mean nothing to a shell and stay bare, as they always were. */
const HARMLESS = /^[A-Za-z0-9_@%+=:,./-]+$/;

function quoteFor(quote: '"' | "'" | undefined, value: string): string {
  if (quote === '"') return value.replaceAll(/[\\"$`]/g, '\\$&');
  if (quote === "'") return value.replaceAll("'", `'\\''`);
  return HARMLESS.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
