// Finds out who is at an address by dialling it: nobody gets into the group, or another address, who does not answer there (F-31).

import { type Address, formatAddress } from '../address.ts';
import type { Identity } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';

export interface Met {
  /** Undefined where nobody of this cluster answers. */
  readonly peer: Identity | undefined;
  readonly problem: string | undefined;
}

interface Meeting {
  readonly address: Address;
  readonly untilMs: number;
  readonly done: (met: Met) => void;
}

export interface MeetingsDeps {
  readonly wire: () => Pick<Wire, 'at'>;
  readonly own: string;
  readonly patienceMs: number;
  readonly nowMs: () => number;
  /** Other addresses are to be dialled than before. */
  readonly onChanged: () => void;
}

export class Meetings {
  readonly #deps: MeetingsDeps;
  #open: readonly Meeting[] = [];

  constructor(deps: MeetingsDeps) {
    this.#deps = deps;
  }

  /** To be dialled now. */
  get addresses(): readonly Address[] {
    return this.#open.map(({ address }) => address);
  }

  ask(address: Address, done: (met: Met) => void): void {
    const { own, nowMs, patienceMs, onChanged } = this.#deps;
    if (formatAddress(address) === own) {
      done({ peer: undefined, problem: `${own} is this node itself` });
      return;
    }
    this.#open = [...this.#open, { address, untilMs: nowMs() + patienceMs, done }];
    onChanged();
  }

  tick(): void {
    const { wire, nowMs, onChanged } = this.#deps;
    const over: (() => void)[] = [];
    this.#open = this.#open.filter(({ address, untilMs, done }) => {
      const text = formatAddress(address);
      const status = wire().at(text);
      if (status?.swift === true) over.push(() => done({ peer: status.identity, problem: undefined }));
      else if (nowMs() >= untilMs)
        over.push(() => done({ peer: undefined, problem: status?.problem ?? `nobody answers at ${text}` }));
      else return true;
      return false;
    });
    if (over.length > 0) onChanged();
    for (const tell of over) tell();
  }
}
