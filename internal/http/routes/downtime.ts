import { parseDurationMs } from '../../runtime/duration.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { compareKeys, keyText } from '../../topology/instance-key.ts';
import { type Listed, listByCluster } from '../../topology/listing.ts';
import { parsePromotionRule } from '../../topology/promotion-rule.ts';
import { Listing } from '../listing.ts';
import { bad, type Request } from '../request.ts';
import { act, bare, type EnvelopeHandler, envelope, type HttpServerDeps, type Route } from '../route.ts';
import { encodeInstance } from '../wire/instance-json.ts';
import { wireKey, wireTime } from '../wire/values.ts';

const DEFAULT_PERIOD_MS = 600_000;

/** What operators say of servers: leave this one alone, prefer that one. */
export function downtimeRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const begin: EnvelopeHandler = async (request) => {
    const key = request.key();
    await services.beginDowntime(key, request.text('owner'), request.text('reason'), durationMsOf(request));
    return envelope('OK', `Downtime begun: ${keyText(key)}`, wireKey(key));
  };
  const end: EnvelopeHandler = async (request) => {
    const key = request.key();
    await services.endDowntime(key);
    return envelope('OK', `Downtime ended: ${keyText(key)}`, wireKey(key));
  };
  const registerCandidate: EnvelopeHandler = async (request) => {
    const key = request.key();
    const rule = parsePromotionRule(request.text('promotionRule'));
    if (rule === undefined || rule === 'must')
      throw bad(
        `Invalid promotion rule: ${request.text('promotionRule')}; give prefer, neutral, prefer_not or must_not`,
      );
    await services.setPromotionRule(key, rule);
    return envelope('OK', `Registered candidate: ${keyText(key)}, ${rule}`, wireKey(key));
  };
  return [
    act('begin-downtime/:host/:port/:owner/:reason', begin),
    act('begin-downtime/:host/:port/:owner/:reason/:duration', begin),
    act('end-downtime/:host/:port', end),
    bare('downtimed', () => downtimed(services.snapshots())),
    bare('downtimed/:clusterHint', (request) => downtimed([request.cluster()])),
    act('register-candidate/:host/:port/:promotionRule', registerCandidate),
    { path: 'bulk-promotion-rules', acts: true, answer: 'bare', handle: rules },
  ];

  async function rules() {
    const found = [...(await services.candidates())].sort((a, b) => compareKeys(a.key, b.key));
    return found.map(({ key, rule, suggestedMs, expiresMs }) => ({
      ...wireKey(key),
      PromotionRule: rule,
      LastSuggestedString: wireTime(suggestedMs),
      PromotionRuleExpiry: wireTime(expiresMs),
    }));
  }

  function downtimed(snapshots: readonly ClusterSnapshot[]) {
    const inDowntime = ({ snapshot, watched }: Listed) => snapshot.downtimes.has(keyText(watched.instance.key));
    return new Listing(
      () => listByCluster(snapshots).filter(inDowntime),
      ({ snapshot, watched }, json) => encodeInstance(watched, { ...settings, snapshot, nowMs: clock.nowMs() }, json),
    );
  }
}

/** How long a downtime or a lock is to last. */
export function durationMsOf(request: Request): number {
  return parseDurationMs(request.text('duration')) || DEFAULT_PERIOD_MS;
}
