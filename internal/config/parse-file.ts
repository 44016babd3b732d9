import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { configInvalid } from './invalid.ts';
import { CONFIG_KEYS, CONFIG_NAMES, type ConfigKey, type ConfigName, keyOf } from './keys.ts';
import { NEVER_EXISTED, REMOVED } from './removed.ts';

/** One key as a file sets it, already of the right type. Duplicates come in file order. */
export interface Setting {
  readonly name: ConfigName;
  /** `null` leaves a scalar as it is and empties a list or map. */
  readonly value: unknown;
  /** `file:line`, for messages. */
  readonly where: string;
}

const byLowerName = new Map(CONFIG_NAMES.map((name) => [name.toLowerCase(), name]));

/**
 * Reads the text of one configuration file: JSON, with comments and trailing commas allowed; text after the object is ignored.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID` with file, line, key and what was expected.
 */
export function parseConfigFile(file: string, text: string): { settings: Setting[]; warnings: string[] } {
  const settings: Setting[] = [];
  const warnings: string[] = [];
  const seen = new Map<ConfigName, { given: string }>();
  for (const property of properties(file, text)) {
    const [nameNode, valueNode] = property.children ?? [];
    const given = String(nameNode?.value);
    if (valueNode === undefined || given.startsWith('#') || given.startsWith('_') || NEVER_EXISTED.has(given)) continue;
    const where = `${file}:${lineAt(text, property.offset)}`;
    const name = Object.hasOwn(CONFIG_KEYS, given) ? (given as ConfigName) : byLowerName.get(given.toLowerCase());
    if (name === undefined) {
      const was = Object.hasOwn(REMOVED, given) ? REMOVED[given] : undefined;
      warnings.push(
        `${where}: ${was === undefined ? `unknown key ${given}: ignored` : `${given} has no effect: ${was}`}`,
      );
      continue;
    }
    const key = keyOf(name);
    const before = seen.get(name);
    if (before?.given === name && given !== name) continue; // the exact spelling wins over another case of it
    if (before !== undefined) warnings.push(`${where}: ${name} is set a second time: this one counts`);
    seen.set(name, { given });
    if (valueNode.type !== 'null' && !fits(valueNode, key, text)) {
      throw configInvalid(`${where}: ${name} must be ${expected(key)}, not ${shown(valueNode, key, text)}`);
    }
    settings.push({ name, value: getNodeValue(valueNode), where });
  }
  return { settings, warnings };
}

function properties(file: string, text: string): readonly Node[] {
  const errors: ParseError[] = [];
  // A byte order mark is replaced, not removed, so that offsets stay true.
  const root = treeOf(file, text.replace(/^\uFEFF/, ' '), errors);
  const end = root === undefined || root.length < 0 ? text.length + 1 : root.offset + root.length;
  const first = errors.find(({ offset }) => offset < end); // what follows the object does not count
  if (first !== undefined) {
    const where = `${file}:${lineAt(text, first.offset)}:${columnAt(text, first.offset)}`;
    throw configInvalid(`${where}: not valid JSON here (${printParseErrorCode(first.error)}): correct this place`);
  }
  if (root?.type !== 'object') throw configInvalid(`${file}: expected one JSON object: { "Key": value, ... }`);
  return root.children ?? [];
}

function treeOf(file: string, text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true });
  } catch (cause) {
    throw configInvalid(`${file}: nested too deeply: no key holds more than a list or an object of texts`, cause);
  }
}

const EXPECTED: Readonly<Record<ConfigKey['type'], string>> = {
  bool: 'true or false',
  int: 'a whole number',
  uint: 'a whole number, 0 or more',
  float: 'a number',
  string: 'a text',
  'string[]': 'a list of texts',
  map: 'an object of texts',
  'map[]': 'a list of objects of texts',
  object: 'an object',
};

function expected({ type, max }: ConfigKey): string {
  return max === undefined ? EXPECTED[type] : `${EXPECTED[type]}, at most ${max}`;
}

function fits(node: Node, key: ConfigKey, text: string): boolean {
  switch (key.type) {
    case 'bool':
      return node.type === 'boolean';
    case 'int':
    case 'uint':
      return isWhole(node, text) && (key.type === 'int' || node.value >= 0) && node.value <= (key.max ?? node.value);
    case 'float':
      return node.type === 'number' && Number.isFinite(node.value);
    case 'string':
      return node.type === 'string';
    case 'string[]':
      return node.type === 'array' && (node.children ?? []).every((item) => item.type === 'string');
    case 'map':
      return isMap(node);
    case 'map[]':
      return node.type === 'array' && (node.children ?? []).every(isMap);
    case 'object':
      return node.type === 'object';
  }
}

function isMap(node: Node): boolean {
  return node.type === 'object' && (node.children ?? []).every(({ children }) => children?.[1]?.type === 'string');
}

/** Neither a fraction nor an exponent: `5.0` and `1e3` are refused, as existing readers of these files do. */
function isWhole(node: Node, text: string): boolean {
  const raw = text.slice(node.offset, node.offset + node.length);
  return node.type === 'number' && /^-?\d+$/.test(raw) && Number.isSafeInteger(node.value);
}

/** Numbers and switches are quoted when one was expected; of a text, which may be a secret, only the type is told. */
function shown(node: Node, key: ConfigKey, text: string): string {
  const plain = key.type === 'bool' || key.type === 'int' || key.type === 'uint' || key.type === 'float';
  if (plain && node.length <= 40) return text.slice(node.offset, node.offset + node.length);
  return node.type === 'array' ? 'a list like this' : node.type === 'object' ? 'an object like this' : `a ${node.type}`;
}

/** From 1, in characters. */
function columnAt(text: string, offset: number): number {
  return offset - text.lastIndexOf('\n', offset - 1);
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
