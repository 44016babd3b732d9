// What the patches of the established product changed in tables that were there, for a backend that stopped before them. These and no
// others (contract): everything else is left as it is found.

/** A table as it is there. */
export interface Found {
  readonly types: ReadonlyMap<string, string>;
  /** Columns of each index, by comma; `unique ` in front where it is. */
  readonly keys: readonly string[];
  /** The same by the names of the indexes; the primary key is `PRIMARY`. */
  readonly byName?: ReadonlyMap<string, string>;
}

type There = ReadonlyMap<string, Found>;

/** A process was known by its host, of which it was the only one. */
const NODES = { table: 'node_health', former: 'unique hostname', key: 'hostname, token' };
/** A server could have several values of one tag. */
const TAGS = {
  table: 'database_instance_tags',
  former: 'unique hostname,port,tag_name,tag_value',
  key: 'hostname, port, tag_name',
};
const DETECTIONS = 'topology_failure_detection';
/** What could be done about a problem, and what could not, was one detection. */
const FORMER_DETECTION = 'unique hostname,port,in_active_period,end_active_period_unixtime';
const COLUMNS = [
  { name: 'cluster_name', former: /^(tiny)?text$/, definition: 'cluster_name varchar(128) NOT NULL' },
  {
    name: 'semi_sync_master_timeout',
    former: /^int$/,
    definition: 'semi_sync_master_timeout bigint unsigned NOT NULL',
  },
];

/** To be run behind what is missing: a column must be there before a key has it. */
export function outdated(there: There): readonly string[] {
  const columns = COLUMNS.filter(({ name, former }) =>
    former.test(there.get('database_instance')?.types.get(name) ?? ''),
  );
  const detections = [...(there.get(DETECTIONS)?.byName ?? [])].filter(([, is]) => is === FORMER_DETECTION);
  return [
    ...[NODES, TAGS]
      .filter(({ table, former }) => there.get(table)?.byName?.get('PRIMARY') === former)
      .map(({ table, key }) => `ALTER TABLE ${table} DROP PRIMARY KEY, ADD PRIMARY KEY (${key})`),
    ...columns.map(({ definition }) => `ALTER TABLE database_instance MODIFY COLUMN ${definition}`),
    ...detections.map(([name]) => `ALTER TABLE ${DETECTIONS} DROP KEY \`${name.replaceAll('`', '``')}\``),
  ];
}
