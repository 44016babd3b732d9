// Listens to server-sent events as a browser does: blocks of lines, comments, the last id.

import assert from 'node:assert/strict';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from './daemon.ts';

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class EventListener {
  readonly heard: HeardEvent[] = [];
  readonly comments: string[] = [];
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;
  #rest = '';
  /** The server ended it, or the connection broke. */
  ended = false;

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
    });
  }

  /** Resolves with the head of the answer. @param url with its query */
  static async open(url: string, lastEventId = ''): Promise<EventListener> {
    const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId };
    return new Promise((resolve, reject) => {
      const sent = request(url, { headers, agent: false }, (response) => resolve(new EventListener(sent, response)));
      sent.once('error', reject);
      sent.end();
    });
  }

  get lastId(): string {
    return this.heard.at(-1)?.id ?? '';
  }

  /** The first one that fits, among those heard already too. */
  async hears(what: string, fits: (event: HeardEvent) => boolean): Promise<HeardEvent> {
    await until(what, async () => this.heard.some(fits));
    const found = this.heard.find(fits);
    assert.ok(found !== undefined);
    return found;
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#read(block);
  }

  #read(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments.push(line.slice(1).trim());
      else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
    }
    const data = fields.get('data');
    if (data === undefined) return;
    const parsed = JSON.parse(data) as HeardEvent['data'];
    this.heard.push({ id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: parsed });
  }
}
