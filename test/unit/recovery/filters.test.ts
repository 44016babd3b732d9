import assert from 'node:assert/strict';
import { matchesClusterFilter, matchesServer } from '../../../internal/recovery/filters.ts';

const cluster = { name: 'db1.example.com:3306', alias: 'Shop' };

describe('filters of clusters', () => {
  for (const [filter, expected] of [
    ['*', true],
    ['', false],
    ['Shop', true],
    ['shop', false],
    ['db1.example.com:3306', true],
    ['^db1', true],
    ['(?i)^DB1', true],
    ['alias=Shop', true],
    ['alias=Sho', false],
    ['alias~=^Sh', true],
    ['alias~=(?i)^sh', true],
    ['alias~=', false],
    ['([', false],
  ] as const) {
    it(`${JSON.stringify(filter)}: ${expected}`, () => assert.equal(matchesClusterFilter([filter], cluster), expected));
  }
});

describe('filters of servers', () => {
  const server = { hostname: '10.0.0.1', port: 3306 };
  for (const [filter, expected] of [
    ['10.0.0.1', true],
    ['10.0.0.11', false],
    ['0.0.0.1', false], // an address, not an expression
    ['[.]1:3306$', true],
    ['^[[:digit:].]+:', true],
    ['', false],
    ['([', false],
  ] as const) {
    it(`${JSON.stringify(filter)}: ${expected}`, () => assert.equal(matchesServer(filter, server), expected));
  }
});
