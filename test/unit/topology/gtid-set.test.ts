import assert from 'node:assert/strict';
import { GtidSet } from '../../../internal/topology/gtid-set.ts';
import { uuid } from './builders.ts';

const U = uuid(1);
const V = uuid(2);

describe('GtidSet', () => {
  const canonical: readonly [title: string, text: string, printed: string][] = [
    ['an empty text', '', ''],
    ['white space only', ' \n ', ''],
    ['one transaction', `${U}:5`, `${U}:5`],
    ['line feeds after commas', `${V}:1-3,\n${U}:7`, `${U}:7,${V}:1-3`],
    ['upper case', `${U.toUpperCase()}:1`, `${U}:1`],
    ['overlapping intervals out of order', `${U}:8-10:1-3:2-4`, `${U}:1-4:8-10`],
    ['touching intervals', `${U}:1-3:4-6`, `${U}:1-6`],
    ['an interval of one', `${U}:4-4`, `${U}:4`],
    ['one UUID in two entries', `${U}:1-2,${U}:3`, `${U}:1-3`],
    ['tags after untagged intervals', `${U}:1-3:tag:1:4-5`, `${U}:1-3:tag:1:4-5`],
    ['tags only, in order', `${U}:b:1:a:2`, `${U}:a:2:b:1`],
    ['a stray comma', `${U}:1,`, `${U}:1`],
    ['spaces inside', ` ${U} : 1 - 3`.replace(' - ', '-'), `${U}:1-3`],
    ['numbers beyond 2^53', `${U}:9007199254740993`, `${U}:9007199254740993`],
  ];
  for (const [title, text, printed] of canonical) {
    it(`reads ${title}`, () => assert.equal(GtidSet.parse(text).toString(), printed));
  }

  const refused: readonly [title: string, text: string][] = [
    ['a UUID without intervals', U],
    ['a tag without intervals', `${U}:1:tag`],
    ['a tag behind a tag', `${U}:a:b:1`],
    ['zero', `${U}:0`],
    ['an interval backwards', `${U}:5-3`],
    ['a number too large', `${U}:9223372036854775807`],
    ['something that is no UUID', 'abc:1-3'],
    ['a tag with a dash', `${U}:a-b:1`],
    ['a tag of 33 characters', `${U}:${'a'.repeat(33)}:1`],
    ['an empty interval', `${U}:1::2`],
    ['a MariaDB GTID', '0-1-100'],
  ];
  for (const [title, text] of refused) {
    it(`refuses ${title}`, () => assert.throws(() => GtidSet.parse(text), { code: 'GTID_INVALID' }));
  }

  it('keeps tagged and untagged transactions apart', () => {
    const tagged = GtidSet.parse(`${U}:tag:1`);
    assert.equal(GtidSet.parse(`${U}:1`).contains(tagged), false);
    assert.equal(GtidSet.parse(`${U}:1-2:tag:1-2`).subtract(tagged).toString(), `${U}:1-2:tag:2`);
  });
  it('removes a UUID together with its tags', () => {
    assert.equal(GtidSet.parse(`${U}:1:tag:1,${V}:1`).withoutUuids([U.toUpperCase()]).toString(), `${V}:1`);
  });
  it('subtracts a hole that spans several intervals', () => {
    assert.equal(
      GtidSet.parse(`${U}:1-3:5-7:9-11`)
        .subtract(GtidSet.parse(`${U}:2-10`))
        .toString(),
      `${U}:1:11`,
    );
  });
  it('counts in bigint', () => {
    assert.equal(GtidSet.parse(`${U}:1-9223372036854775806`).count(), 9223372036854775806n);
  });
});
