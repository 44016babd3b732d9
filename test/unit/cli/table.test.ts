import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SECTIONS } from '../../../internal/cli/command.ts';
import { LATER } from '../../../internal/cli/commands/later.ts';
import { COMMANDS, lookUp } from '../../../internal/cli/table.ts';
import { COMMAND_DOCS, withCommandTables } from '../../../scripts/command-docs.ts';

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** The 127 commands of the established product. */
const CONTRACT = words(`
  access-token ack-all-recoveries ack-cluster-recoveries ack-instance-recoveries active-nodes all-clusters-masters
  all-instances begin-downtime begin-maintenance bulk-instances bulk-promotion-rules can-replicate-from
  change-master-credentials check-global-recoveries cluster-pool-instances clusters clusters-alias continuous
  correlate-binlog-pos correlate-relaylog-pos custom-command deregister-hostname-unresolve
  detach-replica-master-host disable-global-recoveries disable-gtid disable-semi-sync-master
  disable-semi-sync-replica discover dump-config enable-global-recoveries enable-gtid enable-semi-sync-master
  enable-semi-sync-replica end-downtime end-maintenance find find-binlog-entry flush-binary-logs
  force-master-failover force-master-takeover forget get-candidate-replica get-cluster-heuristic-lag
  graceful-master-takeover graceful-master-takeover-auto gtid-errant-reset-master in-maintenance instance-status
  internal-suggest-promoted-replacement is-replicating is-replication-stopped last-executed-relay-entry
  last-pseudo-gtid locate-gtid-errant make-co-master master-pos-wait match match-replicas match-up
  match-up-replicas move-below move-equivalent move-gtid move-replicas-gtid move-up move-up-replicas
  purge-binary-logs reattach-replica-master-host recover recover-lite redeploy-internal-db register-candidate
  register-hostname-unresolve regroup-replicas regroup-replicas-bls regroup-replicas-gtid regroup-replicas-pgtid
  relocate relocate-below relocate-replicas rematch replication-analysis repoint repoint-replicas
  reset-hostname-resolve-cache reset-replica resolve restart-replica restart-replica-statements search
  set-heuristic-domain-instance set-read-only set-writeable show-resolve-hosts show-unresolve-hosts skip-query
  snapshot-topologies start-replica stop-replica submit-masters-to-kv-stores submit-pool-instances tag tag-value
  tagged tags take-master take-siblings topology topology-tabulated topology-tags untag untag-all which-cluster
  which-cluster-alias which-cluster-domain which-cluster-gh-ost-replicas which-cluster-instances
  which-cluster-master which-cluster-osc-replicas which-downtimed-instances which-gtid-errant
  which-heuristic-cluster-pool-instances which-heuristic-domain-instance which-instance which-lost-in-recovery
  which-master which-replicas
`);

/** Older name=newer name. */
const SYNONYMS = words(`
  stop-slave=stop-replica start-slave=start-replica restart-slave=restart-replica reset-slave=reset-replica
  restart-slave-statements=restart-replica-statements relocate-slaves=relocate-replicas
  regroup-slaves=regroup-replicas move-up-slaves=move-up-replicas repoint-slaves=repoint-replicas
  enslave-siblings=take-siblings enslave-master=take-master get-candidate-slave=get-candidate-replica
  move-slaves-gtid=move-replicas-gtid regroup-slaves-gtid=regroup-replicas-gtid match-slaves=match-replicas
  match-up-slaves=match-up-replicas regroup-slaves-pgtid=regroup-replicas-pgtid
  which-cluster-osc-slaves=which-cluster-osc-replicas which-cluster-gh-ost-slaves=which-cluster-gh-ost-replicas
  which-slaves=which-replicas detach-slave=detach-replica-master-host detach-replica=detach-replica-master-host
  detach-slave-master-host=detach-replica-master-host reattach-slave=reattach-replica-master-host
  reattach-replica=reattach-replica-master-host reattach-slave-master-host=reattach-replica-master-host
`);

describe('the command table', () => {
  it('knows every command of the established product', () => {
    assert.equal(CONTRACT.length, 127);
    assert.deepEqual(
      CONTRACT.filter((name) => lookUp(name).kind === 'unknown'),
      [],
    );
  });

  it('knows the older names', () => {
    for (const pair of SYNONYMS) {
      const [older = '', newer = ''] = pair.split('=');
      const found = lookUp(older);
      assert.equal(found.kind === 'command' ? found.command.name : found.kind === 'later' && found.name, newer, pair);
    }
  });

  it('gives each name to one command only', () => {
    const names = [
      ...COMMANDS.flatMap(({ name, synonyms }) => [name, ...(synonyms ?? [])]),
      ...Object.entries(LATER).flatMap(([name, synonyms]) => [name, ...synonyms]),
    ];
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
