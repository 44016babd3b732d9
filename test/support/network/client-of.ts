import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Set in the environment of each program that runs on a host, so that its connections can be told from others. */
export const HOST_VARIABLE = 'TEST_NETWORK_HOST';

/**
 * The host whose program opened this connection, where all share one loopback: by the owner of its other end (proc(5): net/tcp names an
 * inode, one of the files of a process is that socket). Undefined: it is gone, or belongs to no host.
 */
export function clientOf({ remoteAddress = '', remotePort = 0 }: Socket): string | undefined {
  const [, a = '0', b = '0', c = '0', d = '0'] = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(remoteAddress) ?? [];
  const hex = (value: number | string, digits: number) =>
    Number(value).toString(16).toUpperCase().padStart(digits, '0');
  const local = `${[d, c, b, a].map((byte) => hex(byte, 2)).join('')}:${hex(remotePort, 4)}`;
  for (let look = 0; look < LOOKS; look += 1) {
    const inode = inodeOf(local);
    const host = inode && hostOfInode(inode);
    if (host !== undefined) return host;
  }
  return undefined;
}

/** The table is read in pieces, and lines move while sockets of others come and go: one that is there may be missed. */
const LOOKS = 4;

function inodeOf(local: string): string | undefined {
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === local) return fields[9];
  }
  return undefined;
}

/** Programs on hosts, as far as they are known. */
const programs = new Map<string, string>();

function hostOfInode(inode: string): string | undefined {
  const socket = `socket:[${inode}]`;
  const known = [...programs.keys()].find((pid) => holds(pid, socket));
  if (known !== undefined) return programs.get(known);
  programs.clear();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const host = hostOf(pid);
    if (host !== undefined) programs.set(pid, host);
  }
  const found = [...programs.keys()].find((pid) => holds(pid, socket));
  return found === undefined ? undefined : programs.get(found);
}

/** Both answer nothing for a process that has ended, or that is somebody else's. */
function hostOf(pid: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return variables.find((one) => one.startsWith(`${HOST_VARIABLE}=`))?.slice(HOST_VARIABLE.length + 1);
  } catch {
    return undefined;
  }
}

function holds(pid: string, socket: string): boolean {
  return filesOf(pid).some((file) => targetOf(pid, file) === socket);
}

function filesOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** A file that was closed meanwhile says nothing about the others. */
function targetOf(pid: string, file: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${file}`);
  } catch {
    return undefined;
  }
}
