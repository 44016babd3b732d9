// Servers that count events in place of keeping them: enough to tell whether a plan of moves loses one, or applies one twice.

import assert from 'node:assert/strict';
import { type InstanceKey, keyText } from '../../internal/topology/instance-key.ts';
import type { MoveStep, Start } from '../../internal/topology/move-steps.ts';

export interface ModelServer {
  readonly key: InstanceKey;
  source: InstanceKey | undefined;
  /** Events in its data and its binary log, always the first so many that the primary wrote. */
  applied: number;
  /** Events that it has received. */
  received: number;
  receiving: boolean;
  applying: boolean;
  /** Where its binary log begins to count: positions of two servers never agree by accident. */
  readonly base: number;
  /** Writes nothing, and nobody hears of it any more. */
  readonly dead?: boolean;
}

/** What is waited for cannot come any more, since a server is dead. */
class OutOfTime extends Error {}

/** A position and the log that it belongs to. */
interface Position {
  readonly log: string;
  readonly at: number;
}

export class MovingServers {
  readonly #servers: ReadonlyMap<string, ModelServer>;
  /** How many events come in at each moment; also how far a replica gets with them. */
  readonly #chance: () => number;

  constructor(servers: readonly ModelServer[], chance: () => number) {
    this.#servers = new Map(servers.map((server) => [keyText(server.key), server]));
    this.#chance = chance;
  }

  of(key: InstanceKey): ModelServer {
    const found = this.#servers.get(keyText(key));
    assert.ok(found, keyText(key));
    return found;
  }

  /** `out of time`: it waited in vain, and whoever it had halted was started again. */
  run(steps: readonly MoveStep[]): 'done' | 'out of time' {
    const halted = new Set<ModelServer>();
    try {
      for (const step of steps) {
        this.#pass();
        const server = this.of(step.target);
        if (step.kind === 'resume') halted.delete(server);
        else if (step.kind !== 'await') halted.add(server);
        this.#act(step);
      }
      return 'done';
    } catch (err) {
      if (!(err instanceof OutOfTime)) throw err;
      for (const server of halted) start(server);
      return 'out of time';
    }
  }

  /** Everybody gets to the end; what did not is stopped, or was lost. */
  settle(): void {
    for (let round = 0; round < this.#servers.size; round += 1)
      for (const server of this.#servers.values()) this.#replicate(server, Number.POSITIVE_INFINITY);
  }

  #pass(): void {
    for (const server of this.#servers.values()) {
      if (server.source === undefined) server.applied += server.dead === true ? 0 : this.#chance();
      else this.#replicate(server, this.#chance());
    }
  }

  #replicate(server: ModelServer, most: number): void {
    if (server.source === undefined) return;
    const source = this.of(server.source);
    if (server.receiving && source.dead !== true)
      server.received = Math.max(server.received, Math.min(source.applied, server.received + most));
    if (server.applying) server.applied = Math.min(server.received, server.applied + most);
  }

  #act(step: MoveStep): void {
    const server = this.of(step.target);
    switch (step.kind) {
      case 'halt':
        server.receiving = false;
        server.applying = false;
        return;
      case 'drain':
        server.receiving = false;
        server.applied = server.received;
        return;
      case 'await': {
        const { applied } = this.of(step.holder);
        const alive = server.source === undefined || this.of(server.source).dead !== true;
        canCome(server.received >= applied || alive);
        server.applied = Math.max(server.applied, applied);
        server.received = Math.max(server.received, server.applied);
        return;
      }
      case 'advance':
        this.#advance(server, this.#position(step.to));
        return;
      case 'level': {
        const other = this.of(step.with);
        assert.deepEqual(server.source, other.source, 'two replicas of one source');
        const [behind, ahead] = server.applied < other.applied ? [server, other] : [other, server];
        this.#advance(behind, this.#position({ kind: 'executed', of: ahead.key }));
        return;
      }
      case 'follow':
        this.#follow(server, step);
        return;
      case 'resume':
        start(server);
    }
  }

  #advance(server: ModelServer, to: Position): void {
    assert.ok(server.source);
    assert.equal(to.log, keyText(server.source), 'a position is one of the log that the replica reads');
    const events = to.at - this.of(server.source).base;
    assert.ok(server.applied <= events, 'nobody is beyond the place where it shall stop');
    canCome(server.received >= events || this.of(server.source).dead !== true);
    server.applied = events;
    server.received = events;
  }

  #follow(server: ModelServer, { source, start }: Extract<MoveStep, { kind: 'follow' }>): void {
    const next = this.of(source);
    if (start === 'gtid') {
      if (!server.applying)
        assert.ok(server.received === server.applied || next.applied >= server.received, 'nothing received is lost');
    } else {
      const { log, at } = this.#position(start, server);
      assert.equal(log, keyText(source), 'a position is one of the log that will be read');
      // what a former source wrote itself it does not take from others
      if (server.source === undefined) assert.ok(at - next.base <= server.applied, 'nothing is left out');
      else assert.equal(at - next.base, server.applied, 'the next event is the one after the last that was applied');
      server.applying = false;
    }
    server.receiving = false;
    if (!server.applying) server.received = server.applied;
    server.source = source;
  }

  #position(start: Exclude<Start, 'gtid'>, halted?: ModelServer): Position {
    const { kind, of } = start;
    const server = this.of(of);
    if (kind === 'equivalent') {
      assert.ok(halted?.source && !halted.applying && !halted.receiving, 'it stands still');
      assert.equal(start.while.position - this.of(halted.source).base, halted.applied, 'it stands where it did');
      return { log: keyText(of), at: start.at.position };
    }
    if (kind === 'matched') {
      assert.ok(
        halted !== undefined && !halted.applying && !halted.receiving,
        'it stands still while logs are compared',
      );
      const hears = server.source === undefined || (server.receiving && this.of(server.source).dead !== true);
      canCome(server.applied >= halted.applied || hears);
      server.applied = Math.max(server.applied, halted.applied); // its next source is waited for
      server.received = Math.max(server.received, server.applied);
      return { log: keyText(of), at: server.base + halted.applied };
    }
    if (kind === 'own') return { log: keyText(of), at: server.base + server.applied };
    assert.ok(server.source);
    return { log: keyText(server.source), at: this.of(server.source).base + server.applied };
  }
}

function start(server: ModelServer): void {
  server.receiving = true;
  server.applying = true;
}

function canCome(possible: boolean): void {
  if (!possible) throw new OutOfTime('waited in vain');
}
