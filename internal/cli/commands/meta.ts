import { keyText } from '../../topology/instance-key.ts';
import { type Command, fail } from '../command.ts';

export const META: readonly Command[] = [
  {
    name: 'bulk-instances',
    section: 'Meta',
    summary: 'List all known instances, sorted as text',
    options: '',
    run: ({ world }) => sorted(world.restored.instances.map(({ instance }) => keyText(instance.key))),
  },
  {
    name: 'bulk-promotion-rules',
    section: 'Meta',
    summary: 'List all registered promotion rules',
    options: '',
    run: ({ world }) => sorted([...world.restored.promotionRules].map(([key, rule]) => `${key} ${rule}`)),
  },
  {
    name: 'redeploy-internal-db',
    section: 'Meta',
    summary: 'Create or upgrade the tables of the backend',
    options: '',
    run: () => ['Redeployed internal db'], // opening the backend did it
  },
  {
    name: 'custom-command',
    section: 'Meta',
    summary: 'Retired: there are no agents any more',
    options: '',
    run: () => fail('custom-command is retired: there are no agents any more'),
  },
];

/** One empty line where there is nothing. */
function sorted(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [''] : [...lines].sort();
}
