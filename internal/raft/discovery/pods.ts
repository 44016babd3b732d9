import { type Address, formatAddress, parseAddress } from '../address.ts';
import { few } from './candidates.ts';
import type { Found } from './finder.ts';
import { listAt, numberAt, objectAt, textAt } from './json.ts';

export interface PodReading {
  /** Of the container port by which nodes are reached. */
  readonly portName: string;
  /** Pods are dialled by the names that a headless service gives them, since certificates are for names. */
  readonly byName: boolean;
}

/** What an event of a watch means for those who read the pods. */
export type PodChange = 'changed' | 'same' | 'expired';

interface Pod {
  readonly address: Address | undefined;
  /** Why it has none although it should. */
  readonly problem: string | undefined;
}

/** Pods as a list and the events after it have them. Values of the API server: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
export class Pods {
  readonly #reading: PodReading;
  #pods = new Map<string, Pod>();
  #version = '';

  constructor(reading: PodReading) {
    this.#reading = reading;
  }

  /** From where a watch goes on. */
  get version(): string {
    return this.#version;
  }

  get found(): Found {
    const pods = [...this.#pods.values()];
    const problems = pods.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    return {
      addresses: pods.flatMap(({ address }) => (address === undefined ? [] : [address])),
      problems: problems.length === 0 ? [] : [few(problems)],
    };
  }

  /** @returns false where it is no list of pods */
  replace(list: unknown): boolean {
    const version = textAt(list, 'metadata', 'resourceVersion');
    if (version === undefined || !Array.isArray(objectAt(list)?.items)) return false;
    this.#pods = new Map(listAt(list, 'items').flatMap((pod) => this.#entry(pod)));
    this.#version = version;
    return true;
  }

  /** `expired`: the list has to be asked for anew. */
  take(event: unknown): PodChange {
    const kind = textAt(event, 'type');
    const object = objectAt(event, 'object');
    const version = textAt(object, 'metadata', 'resourceVersion');
    const name = textAt(object, 'metadata', 'name');
    if (kind === 'BOOKMARK' && version !== undefined) {
      this.#version = version;
      return 'same';
    }
    const known = kind === 'ADDED' || kind === 'MODIFIED' || kind === 'DELETED';
    if (!known || version === undefined || name === undefined) return 'expired'; // an error, or nothing that we understand
    const before = this.#textOf(name);
    this.#version = version;
    if (kind === 'DELETED') this.#pods.delete(name);
    else for (const [key, pod] of this.#entry(object)) this.#pods.set(key, pod);
    return this.#textOf(name) === before ? 'same' : 'changed';
  }

  #entry(object: unknown): readonly (readonly [string, Pod])[] {
    const name = textAt(object, 'metadata', 'name');
    return name === undefined ? [] : [[name, this.#read(name, object)]];
  }

  /** Whether it is ready does not count: nodes have to find each other before they are. */
  #read(name: string, pod: unknown): Pod {
    const none = { address: undefined, problem: undefined };
    const phase = textAt(pod, 'status', 'phase');
    const leaving = textAt(pod, 'metadata', 'deletionTimestamp') !== undefined;
    const host = this.#hostOf(pod);
    if (leaving || phase === 'Succeeded' || phase === 'Failed' || host === undefined) return none;
    const port = this.#portOf(pod);
    if (port === undefined)
      return { address: undefined, problem: `pod ${name} has no container port named ${this.#reading.portName}` };
    try {
      const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      return { address: parseAddress(text, `pod ${name}`, 0), problem: undefined };
    } catch {
      return { address: undefined, problem: `pod ${name} has no usable address` };
    }
  }

  #hostOf(pod: unknown): string | undefined {
    const [hostname, subdomain] = [textAt(pod, 'spec', 'hostname'), textAt(pod, 'spec', 'subdomain')];
    const namespace = textAt(pod, 'metadata', 'namespace');
    const ip = textAt(pod, 'status', 'podIP');
    const named = hostname !== undefined && subdomain !== undefined && namespace !== undefined;
    return this.#reading.byName && named && ip !== undefined ? `${hostname}.${subdomain}.${namespace}.svc` : ip;
  }

  #portOf(pod: unknown): number | undefined {
    const ports = listAt(pod, 'spec', 'containers').flatMap((container) => listAt(container, 'ports'));
    const port = ports.find((one) => textAt(one, 'name') === this.#reading.portName);
    return numberAt(port, 'containerPort');
  }

  #textOf(name: string): string {
    const pod = this.#pods.get(name);
    if (pod === undefined) return '';
    return pod.address === undefined ? (pod.problem ?? '') : formatAddress(pod.address);
  }
}
