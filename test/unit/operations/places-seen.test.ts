import assert from 'node:assert/strict';
import { PlacesSeen } from '../../../internal/operations/places-seen.ts';
import type { LogKind, OperationSettings } from '../../../internal/operations/ports.ts';
import { PseudoGtid } from '../../../internal/operations/pseudo-gtid.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { marker, PSEUDO_GTID, rows, WrittenLog } from '../../support/event-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const at = (position: number) => ({ file: 'bin.000001', position });

describe('where servers stood some minutes ago', () => {
  const clock = new FakeClock();
  const places = new PlacesSeen(() => clock.monotonicMs());
  const see = (position: number) =>
    places.saw(anInstance(1, { ownCoordinates: at(position), replication: aReplication({ relay: at(position + 1) }) }));
  const { key } = anInstance(1);

  it('is known once that is long enough ago, for both kinds of log', async () => {
    see(100);
    await clock.advance(119_000);
    assert.equal(places.before(key, 'binary'), undefined);
    await clock.advance(1_000);
    assert.deepEqual([places.before(key, 'binary'), places.before(key, 'relay')], [at(100), at(101)]);
  });

  it('moves on with the server, a minute at a time', async () => {
    for (let minute = 2; minute <= 9; minute += 1) {
      see(minute * 100);
      see(minute * 100 + 50); // too soon after the last one
      await clock.advance(60_000);
    }
    assert.deepEqual(places.before(key, 'binary'), at(800));
  });

  it('is forgotten with a server that is not read any more', async () => {
    await clock.advance(600_000);
    places.saw(anInstance(2));
    assert.equal(places.before(key, 'binary'), undefined);
  });
});

describe('a search for a marker', () => {
  const history = [marker(1), rows('Write'), marker(2), rows('Update'), marker(3), rows('Delete')];
  const ofOne = new WrittenLog(history.slice(0, 5), { serverId: 2, stride: 10, perFile: 100, number: 5 });
  const ofOther = new WrittenLog(history, { serverId: 3, stride: 17, perFile: 100, number: 9 });
  const [one, other] = [
    anInstance(2, { ownCoordinates: ofOne.end }),
    anInstance(3, { ownCoordinates: ofOther.end }),
  ] as const;
  const end = (log: WrittenLog, transaction: number) => log.ends[transaction] ?? assert.fail();

  /** What is found, and from where each log was read. */
  async function search(seen: Readonly<Record<string, { readonly file: string; readonly position: number }>>) {
    const reads: string[] = [];
    const matcher = new PseudoGtid({
      places: { before: (key) => seen[keyText(key)] },
      servers: {
        readLogs: (key, _signal, work) => {
          const log = keyText(key) === keyText(one.key) ? ofOne : ofOther;
          const events = (kind: LogKind, file: string, from = 4) => {
            reads.push(`${key.hostname} ${from}`);
            if (from === 13) throw new Error('no event begins there');
            return log.events(kind, file, from);
          };
          return work(Object.assign(Object.create(log), { events }));
        },
      },
      settings: partial<OperationSettings>({ pseudoGtid: PSEUDO_GTID, reasonableMaintenanceLagSeconds: 0 }),
      clock: new FakeClock(),
    });
    const found = await matcher.match(one, other, new AbortController().signal);
    assert.deepEqual(found.at, end(ofOther, 4));
    return reads.slice(0, -2); // then both are walked through from the marker on
  }

  it('begins where the servers stood some minutes ago', async () => {
    const seen = { 'h2:3306': end(ofOne, 1), 'h3:3306': end(ofOther, 3) };
    const reads = [`h2 ${end(ofOne, 1).position}`, `h3 ${end(ofOther, 3).position}`];
    assert.deepEqual(await search(seen), reads);
  });

  it('takes the whole file where there is no marker since, or no event begins there any more', async () => {
    const behind = end(ofOne, 4).position;
    assert.deepEqual(await search({ 'h2:3306': end(ofOne, 4), 'h3:3306': { file: ofOther.end.file, position: 13 } }), [
      `h2 ${behind}`,
      'h2 4',
      'h3 13',
      'h3 4',
    ]);
  });

  it('takes the whole file where the server stood in another one', async () => {
    assert.deepEqual(await search({ 'h2:3306': { file: 'bin2.000009', position: 40 } }), ['h2 4', 'h3 4']);
  });
});
