import { z } from 'zod';
import type { PromotionRule } from '../../../topology/promotion-rule.ts';

/** Best first. */
export const PROMOTION_RULE_WORDS = {
  must: 'must',
  prefer: 'prefer',
  neutral: 'neutral',
  prefer_not: 'preferNot',
  must_not: 'mustNot',
} as const satisfies Readonly<Record<PromotionRule, string>>;

type Word = (typeof PROMOTION_RULE_WORDS)[PromotionRule];

export const PromotionRuleWord = z.enum(Object.values(PROMOTION_RULE_WORDS) as [Word, ...Word[]]);

/** Those that an operator may register; a `must` comes from a server's own query alone. */
export const GivenRules: Readonly<Record<Exclude<Word, 'must'>, PromotionRule>> = {
  prefer: 'prefer',
  neutral: 'neutral',
  preferNot: 'prefer_not',
  mustNot: 'must_not',
};
