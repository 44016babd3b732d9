// HAProxy and keepalived as scripts/sandbox/install-balancers.sh unpacks them.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../scripts/sandbox/program.ts';

const ROOT = join(CACHE, 'balancers/root');
const LOADER = join(ROOT, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
const LIBRARIES = ['lib', 'usr/lib'].map((directory) => join(ROOT, directory, 'x86_64-linux-gnu')).join(':');

export type Balancer = 'haproxy' | 'keepalived';

/** Whether it was fetched. */
export function hasBalancer(name: Balancer): boolean {
  return existsSync(join(ROOT, 'usr/sbin', name));
}

function command(name: Balancer, args: readonly string[]): readonly string[] {
  return ['--library-path', LIBRARIES, join(ROOT, 'usr/sbin', name), ...args];
}

/** What HAProxy says of a configuration that it does not take; empty: it takes it. */
export function haproxyComplaint(configuration: string): string {
  const { status, stdout, stderr } = spawnSync(LOADER, command('haproxy', ['-c', '-f', configuration]), {
    encoding: 'utf8',
  });
  return status === 0 ? '' : `${stdout}${stderr}` || `it ended with ${status}`;
}

/**
 * Lines of which keepalived says something, but for the interface, which this host need not have. Its status says nothing: where it
 * is not the child of whom it expects, it ends its check by a signal of its own.
 */
export function keepalivedComplaints(configuration: string): readonly string[] {
  const args = ['--config-test', '--log-console', '-f', configuration];
  const { stdout, stderr } = spawnSync(LOADER, command('keepalived', args), { encoding: 'utf8' });
  return `${stdout}${stderr}`.split('\n').filter((line) => /: Line \d+\)/.test(line) && !line.includes('interface'));
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs HAProxy until the returned function is called. */
export function startHaproxy(configuration: string): () => Promise<void> {
  const child = spawn(LOADER, command('haproxy', ['-db', '-f', configuration]), { stdio: 'ignore' });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => running.delete(child));
  return () => {
    child.kill('SIGKILL');
    return ended;
  };
}
