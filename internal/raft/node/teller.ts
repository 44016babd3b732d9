import type { Log } from '../../runtime/log.ts';
import type { News } from './protocol.ts';

/** Collects what there is to tell, and posts what came up together as one message, in its order. */
export class Teller {
  readonly #post: (news: readonly News[]) => void;
  #waiting: News[] = [];

  constructor(post: (news: readonly News[]) => void) {
    this.#post = post;
  }

  tell(news: News): void {
    this.#waiting.push(news);
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
  }

  flush(): void {
    const news = this.#waiting;
    this.#waiting = [];
    if (news.length > 0) this.#post(news);
  }

  /** Lines that the main thread writes. */
  get log(): Log {
    const line = (level: keyof Log) => (fields: object, text: string) =>
      this.tell({ kind: 'log', level, fields: { ...fields }, text });
    return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  }
}
