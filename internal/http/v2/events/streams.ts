// Streams of server-sent events. What happened waits in the ring alone: a stream takes from there what its connection takes, and whoever is
// so slow that the ring has overtaken them is cut off, never waited for. They come back with the id that they have, and hear that they must
// read the state anew.

import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../runtime/clock.ts';
import { encodeJson } from '../../json.ts';
import { Refused } from '../problem.ts';
import { momentOf } from '../schema.ts';
import { type EventBody, type EventType, eventOf } from './event.ts';
import type { EventSource } from './happenings.ts';

/** Bytes that may wait for a connection. */
const MOST_WAITING = 64 * 1024;
const HEARTBEAT_MS = 15_000;
/** A connection that has taken nothing for so many heartbeats is cut off. */
const MOST_MISSED = 4;
const MOST_STREAMS = 200;
/** How soon a client that was cut off comes back. */
const RETRY_MS = 1_000;

export interface StreamWish {
  /** As the client has it; empty: none. */
  readonly lastEventId: string;
  /** Undefined: all. */
  readonly types: ReadonlySet<EventType> | undefined;
}

export interface StreamsDeps {
  readonly source: EventSource;
  readonly clock: Pick<Clock, 'nowMs' | 'every'>;
  /** Name of this node. */
  readonly node: string;
}

export class EventStreams {
  readonly #deps: StreamsDeps;
  /** Each with what ends its telling. */
  readonly #open = new Map<ServerResponse, () => void>();

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
  }

  /** @throws {Refused} `TOO_MANY_STREAMS` */
  admit(): void {
    if (this.#open.size >= MOST_STREAMS) throw new Refused('TOO_MANY_STREAMS', `${MOST_STREAMS} streams are open here`);
  }

  /** Ends all of them. What happens until their connections are closed is told to nobody: nothing may be written behind an end. */
  close(): void {
    for (const [response, endTelling] of this.#open) {
      endTelling();
      response.end();
    }
  }

  serve(response: ServerResponse, { lastEventId, types }: StreamWish): void {
    const { source, clock, node } = this.#deps;
    const { next, first } = this.#beginning(lastEventId, node);
    let number = next;
    let missed = 0;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // a proxy in front must not wait for more
    });
    response.write(`retry: ${RETRY_MS}\n${this.#encoded(number - 1, first)}`);
    const pump = () => {
      if (number < source.first) {
        response.destroy(); // the ring was faster
        return;
      }
      for (; number <= source.last && response.writableLength < MOST_WAITING; number += 1) {
        const told = source.at(number);
        if (told === undefined || (types !== undefined && !types.has(told.happening.type))) continue;
        response.write(this.#encoded(number, eventOf(told)));
      }
    };
    const beat = () => {
      missed = response.writableLength === 0 ? 0 : missed + 1;
      if (missed >= MOST_MISSED) response.destroy();
      // with the id, so that who leaves out most events resumes behind those, too
      else if (missed === 0) response.write(`: heartbeat\n${this.#id(number - 1)}\n`);
    };
    const undo = [source.listen(pump), clock.every(HEARTBEAT_MS, beat), () => response.off('drain', pump)];
    const endTelling = () => {
      for (const end of undo) end();
    };
    response.on('drain', pump);
    this.#open.set(response, endTelling);
    response.once('close', () => {
      endTelling();
      this.#open.delete(response);
    });
    pump();
  }

  /** With which number a stream goes on, and what it begins with. */
  #beginning(lastEventId: string, node: string): { readonly next: number; readonly first: EventBody } {
    const { source, clock } = this.#deps;
    const at = momentOf(clock.nowMs());
    const open = (resumed: boolean) => ({ type: 'open', at, node, resumed }) as const;
    if (lastEventId === '') return { next: source.last + 1, first: open(false) };
    const [, epoch, text] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(lastEventId) ?? [];
    const known = Number(text);
    const reset = (reason: 'restarted' | 'overrun' | 'unknownId') =>
      ({ next: source.last + 1, first: { type: 'reset', at, reason } }) as const;
    if (epoch === undefined) return reset('unknownId');
    if (epoch !== source.epoch) return reset('restarted');
    if (known > source.last) return reset('unknownId');
    return known + 1 < source.first ? reset('overrun') : { next: known + 1, first: open(true) };
  }

  #id(number: number): string {
    return `id: ${this.#deps.source.epoch}.${number}\n`;
  }

  /** As it goes over the line: nothing in JSON breaks a line. */
  #encoded(number: number, event: EventBody): string {
    return `${this.#id(number)}event: ${event.type}\ndata: ${encodeJson(event)}\n\n`;
  }
}
