import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SECTIONS } from '../../../internal/cli/command.ts';
import { COMMANDS, lookUp } from '../../../internal/cli/table.ts';
import { COMMAND_DOCS, withCommandTables } from '../../../scripts/command-docs.ts';
import { COMMAND_NAMES } from '../../compat/commands.ts';

describe('the command table', () => {
  it('knows every command of the established product', () => {
    assert.deepEqual(
      COMMAND_NAMES.filter((name) => lookUp(name).kind === 'unknown'),
      [],
    );
  });

  it('gives each name to one command only', () => {
    const names = COMMANDS.flatMap(({ name, synonyms }) => [name, ...(synonyms ?? [])]);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });

  it('stands in the documentation', () => {
    const document = readFileSync(COMMAND_DOCS, 'utf8');
    assert.equal(document, withCommandTables(document), 'write it anew: node dist/scripts/command-docs.js');
  });

  it('has something under every section title', () => {
    assert.deepEqual(
      SECTIONS.filter((section) => !COMMANDS.some((command) => command.section === section)),
      [],
    );
  });

  for (const [typed, meant] of [
    ['topolgy', ['topology']],
    ['which-clsuter', ['which-cluster']],
    ['which-cluster-m', ['which-cluster-master']],
    ['frobnicate', []],
  ] as const) {
    it(`takes ${typed} for ${meant.join(' or ') || 'nothing known'}`, () => {
      const found = lookUp(typed);
      assert.ok(found.kind === 'unknown');
      assert.deepEqual(found.similar.slice(0, meant.length || 1), meant);
    });
  }
});
