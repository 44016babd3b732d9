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
 * Puts values in place of `{placeholders}` so that no value can leave the word it stands in. What means nothing to a shell is put there as it is,
 * in place of anything else the shell is told the variable that holds it (`hookEnvironment`): what a variable holds is never read as a
 * command by the shell that is started, a POSIX one, however quotes are nested around it. That shell may hand it on to another one as part of a command
 * (`bash -c '...'`, `ssh`, `eval`), and expands nothing in a quoted here-document: `config/hook-doubts.ts` warns of both. Unknown
 * placeholders and absent values stay as they are.
 */
export function substitutePlaceholders(command: string, context: HookContext): string {
  const found = new Map(
    VARIABLES.flatMap(({ placeholders, variable, value }) =>
      placeholders.map((name) => [name, { variable, value: value(context) }] as const),
    ),
  );
  const quotes = new Quotes();
  let output = '';
  for (let at = 0; at < command.length; ) {
    const [whole = '', name = ''] = /^\{([A-Za-z]+)\}/.exec(command.slice(at)) ?? [];
    const { variable = '', value } = found.get(name) ?? {};
    const piece = value === undefined ? quotes.next(command, at) : whole;
    output += value === undefined ? piece : inQuotes(quotes.open, variable, value);
    at += piece.length;
  }
  return output;
}

/** Values made of these alone mean nothing to a shell and stay bare, as they always were. */
const HARMLESS = /^[A-Za-z0-9_@%+=:,./-]+$/;

function inQuotes(open: Quote | undefined, variable: string, value: string): string {
  if (HARMLESS.test(value)) return value;
  if (open === '"') return value === '' ? '' : `\${${variable}}`;
  if (value === '') return open === undefined ? "''" : '';
  return open === "'" ? `'"\${${variable}}"'` : `"\${${variable}}"`;
}

type Quote = '"' | "'";

/** Which quotes a place in a command stands in: those of a command within, as in `"$(command)"`, are its own. */
class Quotes {
  /** Undefined: in none. */
  open: Quote | undefined;
  /** The place behind what was read last, if a word begins there: a comment may. */
  #wordAt = 0;
  /** Those around commands within, the innermost last, each with the brackets that were opened there. */
  readonly #around: { readonly open: Quote | undefined; brackets: number }[] = [];

  /** The piece of the command that is read as one from this place on; a comment is. */
  next(command: string, at: number): string {
    const [char = '', two] = [command.slice(at, at + 1), command.slice(at, at + 2)];
    if (this.open === "'") {
      if (char === "'") this.open = undefined;
      return char;
    }
    if (char === '\\') {
      if (two === '\\\n' && at === this.#wordAt) this.#wordAt += 2; // the line goes on
      return two;
    }
    if (two === '$(') {
      this.#wordAt = at + 2;
      this.#around.push({ open: this.open, brackets: 0 });
      this.open = undefined;
      return two;
    }
    if (this.open === '"') {
      if (char === '"') this.open = undefined;
      return char;
    }
    if (char === '#' && at === this.#wordAt) return /.*/.exec(command.slice(at))?.[0] ?? char;
    if (char === '"' || char === "'") this.open = char;
    else if (!this.#endsCommand(char) && /[\s;&|()<>]/.test(char)) this.#wordAt = at + 1;
    return char;
  }

  /** Of a command within: the word that it stands in goes on behind it. */
  #endsCommand(char: string): boolean {
    const within = this.#around.at(-1);
    if (within === undefined) return false;
    if (char === '(') within.brackets += 1;
    if (char !== ')') return false;
    if (within.brackets > 0) {
      within.brackets -= 1;
      return false;
    }
    this.open = this.#around.pop()?.open;
    return true;
  }
}
