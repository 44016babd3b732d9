// The JSON of a server in a long list. Most of its hundred fields stay as they are until the server is read again, so their text is made
// once for each read, and only what moves in between is put in anew: a list of a thousand servers costs a fifth of the time and leaves
// little for the garbage collector, whose pauses everybody else waits for.

import type { WatchedInstance } from '../../topology/instance.ts';
import type { Bytes } from '../bytes.ts';
import { encodeJson } from '../json.ts';
import { type WireContext, type WireMoving, wireInstance, wireMoving } from './instance.ts';

/** JSON before a moving field, up to and including its name; `name` undefined: the end. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly name: keyof WireMoving | undefined;
}

const templates = new WeakMap<WatchedInstance, readonly Piece[]>();

/** Writes the same bytes as those of `wireInstance`. */
export function encodeInstance(watched: WatchedInstance, context: WireContext, json: Bytes): true {
  write(watched, wireMoving(watched, context), context, json);
  return true;
}

/** Writes nothing where nothing is wrong with it. */
export function encodeProblem(watched: WatchedInstance, context: WireContext, json: Bytes): boolean {
  const moving = wireMoving(watched, context);
  if (moving.Problems.length === 0) return false;
  write(watched, moving, context, json);
  return true;
}

function write(watched: WatchedInstance, moving: WireMoving, context: WireContext, json: Bytes): void {
  let pieces = templates.get(watched);
  if (pieces === undefined) {
    pieces = template(watched, moving, context);
    templates.set(watched, pieces);
  }
  for (const { bytes, name } of pieces) {
    json.bytes(bytes);
    if (name !== undefined) json.text(encodeJson(moving[name]));
  }
}

function template(watched: WatchedInstance, moving: WireMoving, context: WireContext): readonly Piece[] {
  const pieces: Piece[] = [];
  let text = '{';
  for (const [name, value] of Object.entries(wireInstance(watched, context))) {
    text += `${text === '{' ? '' : ','}"${name}":`;
    if (!isMoving(name, moving)) {
      text += encodeJson(value);
      continue;
    }
    pieces.push({ bytes: Buffer.from(text), name });
    text = '';
  }
  return [...pieces, { bytes: Buffer.from(`${text}}`), name: undefined }];
}

const isMoving = (name: string, moving: WireMoving): name is keyof WireMoving => name in moving;
