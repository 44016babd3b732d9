import assert from 'node:assert/strict';
import type { DetectionRecord } from '../../../internal/recovery/detections.ts';
import { Detector } from '../../../internal/recovery/detector.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { anOffice } from '../../support/office.ts';

const verdict = (code: string): Verdict => ({
  code,
  description: '',
  kind: 'primary',
  key: { hostname: 'a', port: 3306 },
  snapshot: {
    name: 'a:3306',
    alias: 'app',
    domain: '',
    takenAtMs: 0,
    members: [],
    downtimes: new Map(),
    maintenance: new Set(),
  },
  suppressedBy: undefined,
  command: '',
});

function detector(more: { scripts?: () => boolean; known?: readonly DetectionRecord[] } = {}) {
  const now = { ms: 0 };
  const told: string[] = [];
  const stored: string[] = [];
  const one = new Detector({
    settings: { periodMs: 1000 },
    clock: { ...systemClock, nowMs: () => now.ms },
    newUid: () => 'u',
    known: more.known ?? [],
    store: async ({ code }) => void stored.push(code),
    hooks: async ({ code }) => {
      told.push(code);
      return more.scripts?.() ?? true;
    },
  });
  return { one, now, told, stored };
}

const loud = { skipHooks: false };
const office = anOffice();

describe('Detector', () => {
  it('tells once per period', async () => {
    const { one, now, told } = detector();
    for (const ms of [0, 500, 999, 1000, 1500]) {
      now.ms = ms;
      assert.equal(await one.register(verdict('DeadMaster'), true, office, loud), true);
    }
    assert.deepEqual(told, ['DeadMaster', 'DeadMaster']);
  });

  it('tells again when the code changes', async () => {
    const { one, told } = detector();
    await one.register(verdict('UnreachableMaster'), false, office, loud);
    await one.register(verdict('DeadMaster'), true, office, loud);
    assert.deepEqual(told, ['UnreachableMaster', 'DeadMaster']);
  });

  it('stops one attempt when a script fails, not the next', async () => {
    const { one, told } = detector({ scripts: () => false });
    assert.equal(await one.register(verdict('DeadMaster'), true, office, loud), false);
    assert.equal(await one.register(verdict('DeadMaster'), true, office, loud), true);
    assert.deepEqual(told, ['DeadMaster']);
  });

  it('tells what was registered silently when it is asked for loudly', async () => {
    const { one, told, stored } = detector();
    await one.register(verdict('DeadMaster'), true, office, { skipHooks: true });
    await one.register(verdict('DeadMaster'), true, office, loud);
    assert.deepEqual(told, ['DeadMaster']);
    assert.deepEqual(stored, ['DeadMaster', 'DeadMaster']);
  });

  it('remembers what a former process told, until it is acknowledged', async () => {
    const known: DetectionRecord = {
      uid: 'old',
      code: 'DeadMaster',
      failed: { hostname: 'a', port: 3306 },
      cluster: 'a:3306',
      alias: 'app',
      replicas: [],
      actionable: true,
      detectedMs: 0,
    };
    const { one, told } = detector({ known: [known] });
    await one.register(verdict('DeadMaster'), true, office, loud);
    assert.deepEqual(told, []);
    one.forget(({ cluster }) => cluster === 'a:3306');
    await one.register(verdict('DeadMaster'), true, office, loud);
    assert.deepEqual(told, ['DeadMaster']);
  });
});
