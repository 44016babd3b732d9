import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'internal/raft/core';

/** T-02. Modules are watched over by the import rules; these names need no import. */
const FORBIDDEN =
  /\b(Date|performance|Math\.random|crypto|setTimeout|setInterval|setImmediate|queueMicrotask|process|fetch|Promise|async|console)\b/;

describe('the core of raft', () => {
  it('knows no clock, no chance, no input or output of its own', () => {
    const found = readdirSync(FOLDER).flatMap((name) => {
      const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
      const code = lines.filter((line) => !/^\s*(\/?\*|\/\/)/.test(line));
      return code
        .filter((line) => FORBIDDEN.test(line.replace(/\/\/.*|\/\*.*?\*\//g, '')))
        .map((line) => `${name}: ${line.trim()}`);
    });
    assert.deepEqual(found, []);
  });
});
