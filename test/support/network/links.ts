import { link } from './told.ts';

/** Which links of a network are cut. */
export abstract class Links {
  protected readonly cuts = new Set<string>();

  async cut(from: readonly string[], to: readonly string[]): Promise<void> {
    for (const a of from) for (const b of to) if (a !== b) this.cuts.add(link(a, b));
    await this.enforce();
  }

  async mend(): Promise<void> {
    this.cuts.clear();
    await this.enforce();
  }

  protected abstract enforce(): Promise<void>;
}
