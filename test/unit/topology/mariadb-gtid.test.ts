import assert from 'node:assert/strict';
import { holdsPosition, MariadbState, parseMariadbGtids } from '../../../internal/topology/mariadb-gtid.ts';

describe('MariaDB GTIDs', () => {
  it('are read with white space and large sequences', () => {
    assert.deepEqual(parseMariadbGtids(' 0-1-18446744073709551615,\n1-2-3 '), [
      { domain: 0, serverId: 1, sequence: 18446744073709551615n },
      { domain: 1, serverId: 2, sequence: 3n },
    ]);
  });
  for (const text of ['0-1', '0-1-x', '0-1-2-3', 'a-1-2', '-1-2-3']) {
    it(`refuse "${text}"`, () => assert.throws(() => parseMariadbGtids(text), { code: 'GTID_INVALID' }));
  }
});

describe('MariadbState', () => {
  it('keeps the highest sequence per domain and server, in order', () => {
    assert.equal(MariadbState.parse('1-1-1,0-2-5,0-1-9,0-2-3').toString(), '0-1-9,0-2-5,1-1-1');
  });
  it('merges', () => {
    assert.equal(`${MariadbState.parse('0-1-9,1-1-1').merge(MariadbState.parse('0-1-4,1-1-8'))}`, '0-1-9,1-1-8');
  });
  it('holds a position when it holds each part of it', () => {
    const state = MariadbState.parse('0-1-9,1-1-1');
    assert.equal(holdsPosition(state, parseMariadbGtids('0-1-9,1-1-1')), true);
    assert.equal(holdsPosition(state, parseMariadbGtids('0-1-9,1-1-2')), false);
    assert.equal(holdsPosition(state, parseMariadbGtids('0-2-1')), false);
    assert.equal(holdsPosition(MariadbState.EMPTY, []), true);
  });
});
