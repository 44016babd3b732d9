import type { DrawingOptions } from '../../http/ascii-topology.ts';
import type { CommandContext } from '../command.ts';

/** What a drawing is made with. */
export function drawing({ world: { config }, nowMs }: CommandContext): DrawingOptions {
  return {
    nowMs,
    pollSeconds: config.InstancePollSeconds,
    maintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
  };
}
