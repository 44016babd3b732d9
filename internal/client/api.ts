// Calls of the API as an operator needs them: the leader is found among several addresses, what did not get through is tried again, and a
// change that is tried again carries the same Idempotency-Key, so that it happens once.

import { randomUUID } from 'node:crypto';
import { errorText } from '../runtime/errors.ts';
import { type Answer, envelopeOf } from './answer.ts';
import { ClientError } from './errors.ts';
import { apiOf, type Response, shownApi, type Transport } from './transport.ts';

/** Behind each attempt that failed; eight in all. */
const PAUSES_MS = [100, 200, 500, 1000, 2000, 2500, 5000, 0];
/** Whoever waits longer than the pauses before this one hears why. */
const TOLD_BEHIND_MS = 1000;
/** Behind each look for a leader that found none: about as long as the choice of a new one takes. */
const CHOICE_PAUSES_MS = [100, 200, 500, 1000, 2000, 0];
const CHECK_MS = 1000;
/** Nothing was done: to be asked for again. */
const UNDONE = 503;

export interface ApiDeps {
  readonly transport: Transport;
  /** As given by the operator, at least one. */
  readonly apis: readonly string[];
  readonly sleep: (ms: number) => Promise<void>;
  /** Hears why a call takes its time. */
  readonly tell: (text: string) => void;
}

export class Api {
  readonly #deps: ApiDeps;
  #base: string | undefined;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /**
   * Where the leader is, else who can lead there; the only address is taken without a question.
   *
   * @throws {ClientError} none of several answers for the leader
   */
  async base(): Promise<string> {
    for (const pauseMs of CHOICE_PAUSES_MS) {
      const found = await this.#found();
      if (found !== undefined) return found;
      await this.#deps.sleep(pauseMs);
    }
    throw new ClientError(
      `Cannot determine leader from ${this.#shown()}: no node there leads, or can lead to one that does; GET leader-check of each says what it thinks`,
    );
  }

  /**
   * One call, with up to eight attempts while nothing that is JSON comes back, or nothing was done for want of a leader (503). An empty
   * answer counts as `null`.
   *
   * @throws {ClientError} nothing usable came back
   */
  async call(path: string, changes: boolean): Promise<Answer> {
    const headers = changes ? { 'Idempotency-Key': randomUUID() } : {};
    await this.base();
    let last: Answer | string = '';
    for (const pauseMs of PAUSES_MS) {
      last = await this.#attempt(path, headers);
      if (typeof last !== 'string' && last.status !== UNDONE) return last;
      if (pauseMs === TOLD_BEHIND_MS)
        this.#deps.tell(`${this.#shown()}: ${reason(last)}; trying again for ten seconds`);
      await this.#deps.sleep(pauseMs);
      if (this.#deps.apis.length > 1) this.#base = undefined; // it may lead no more
    }
    if (typeof last !== 'string') return last;
    const outcome = changes ? '. It may have been done: look before you ask again' : '';
    throw new ClientError(
      `Cannot access orchestrator at ${this.#shown()}: ${last} (${PAUSES_MS.length} attempts). Is it running, and is ORCHESTRATOR_API, or -U, right?${outcome}`,
    );
  }

  /** The answer, or why there is none. @throws {ClientError} the next attempt would end the same */
  async #attempt(path: string, headers: Readonly<Record<string, string>>): Promise<Answer | string> {
    const api = await this.#found();
    if (api === undefined) return 'no node leads';
    try {
      const response = await this.#deps.transport({ api, path, headers });
      const answer = judged(response, `${shownApi(api)}/${path.replace(/\?.*/s, '')}`);
      return answer ?? `status ${response.status} without an answer in JSON`;
    } catch (err) {
      if (err instanceof ClientError) throw err;
      if (!isDistrust(err)) return reasonOf(err);
      throw new ClientError(`${shownApi(api)} is not trusted: ${errorText(err)}; --cacert names its authority`);
    }
  }

  /** One attempt within `limitMs`; undefined where that brings nothing. */
  async look(path: string, limitMs: number): Promise<unknown> {
    try {
      const api = await this.#found();
      if (api === undefined) return undefined;
      return JSON.parse((await this.#deps.transport({ api, path, limitMs })).text) as unknown;
    } catch {
      return undefined;
    }
  }

  /** Undefined: nobody leads just now. */
  async #found(): Promise<string | undefined> {
    this.#base ??= await this.#leader();
    return this.#base;
  }

  async #leader(): Promise<string | undefined> {
    const apis = this.#deps.apis.map(apiOf);
    if (apis.length === 1) return apis[0];
    for (const check of ['leader-check', 'routed-leader-check']) {
      const leads = await Promise.all(apis.map((api) => this.#answers(api, check)));
      const found = apis[leads.indexOf(true)];
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #answers(api: string, path: string): Promise<boolean> {
    const none = { status: 0 };
    const { status } = await this.#deps.transport({ api, path, limitMs: CHECK_MS }).catch((err: unknown) => {
      if (err instanceof ClientError) throw err;
      return none;
    });
    return status === 200;
  }

  #shown(): string {
    return this.#deps.apis.map(shownApi).join(' ');
  }
}

function reason(failed: Answer | string): string {
  return typeof failed === 'string' ? failed : (envelopeOf(failed)?.Message ?? `status ${failed.status}`);
}

/** Undefined: to be tried again. */
function judged({ status, text }: Response, url: string): Answer | undefined {
  if (status === 401)
    throw new ClientError(
      `${url} asks for a login (401 Unauthorized): ${text.trim() || 'no reason given'}; give it with -b USER:PASSWORD, in ORCHESTRATOR_AUTH_USER and ORCHESTRATOR_AUTH_PASSWORD, or as a certificate with --cert`,
    );
  if (text.trim() === '' && status < 300) return { text: 'null', json: null, url, status };
  try {
    return { text: text.trim(), json: JSON.parse(text) as unknown, url, status };
  } catch {
    if (status < 500)
      throw new ClientError(
        `there is no API at ${url} (status ${status}): does the address lack a prefix, or name something else?`,
      );
    return undefined;
  }
}

/** A certificate that does not convince will not convince the next time. */
function isDistrust(err: unknown): boolean {
  return /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(codeOf(err));
}

/** One text also where several addresses of a name were tried. */
function reasonOf(err: unknown): string {
  const inner = err instanceof AggregateError ? err.errors[0] : err;
  return errorText(inner) || codeOf(err) || 'no answer';
}

function codeOf(err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : '';
}
