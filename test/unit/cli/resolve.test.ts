import assert from 'node:assert/strict';
import { canonicalName } from '../../../internal/cli/resolve.ts';

const ALIASES: Readonly<Record<string, string>> = {
  'db.example': 'db-7.example.',
  'db-7.example': 'rack1.example',
  ring: 'gnir',
  gnir: 'ring',
};

async function lookUp(name: string): Promise<readonly string[]> {
  if (name === 'broken') throw Object.assign(new Error('server failure'), { code: 'ESERVFAIL' });
  const alias = ALIASES[name];
  if (alias === undefined) throw Object.assign(new Error('no data'), { code: 'ENODATA' });
  return [alias];
}

describe('canonical names', () => {
  for (const [given, name] of [
    ['db.example', 'rack1.example'],
    ['rack1.example', 'rack1.example'],
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '::1'],
  ] as const) {
    it(`of ${given} is ${name}`, async () => assert.equal(await canonicalName(given, lookUp), name));
  }

  it('end in an error where aliases go round, or DNS fails', async () => {
    await assert.rejects(canonicalName('ring', lookUp), /lead round in a ring/);
    await assert.rejects(canonicalName('broken', lookUp), /cannot resolve broken/);
  });
});
