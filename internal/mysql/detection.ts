// The operator's own questions to a server: where it stands, what it is called, how far it lags. They run behind everything
// else, since they may fail, hang or answer nonsense.

import { compileGoRegexp } from '../runtime/go-regexp.ts';
import type { Instance } from '../topology/instance.ts';
import { parsePromotionRule } from '../topology/promotion-rule.ts';
import type { ProbeRows } from './probe-rows.ts';
import type { ProbeStatement } from './probe-statements.ts';

export const DETECTION_PARTS = [
  'lag',
  'clusterAlias',
  'clusterDomain',
  'instanceAlias',
  'promotionRule',
  'dataCenter',
  'region',
  'physicalEnvironment',
  'semiSyncPriority',
  'pseudoGtid',
] as const;
export type DetectionPart = (typeof DETECTION_PARTS)[number];

export interface DetectionSettings {
  /** One statement each, of one row with one column; a blank one is not asked. */
  readonly queries: Readonly<Partial<Record<DetectionPart, string>>>;
  /** The first group of the first match on the host name; what a query finds out takes precedence. */
  readonly patterns: Readonly<Record<'dataCenter' | 'region' | 'physicalEnvironment', string>>;
}

/** Widths of the backend's columns: a longer text would be refused there, and with it the whole server. */
const LOCATION_LENGTH = 32;
const NAME_LENGTH = 128;
const PRIORITY_MAX = 255;

export function detectionStatements({ queries }: DetectionSettings): readonly ProbeStatement[] {
  return DETECTION_PARTS.flatMap((part) => {
    const sql = (queries[part] ?? '').trim().replace(/[;\s]+$/, '');
    // the line break ends a comment at the end of the query
    return sql === '' ? [] : [{ part, sql: `${sql}\n`, essential: false, foreign: true, right: '' }];
  });
}

/** What one server is, by name and by its own answers; `complaints` are answers that mean nothing. */
export function classified(
  instance: Instance,
  rows: ProbeRows,
  settings: DetectionSettings,
): { readonly instance: Instance; readonly complaints: readonly (readonly [DetectionPart, string])[] } {
  const complaints: (readonly [DetectionPart, string])[] = [];
  const cell = (part: DetectionPart) => Object.values(rows[part]?.[0] ?? {})[0];
  const text = (part: DetectionPart, length: number) => String(cell(part) ?? '').slice(0, length);
  const location = (part: 'dataCenter' | 'region' | 'physicalEnvironment') =>
    text(part, LOCATION_LENGTH) ||
    (compileGoRegexp(settings.patterns[part])?.exec(instance.key.hostname)?.[1] ?? '').slice(0, LOCATION_LENGTH);
  const count = (part: 'lag' | 'semiSyncPriority'): number | undefined => {
    const value = cell(part);
    if (value === undefined || value === null) return undefined;
    if (String(value).trim() !== '' && Number.isFinite(Number(value))) return Math.max(0, Math.floor(Number(value)));
    complaints.push([part, `answered "${String(value).slice(0, 50)}" where a number is expected`]);
    return undefined;
  };
  const rule = text('promotionRule', NAME_LENGTH);
  const parsed = parsePromotionRule(rule);
  if (rule !== '' && (parsed === undefined || parsed === 'must'))
    complaints.push(['promotionRule', `answered "${rule}"; expected prefer, neutral, prefer_not or must_not`]);
  const lagAnswered = rows.lag !== undefined && rows.lag.length > 0 && cell('lag') === null;
  return {
    instance: {
      ...instance,
      dataCenter: location('dataCenter'),
      region: location('region'),
      physicalEnvironment: location('physicalEnvironment'),
      instanceAlias: text('instanceAlias', NAME_LENGTH),
      suggestedClusterAlias: text('clusterAlias', NAME_LENGTH),
      clusterDomain: text('clusterDomain', NAME_LENGTH),
      detectedPromotionRule: parsed === 'must' ? undefined : parsed,
      semiSyncPriority: Math.min(count('semiSyncPriority') ?? 0, PRIORITY_MAX),
      usesPseudoGtid: String(cell('pseudoGtid') ?? '') === '1',
      measuredLagSeconds: lagAnswered ? null : count('lag'),
    },
    complaints,
  };
}
