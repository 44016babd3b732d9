/*
 * Pods by their labels: listed once, then watched from the version of that list. A watch that breaks is not mended here: the next look-up
 * lists again, so that a server that refuses watches is asked at intervals and nothing else.
 */

import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { Finder, Found } from './finder.ts';
import { expectOk } from './http-service.ts';
import { type KubernetesAccess, KubernetesApi } from './kubernetes-api.ts';
import { Pods } from './pods.ts';

export interface KubernetesFinderSettings extends KubernetesAccess {
  readonly labelSelector: string;
  readonly portName: string;
  readonly byName: boolean;
}

/** The server is asked to end a watch after so long, so that one that has silently died is noticed. */
const WATCH_SECONDS = 60;
const WATCH_SILENCE_MS = (WATCH_SECONDS + 10) * 1000;

export class KubernetesFinder implements Finder {
  readonly #settings: KubernetesFinderSettings;
  readonly #api: KubernetesApi;
  readonly #pods: Pods;
  /** Aborted at the end of a watch, by itself or by us. */
  #watch: AbortController | undefined;
  /** Why there is no watch, where the server does not let us. */
  #unwatched: string | undefined;
  #tellChange: (() => void) | undefined;

  constructor(settings: KubernetesFinderSettings) {
    this.#settings = settings;
    this.#api = new KubernetesApi(settings);
    this.#pods = new Pods(settings);
  }

  async find(signal: AbortSignal): Promise<Found> {
    if (this.#watch === undefined) {
      await this.#list(signal);
      this.#startWatch();
    }
    const { addresses, problems } = this.#pods.found;
    return { addresses, problems: this.#unwatched === undefined ? problems : [...problems, this.#unwatched] };
  }

  async changed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#tellChange = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    this.#tellChange = undefined;
  }

  async release(): Promise<void> {
    this.#watch?.abort();
    await this.#api.close();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const answer = await this.#api.ask({ method: 'GET', path: await this.#path({}) }, signal);
    const { json } = expectOk(`listing pods by "${this.#settings.labelSelector}"`, answer);
    if (!this.#pods.replace(json))
      throw new OrchestratorError('UNAVAILABLE', 'the API server answers with no list of pods');
  }

  #startWatch(): void {
    const controller = new AbortController();
    this.#watch = controller;
    void this.#follow(controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) this.#note(error);
      })
      .finally(() => {
        controller.abort();
        if (this.#watch === controller) this.#watch = undefined;
        if (this.#unwatched === undefined) this.#tellChange?.(); // to list anew; who may not watch lists when it is time
      });
  }

  /** Until the server has nothing to go on from, or something breaks. */
  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const query = {
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#pods.version,
        timeoutSeconds: String(WATCH_SECONDS),
      };
      const request = { method: 'GET', path: await this.#path(query) } as const;
      const lines = await this.#api.lines(request, WATCH_SILENCE_MS, signal);
      this.#unwatched = undefined;
      for await (const line of lines) {
        const change = this.#pods.take(JSON.parse(line));
        if (change === 'expired') return;
        if (change === 'changed') this.#tellChange?.();
      }
    }
  }

  /** A connection that broke is told of by the next list, if it matters. */
  #note(error: unknown): void {
    const status = error instanceof OrchestratorError ? error.context.status : undefined;
    this.#unwatched = status === undefined || status === 410 ? undefined : `pods are not watched: ${errorText(error)}`;
  }

  async #path(query: Readonly<Record<string, string>>): Promise<string> {
    const { labelSelector } = this.#settings;
    const namespace = encodeURIComponent(await this.#api.namespace());
    return `/api/v1/namespaces/${namespace}/pods?${new URLSearchParams({ labelSelector, ...query })}`;
  }
}
