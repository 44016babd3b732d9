import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Asks a server that closes what it takes at once, and says how that ended. */
const ASK = `
  const server = require('node:net').createServer((socket) => socket.end()).listen(0, '127.0.0.1', async () => {
    const asked = fetch('http://127.0.0.1:' + server.address().port + '/');
    console.log(await asked.then(() => 'answered', () => 'failed'));
    server.close();
  });
`;

describe('the fetch that tests ask by', () => {
  it('fails where the peer closes the first connection of the process', async () => {
    const asked = promisify(execFile)(process.execPath, ['--require', './scripts/tests/fetch.cjs', '--eval', ASK], {
      timeout: 40_000,
    });
    assert.equal((await asked).stdout, 'failed\n');
  });
});
