import { bool, compat, int, later, list, map, regexps, text } from './key.ts';

export const RESOLUTION = {
  HostnameResolveMethod: text('default', 'How a host name is brought to its canonical form.', {
    choices: ['none', 'default', 'cname', 'ip'],
  }),
  MySQLHostnameResolveMethod: text('@@hostname', 'Under which of its names a server is filed.', {
    choices: ['@@hostname', 'hostname', 'default', '@@report_host', 'report_host', 'none', ''],
  }),
  SkipBinlogServerUnresolveCheck: bool(true, 'Trusts the virtual name of a binlog server.', { ...compat, ...later }),
  ExpiryHostnameResolvesMinutes: int(60, 'How long a canonical name, or another address of a known server, counts.', {
    unit: 'min',
    min: 1,
  }),
  RejectHostnameResolvePattern: text('', 'Canonical names that are not believed.', regexps),
};

export const CLASSIFICATION = {
  ClusterNameToAlias: map({}, 'Alias of each cluster whose name matches; files are merged entry by entry.'),
  DetectClusterAliasQuery: text('', 'SQL that answers the alias of the cluster.'),
  DetectClusterDomainQuery: text('', 'SQL that answers the domain of the cluster.'),
  DetectInstanceAliasQuery: text('', 'SQL that answers a name for the server to be shown under.'),
  DetectPromotionRuleQuery: text('', 'SQL that answers the promotion rule of the server.'),
  DataCenterPattern: text('', 'Its first group, in the host name, is the data centre.', regexps),
  RegionPattern: text('', 'Its first group, in the host name, is the region.', regexps),
  PhysicalEnvironmentPattern: text('', 'Its first group, in the host name, is the environment.', {
    ...regexps,
  }),
  DetectDataCenterQuery: text('', 'SQL that answers the data centre; stronger than the pattern.'),
  DetectRegionQuery: text('', 'SQL that answers the region; stronger than the pattern.'),
  DetectPhysicalEnvironmentQuery: text('', 'SQL that answers the environment; stronger than the pattern.'),
  DetectSemiSyncEnforcedQuery: text(
    '',
    'SQL that answers the semi-sync priority: 0 asynchronous, the highest is enabled first.',
  ),
};

const pseudo = compat;

export const PSEUDO_GTID = {
  AutoPseudoGTID: bool(
    false,
    'Writes markers into the binary logs of primaries. Sets the four keys that follow.',
    pseudo,
  ),
  PseudoGTIDPattern: text('', 'What a marker looks like; empty: there are none.', pseudo),
  PseudoGTIDPatternIsFixedSubstring: bool(false, 'The pattern is plain text.', pseudo),
  PseudoGTIDMonotonicHint: text('', 'Markers that hold this text grow.', pseudo),
  DetectPseudoGTIDQuery: text('', 'SQL that answers 1 where markers are written.', pseudo),
  BinlogEventsChunkSize: int(10_000, 'Events of a binary log that are read at a time.', { ...pseudo, unit: 'events' }),
  SkipBinlogEventsContaining: list(
    [],
    'Events, by a part of their text, that do not count when two logs are compared.',
    pseudo,
  ),
};
