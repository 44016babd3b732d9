import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Syslog } from '../../../internal/app/syslog.ts';
import { until } from '../../support/daemon.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('the local syslog', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);
  const told = () =>
    readFileSync(file('told'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'syslog-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** In the place of `logger`. */
  function open(script: string) {
    const program = file('logger');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    return opened(program);
  }
  function opened(program: string) {
    const reasons: string[] = [];
    const clock = new FakeClock();
    return { reasons, clock, syslog: new Syslog({ program, clock, onBroken: (reason) => reasons.push(reason) }) };
  }

  it('gets a line for each record from INFO upwards, by its severity, all of them by the end', async () => {
    const { syslog, reasons } = open(`echo "$@" > ${file('told')}; sleep 0.2; cat >> ${file('told')}`);
    for (const level of [20, 30, 40, 50, 60]) syslog.copy(`{"level":${level},"msg":"m"}\n`);
    syslog.write('info', 'two\nlines\n');
    await syslog.close();
    syslog.write('info', 'too late');
    assert.deepEqual(told(), [
      '--tag orchestrator --prio-prefix --size 8192',
      ...['<30>{"level":30,"msg":"m"}', '<28>{"level":40,"msg":"m"}'],
      ...['<27>{"level":50,"msg":"m"}', '<26>{"level":60,"msg":"m"}', '<30>two lines'],
    ]);
    assert.deepEqual(reasons, []);
  });

  it('that is not there is told of once, and holds nobody up', async () => {
    for (const [made, reason] of [
      [
        () => open('echo "logger: socket /dev/log: No such file or directory" >&2; exit 1'),
        /^logger: socket \/dev\/log/,
      ],
      [() => open('exit 3'), /^it ended with 3$/],
      [() => opened(file('nowhere')), /ENOENT/],
    ] as const) {
      const { syslog, reasons } = made();
      for (let line = 0; line < 2_000; line += 1) syslog.write('info', 'x'.repeat(1_000));
      await until('it is told of', async () => reasons.length > 0);
      syslog.write('info', 'nobody hears it');
      await syslog.close();
      assert.equal(reasons.length, 1);
      assert.match(reasons[0] ?? '', reason);
    }
  });

  for (const [title, spawn] of [
    [
      'may open no more files, where a process has not even streams',
      () => {
        const child = new EventEmitter();
        process.nextTick(() => child.emit('error', new Error('as the test has it')));
        return child as ChildProcessWithoutNullStreams;
      },
    ],
    [
      'may start none at all',
      () => {
        throw new Error('as the test has it');
      },
    ],
  ] as const)
    it(`is told of once, and holds nobody up, where the daemon ${title}`, async () => {
      const reasons: string[] = [];
      const onBroken = (reason: string) => void reasons.push(reason);
      const syslog = new Syslog({ program: 'logger', clock: new FakeClock(), onBroken, spawn });
      syslog.write('info', 'nobody hears it');
      assert.deepEqual(reasons, [], 'its maker gets it first');
      while (reasons.length === 0) await new Promise(setImmediate);
      syslog.write('info', 'nobody hears it');
      await syslog.close();
      assert.deepEqual(reasons, ['as the test has it']);
    });

  it('that takes nothing loses lines, and is ended', async () => {
    const { syslog, clock } = open('exec sleep 60');
    for (let line = 0; line < 5_000; line += 1) syslog.write('info', 'x'.repeat(1_000));
    const closed = syslog.close();
    await clock.advance(1_000);
    await closed; // not within the minute of the program: this test may take less
  });
});
