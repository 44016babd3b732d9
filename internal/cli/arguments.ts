import { OrchestratorError } from '../runtime/errors.ts';
import { FLAG_SYNONYMS, FLAGS, type FlagName, type SwitchFlag, type TextFlag } from './flags.ts';

/** A command line that cannot be understood: exit status 2. */
export class FlagError extends OrchestratorError {
  constructor(message: string) {
    super('BAD_REQUEST', message);
  }
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Flags with their values, and the words behind the last flag. */
export class Arguments {
  readonly #values = new Map<FlagName, string | boolean>();
  readonly #words: readonly string[];

  /**
   * Flags end at the first word that is none, or behind `--`.
   *
   * @throws {FlagError} an unknown flag, a missing or a malformed value
   */
  constructor(argv: readonly string[], before?: Arguments) {
    for (const [name, value] of before?.given() ?? []) this.#values.set(name, value);
    let at = 0;
    while (at < argv.length) {
      const word = argv[at] ?? '';
      if (word === '--') at += 1;
      if (word === '--' || word === '-' || !word.startsWith('-')) break;
      at += this.#take(word, argv[at + 1]);
    }
    this.#words = argv.slice(at);
  }

  get words(): readonly string[] {
    return this.#words;
  }

  given(): ReadonlyMap<FlagName, string | boolean> {
    return this.#values;
  }

  has(name: FlagName): boolean {
    return this.#values.has(name);
  }

  text(name: TextFlag): string {
    return String(this.#values.get(name) ?? FLAGS[name].default);
  }

  on(name: SwitchFlag): boolean {
    return (this.#values.get(name) ?? FLAGS[name].default) === true;
  }

  /** How many words the flag took: itself, and its value where that stands apart. */
  #take(word: string, next: string | undefined): number {
    const match = /^--?([A-Za-z][A-Za-z-]*)(?:=([\s\S]*))?$/.exec(word);
    const given = match?.[1] ?? '';
    const name = FLAG_SYNONYMS.get(given) ?? (Object.hasOwn(FLAGS, given) ? (given as FlagName) : undefined);
    if (name === undefined) throw new FlagError(`unknown flag: ${word}`);
    const value = match?.[2];
    if (FLAGS[name].kind === 'switch') {
      if (value !== undefined && !TRUE.has(value) && !FALSE.has(value))
        throw new FlagError(`flag -${name} is true or false, not "${value}"`);
      this.#values.set(name, value === undefined || TRUE.has(value));
      return 1;
    }
    if (value === undefined && next === undefined) throw new FlagError(`flag -${name} needs a value`);
    this.#values.set(name, value ?? next ?? '');
    return value === undefined ? 2 : 1;
  }
}
