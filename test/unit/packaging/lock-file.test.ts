import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

describe('the lock file', () => {
  it('names every optional package of the others, also those of other platforms: npm ci refuses it otherwise', () => {
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => packages[`node_modules/${name}`] === undefined);
    assert.deepEqual(missing, []);
  });

  it('names no registry', () => {
    const addressed = Object.entries(packages).filter(([, { resolved }]) => resolved?.includes('://'));
    assert.deepEqual(addressed, []);
  });
});
