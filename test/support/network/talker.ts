// A program on a test network: sends numbered words to the other hosts, each in a packet of its own, on a new connection and on one that
// it keeps, and tells by HTTP which it heard. With one direction lost, packets of the other one arrive and connections die.

import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';

const [, , name = '', bind = '', port = '', talkPort = '', ...others] = process.argv;
const words: Record<string, number> = {};

function hear(bytes: Buffer): void {
  for (const line of String(bytes).split('\n')) {
    const [who, word] = line.split(' ');
    if (who !== undefined && word !== undefined) words[who] = Math.max(words[who] ?? 0, Number(word));
  }
}

createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', hear);
}).listen(Number(talkPort), bind);

const packets = createSocket('udp4', hear).bind(Number(talkPort), bind);

createHttpServer((_, response) => {
  response.setHeader('connection', 'close');
  response.end(JSON.stringify({ pid: process.pid, words }));
}).listen(Number(port), bind);

let word = 0;
const kept = new Map<string, Socket>();
setInterval(() => {
  word += 1;
  for (const other of others) {
    const [host, to] = other.split(':');
    packets.send(`${name} ${word}\n`, Number(to), host);
    keptTo(other).write(`${name} ${word}\n`);
    if (word % 5 === 0) open(other).write(`${name} ${word}\n`);
  }
}, 20);

function keptTo(other: string): Socket {
  const found = kept.get(other);
  if (found !== undefined && !found.destroyed) return found;
  const socket = open(other, false);
  kept.set(other, socket);
  return socket;
}

function open(address: string, once = true): Socket {
  const [host = '', to = ''] = address.split(':');
  const socket = connect({ host, port: Number(to) });
  socket.on('error', () => undefined);
  if (once) setTimeout(() => socket.destroy(), 500);
  return socket;
}
