import assert from 'node:assert/strict';
import { wireRecordedAnalysis } from '../../../internal/http/wire/analysis.ts';
import { wireDoneRecovery } from '../../../internal/http/wire/recovery.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import { A_RECOVERY, NOW_MS, SELF } from '../../support/http.ts';

const FLAGS = { primary: true, intermediate: true };
const CLUSTER = { name: A_RECOVERY.cluster, alias: A_RECOVERY.alias };
const NONE = { CountValidReplicas: 0 };
const GTID = { OracleGTIDImmediateTopology: true };
const MARIADB = { MariaDBGTIDImmediateTopology: true };
const BINLOG_SERVERS = { BinlogServerImmediateTopology: true };

describe('the RecoveryType of a recovery that was run', () => {
  for (const [kind, replicas, expected] of [
    ['primary', GTID, 'MasterRecoveryGTID'],
    ['primary', MARIADB, 'MasterRecoveryGTID'],
    ['primary', BINLOG_SERVERS, 'MasterRecoveryBinlogServer'],
    ['primary', {}, 'MasterRecoveryPseudoGTID'],
    ['primary', NONE, 'MasterRecoveryGTID'],
    ['coPrimary', GTID, 'MasterRecoveryGTID'],
    ['coPrimary', BINLOG_SERVERS, 'MasterRecoveryPseudoGTID'],
    ['intermediatePrimary', GTID, 'NotMasterRecovery'],
    ['groupMember', {}, 'NotMasterRecovery'],
  ] as readonly (readonly [RecoveryKind, object, string])[])
    it(`is ${expected} for kind ${kind} above ${Object.keys(replicas)[0] ?? 'anything else'}`, () => {
      const record = { ...A_RECOVERY, kind };
      const context = { flags: FLAGS, blockMs: 0, nowMs: NOW_MS };
      const recorded = wireRecordedAnalysis({ ...record, replicas: [], cluster: CLUSTER, flags: FLAGS });
      const analysis = { ...recorded, CountValidReplicas: 2, ...replicas };
      const entry = { id: 1, detectionId: 0, node: { hostname: SELF.hostname, token: SELF.token }, record };
      assert.equal(wireDoneRecovery(entry, context, analysis).RecoveryType, expected);
    });
});
