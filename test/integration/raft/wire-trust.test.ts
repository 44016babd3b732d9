import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type Credentials, readCredentials } from '../../../internal/raft/wire/credentials.ts';
import { Authority, type Certificate } from '../../support/certificates.ts';
import { until } from '../../support/daemon.ts';
import { aSecret } from '../../support/raft-identity.ts';
import { type NodeOptions, WireNode } from '../../support/raft-wire.ts';

const secrets = (...texts: readonly string[]): Credentials => ({ mode: 'secret', secrets: texts.map(aSecret) });

describe('whom a node takes in', () => {
  const running: WireNode[] = [];
  const start = async (name: string, options: NodeOptions): Promise<WireNode> => {
    const node = await WireNode.start(name, options);
    running.push(node);
    return node;
  };
  const both = async (a: NodeOptions, b: NodeOptions): Promise<readonly [WireNode, WireNode]> => {
    const nodes = [await start('n1', a), await start('n2', b)] as const;
    nodes[0].knows(nodes[1]);
    nodes[1].knows(nodes[0]);
    return nodes;
  };
  const connected = ([a, b]: readonly [WireNode, WireNode]) =>
    until('both reach each other', async () => a.reaches(b) && b.reaches(a));
  /** Each node has reported `why`, as the one that dialled or the one that was. */
  const estranged = async (nodes: readonly [WireNode, WireNode], why: RegExp) => {
    for (const { told, identity } of nodes)
      await until(`${identity.node} says ${why}`, async () => told.some((line) => why.test(line)));
    assert.equal(nodes[0].reaches(nodes[1]) || nodes[1].reaches(nodes[0]), false);
  };
  afterEach(() => Promise.all(running.splice(0).map(({ wire }) => wire.stop())));

  const strangers: readonly (readonly [title: string, a: NodeOptions, b: NodeOptions, why: RegExp])[] = [
    ['another secret', { credentials: secrets('x') }, { credentials: secrets('y') }, /the secret is not that of node/],
    [
      'no secret',
      {},
      { credentials: secrets('y') },
      /n2 uses a shared secret, n1 no authentication|n1 .* n2 a shared secret/,
    ],
    ['another name of the group', { identity: { clusterName: 'users' } }, {}, /compare RaftClusterName/],
    ['another group', { identity: { clusterId: 'c2' } }, {}, /the data directory of another group/],
    ['another generation', { identity: { generation: 2 } }, {}, /the group was recovered without the older one/],
  ];
  for (const [title, a, b, why] of strangers)
    it(`refuses a node with ${title}, and both say why`, async () => estranged(await both(a, b), why));

  for (const [title, joined] of [
    ['another group', { clusterId: 'c2', generation: 1 }],
    ['another generation of that group', { clusterId: 'c1', generation: 2 }],
  ] as const)
    it(`hears no more from a node that it met while it had no group, once it belongs to ${title}`, async () => {
      const blank = { identity: { clusterId: '', generation: 0 } };
      const [node, other] = await both(blank, { identity: { clusterId: 'c1', generation: 1 } });
      await connected([node, other]);
      other.heartbeat(node, 1);
      await until('it is heard', async () => node.messages.length === 1);
      node.identity = { ...node.identity, ...joined };
      await until('the connection has ended', async () => {
        other.heartbeat(node, 2);
        return !other.reaches(node);
      });
      assert.equal(node.messages.length, 1);
    });

  it('refuses an incarnation that its owner knows to be removed', async () => {
    const nodes = await both({ veto: () => 'incarnation i1 was replaced' }, {});
    await estranged(nodes, /incarnation i1 was replaced/);
  });

  it('lets secrets be exchanged on one node after the other, without a moment in which two do not know each other', async () => {
    const nodes = await both({ credentials: secrets('old') }, { credentials: secrets('old') });
    await connected(nodes);
    const steps = [['old', 'new'], ['new', 'old'], ['new']] as const;
    for (const step of steps)
      for (const node of nodes) {
        assert.equal(node.wire.renew(secrets(...step)), true);
        await connected(nodes);
      }
    assert.equal(nodes[0].wire.renew(secrets('new')), false, 'nothing changed');
    nodes[1].wire.renew(secrets('unknown'));
    await estranged(nodes, /the secret is not that of node/);
  });

  it('needs a restart for another kind of credentials', async () => {
    const node = await start('n1', { credentials: secrets('old') });
    assert.throws(() => node.wire.renew({ mode: 'none', anywhere: false }), {
      code: 'CONFIG_INVALID',
      message: /restart/,
    });
  });

  describe('by certificates', () => {
    let directory: string;
    let ours: Authority;
    let theirs: Authority;
    const issued = new Map<string, Certificate>();
    const credentials = (name: string, { pattern = '', authority = ours } = {}): Credentials => {
      const { certFile: tlsCertFile, keyFile: tlsPrivateKeyFile } = issued.get(name)!;
      const files = { tlsCertFile, tlsPrivateKeyFile, tlsCaFile: authority.self.certFile };
      const keys = { ...files, tlsNamePattern: pattern, sharedSecretFile: '', insecure: false };
      return readCredentials(keys, (path) => readFileSync(path, 'utf8'));
    };

    before(() => {
      directory = mkdtempSync(join(tmpdir(), 'raft-wire-tls-'));
      ours = new Authority(directory, 'ours');
      theirs = new Authority(directory, 'theirs');
      for (const name of ['n1', 'n2', 'newer']) issued.set(name, ours.issue(name, `IP:127.0.0.1,DNS:${name}.example`));
      issued.set('elsewhere', ours.issue('elsewhere', 'IP:10.9.9.9,DNS:elsewhere.example'));
      issued.set('foreign', theirs.issue('foreign', 'IP:127.0.0.1'));
    });
    after(() => rmSync(directory, { recursive: true }));

    it('carries messages of all sizes', async () => {
      const nodes = await both({ credentials: credentials('n1') }, { credentials: credentials('n2') });
      await connected(nodes);
      assert.equal(nodes[0].heartbeat(nodes[1], 1) && nodes[0].append(nodes[1], 1_000_000), true);
      await until('all has arrived', async () => nodes[1].messages.length === 2);
    });

    it('checks the name that it dials, and takes any member of the host that has it', async () => {
      const resolve = async (host: string) => (host === 'n2.example' ? ['127.0.0.1'] : [host]);
      const [a, b] = [
        await start('n1', { credentials: credentials('n1'), resolve }),
        await start('n2', { credentials: credentials('n2') }),
      ];
      a.knowsAt(b, `n2.example:${b.port}`);
      await until('the name fits', async () => a.reaches(b));
    });

    const refused: readonly (readonly [title: string, a: () => Credentials, b: () => Credentials, why: RegExp])[] = [
      [
        'of another authority',
        () => credentials('n1'),
        () => credentials('foreign'),
        /no connection to 127.*certificate/,
      ],
      [
        'for another name',
        () => credentials('n1'),
        () => credentials('elsewhere'),
        /IP: 127\.0\.0\.1 is not in the cert's list/,
      ],
      [
        'without the required name',
        () => credentials('n1', { pattern: 'n1\\..*' }),
        () => credentials('n2'),
        /matches RaftTLSNamePattern/,
      ],
    ];
    for (const [title, a, b, why] of refused)
      it(`refuses one ${title}`, async () => {
        const [first, second] = await both({ credentials: a() }, { credentials: b() });
        const problems = () =>
          [first, second].flatMap(({ wire, told }) => [...told, wire.status().peers[0]?.problem ?? '']);
        await until(`somebody says ${why}`, async () => problems().some((text) => why.test(text)));
        assert.equal(first.reaches(second), false);
      });

    it('lets nobody in who shows no certificate', async () => {
      const node = await start('n1', { credentials: credentials('n1') });
      const stranger = connect({ host: '127.0.0.1', port: node.port, ca: ours.self.cert });
      let ended = false;
      stranger
        .on('error', () => undefined)
        .on('close', () => {
          ended = true;
        });
      stranger.resume();
      await until('it is shown the door', async () => ended);
    });

    it('uses exchanged certificates at once, without a restart', async () => {
      const nodes = await both({ credentials: credentials('n1') }, { credentials: credentials('n2') });
      await connected(nodes);
      assert.equal(nodes[1].wire.renew(credentials('newer')), true);
      await connected(nodes);
      const seen = await new Promise<string>((resolve, reject) => {
        const { cert, key } = issued.get('n1')!;
        const socket = connect({ host: '127.0.0.1', port: nodes[1].port, ca: ours.self.cert, cert, key }, () => {
          resolve(socket.getPeerCertificate().subjectaltname ?? '');
          socket.destroy();
        });
        socket.on('error', reject);
      });
      assert.match(seen, /newer\.example/);
      nodes[1].wire.renew(credentials('foreign', { authority: theirs }));
      await until('a foreign one is of no use', async () => !nodes[0].reaches(nodes[1]) && !nodes[1].reaches(nodes[0]));
    });
  });
});
