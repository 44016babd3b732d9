import assert from 'node:assert/strict';
import { hookDoubts } from '../../../internal/config/hook-doubts.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

const doubtsAbout = (command: string) => hookDoubts({ ...defaultConfig(), PostFailoverProcesses: ['true', command] });

describe('doubts about hooks', () => {
  for (const [command, outcome] of [
    [`bash -c 'page; echo {failureClusterAlias}'`, /: that shell would run what it holds:/],
    [`/bin/sh -e -xc "echo '{failureDescription}'" &`, /: that shell would run what it holds:/],
    [`su - dba -c "page {successorAlias}"`, /: that shell would run what it holds:/],
    ['x; eval page {failureClusterDomain}', /: the shell there would run what it holds:/],
    [`ssh -p 22 'db1' "cd /; page '{failureClusterAlias}'"`, /: the shell there would run what it holds:/],
    [`cat <<- 'END'\na\n{failureClusterAlias}\nEND`, /in "cat <<- 'END'": a quoted here-document gets the name/],
  ] as const)
    it(`are told of ${JSON.stringify(command)}`, () => {
      const [doubt = '', ...more] = doubtsAbout(command);
      assert.deepEqual(more, []);
      assert.match(doubt, /^PostFailoverProcesses: \{[A-Za-z]+\} in "/);
      assert.match(doubt, outcome);
    });

  for (const command of [
    'page "{failureType} of {failureClusterAlias}"',
    `bash -c 'page "$1"' - {failureClusterAlias}`,
    `bash -c 'echo {failedHost}:{failedPort}'`,
    `bash -c 'page "$ORC_FAILURE_CLUSTER_ALIAS"'; page '{failureClusterAlias}'`,
    'ssh {successorHost} promote; page {failureClusterAlias}',
    'cat <<END\n{failureClusterAlias}\nEND',
  ])
    it(`are none about ${JSON.stringify(command)}`, () => assert.deepEqual(doubtsAbout(command), []));
});
