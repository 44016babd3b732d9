// How answers become lines, for commands that have it in common.

import { oneLine, type Part } from './answer.ts';
import type { Lines, Told } from './command.ts';

type Print = (told: Told) => Lines;

export const nothing: Print = () => [];
export const text: Print = ({ data }) => [data.text()];
export const texts: Print = ({ data }) => data.list().map((one) => one.text());

/** `Details`, or the value, is a key. Where the API names no server there is nothing to print. */
export const key: Print = ({ data }) => (data.isNull ? [] : [data.key()]);
export const keys: Print = ({ data }) => data.list().map((one) => one.key());
export const keyOfInstance: Print = ({ data }) => (data.isNull ? [] : [data.field('Key').key()]);
export const keysOfInstances: Print = ({ data }) => data.list().map((one) => one.field('Key').key());
export const successor: Print = ({ data }) => [data.field('SuccessorKey').key()];

/** `replica<source` */
export const moved: Print = ({ data }) => [`${data.field('Key').key()}<${data.field('MasterKey').key()}`];

export const field =
  (name: string): Print =>
  ({ data }) => [data.field(name).text()];

export const instancesWhere =
  (is: (instance: Part) => boolean): Print =>
  ({ data }) =>
    data
      .list()
      .filter(is)
      .map((one) => one.field('Key').key());

/** The key of the instance if both its threads are in this state. */
export const threadsIn =
  (state: number): Print =>
  ({ data }) => {
    const both = ['ReplicationSQLThreadState', 'ReplicationIOThreadState'].every(
      (name) => data.field(name).value === state,
    );
    return both ? [data.field('Key').key()] : [];
  };

export const bothRunning = (instance: Part): boolean =>
  ['ReplicationSQLThreadRuning', 'ReplicationIOThreadRuning'].every((name) => instance.field(name).value === true);

/** The destination if the answer is yes. */
export const keyIfTrue: Print = ({ data, envelope }) => (envelope?.Message.includes('true') ? [data.key()] : []);

export const json: Print = ({ data }) => [oneLine(JSON.stringify(data.value))];
