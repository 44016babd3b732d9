import type { Answer, Envelope, Part } from './answer.ts';
import type { OptionName } from './options.ts';

export const SECTIONS = [
  'Meta',
  'Discovery and information',
  'Relocation',
  'Replication and servers',
  'Tags and pools',
  'Downtime, maintenance, registration',
  'Recovery',
  'Raft',
] as const;
export type Section = (typeof SECTIONS)[number];

/** What a command cannot do without, in the words of its usage. */
export type Need = 'instance' | 'destination' | 'cluster' | 'text' | Exclude<OptionName, 'instance' | 'destination'>;

/** What was given, as pieces of a path: each encoded. */
export interface Pieces {
  /** `host/port` of `-i`; empty where none was given. */
  readonly instance: string;
  /** `host/port` of `-d`; empty where none was given. */
  readonly destination: string;
  /** `-a`, else the text of `-i`. */
  readonly cluster: string;
  /** The value of an option; the path of `-P` stays as it is. */
  readonly of: (name: OptionName) => string;
}

/** What a command reads of the answer: the value of a bare one, or `Details` of an envelope. */
export interface Told {
  readonly data: Part;
  readonly envelope: Envelope | undefined;
  readonly answer: Answer;
}

export type Lines = readonly string[];

interface CommandRow {
  readonly name: string;
  readonly synonyms?: readonly string[];
  readonly section: Section;
  readonly summary: string;
  readonly notes?: string;
  readonly needs: readonly Need[];
  /** Besides, where given. */
  readonly takes?: readonly OptionName[];
}

/** Asks the API. */
export interface ApiCommand extends CommandRow {
  /** Below `/api/`; of several, the last one's answer is printed. */
  readonly path: (pieces: Pieces) => string;
  readonly print: (told: Told) => Lines;
  /** Changes something: servers, or what is known of them. */
  readonly changes?: true;
  /** Asked first: the node must say that it leads. */
  readonly onLeader?: true;
}

/** Answered by the client itself. */
export interface OwnCommand extends CommandRow {
  readonly own: 'help' | 'which-api' | 'completion';
}

export type Command = ApiCommand | OwnCommand;
