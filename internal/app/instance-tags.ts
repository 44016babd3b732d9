import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, sameKey } from '../topology/instance-key.ts';
import { parseTag, type Tag } from '../topology/tag-expression.ts';
import type { Agreement } from './agreement.ts';

export interface InstanceTagsDeps {
  readonly agreement: Pick<Agreement, 'decide'>;
  /** Of one server, or of all. */
  readonly stored: (key?: InstanceKey) => Promise<readonly Tag[]>;
}

/** Setting tags and taking them away, on all nodes alike. A tag is `name` or `name=value`. */
export class InstanceTags {
  readonly #deps: InstanceTagsDeps;

  constructor(deps: InstanceTagsDeps) {
    this.#deps = deps;
  }

  /** @throws {OrchestratorError} `BAD_REQUEST` */
  async tag(key: InstanceKey, text: string): Promise<void> {
    const { name, value = '' } = parseTag(text);
    await this.#deps.agreement.decide({ op: 'put-instance-tag', key, name, value });
  }

  /**
   * From one server; from all that have it with exactly this value where none is named.
   *
   * @param anyValue from all that have it, where no value is given either
   * @returns those that had it
   * @throws {OrchestratorError} `BAD_REQUEST`: from all, and no value is given
   */
  async untag(text: string, key?: InstanceKey, anyValue = false): Promise<readonly InstanceKey[]> {
    const { agreement, stored } = this.#deps;
    const { name, value } = parseTag(text);
    if (key === undefined && value === undefined && !anyValue)
      throw new OrchestratorError('BAD_REQUEST', `tag must have a value to be removed from all instances: ${name}`);
    const had = (await stored(key)).filter(
      (tag) => tag.name === name && (value === undefined || tag.value === value) && (!key || sameKey(tag.key, key)),
    );
    const keys = had.map((tag) => tag.key);
    if (keys.length > 0) await agreement.decide({ op: 'delete-instance-tag', keys, name, value: value ?? null });
    return keys;
  }
}
