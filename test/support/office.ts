import type { RecoveryStore } from '../../internal/recovery/book.ts';
import { lost, type Office } from '../../internal/recovery/mandate.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { TaskGroup } from '../../internal/runtime/task-group.ts';

/** The office of a node that leads until a test says otherwise. */
export function anOffice(leads: () => boolean = () => true, tasks = new TaskGroup(silentLog)): Office {
  const confirm = async () => {
    if (!leads()) throw lost('as the test has it');
  };
  return { tasks, signal: tasks.signal, term: 0, confirm };
}

/** Agrees to everything. */
export const WILLING_STORE: RecoveryStore = {
  opened: async (record) => record,
  closed: async () => undefined,
  acknowledged: async () => undefined,
};
