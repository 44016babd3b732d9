import { bool, compat, restart, text } from './key.ts';

export const GENERAL = {
  Debug: bool(false, 'Logs everything, as the flag `-debug` does. `-quiet` is stronger.', restart),
  EnableSyslog: bool(false, 'Sends log lines from INFO upwards to the local syslog as well, by the program `logger`.', {
    ...compat,
    ...restart,
  }),
  PrependMessagesWithOrcIdentity: text('', 'Names this node at the start of every message of the API.', {
    ...compat,
    choices: ['', 'none', 'fqdn', 'hostname', 'custom'],
  }),
  CustomOrcIdentity: text('', 'The name that `custom` stands for.', compat),
};
