/** Best first. `must` ranks as the strongest preference. */
export const PROMOTION_RULES = ['must', 'prefer', 'neutral', 'prefer_not', 'must_not'] as const;
export type PromotionRule = (typeof PROMOTION_RULES)[number];

/** 0 is best, 4 is banned. */
export function promotionRank(rule: PromotionRule): number {
  return PROMOTION_RULES.indexOf(rule);
}

export function parsePromotionRule(text: string): PromotionRule | undefined {
  return PROMOTION_RULES.find((rule) => rule === text);
}
