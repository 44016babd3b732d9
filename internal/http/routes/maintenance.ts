import { OrchestratorError } from '../../runtime/errors.ts';
import { keyText, sameKey } from '../../topology/instance-key.ts';
import type { MaintenanceEntry } from '../ports.ts';
import type { Request } from '../request.ts';
import { act, bare, type EnvelopeHandler, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireKey, wireTime } from '../wire/values.ts';
import { durationMsOf } from './downtime.ts';

/** Locks that keep automation away from single servers. */
export function maintenanceRoutes({ services, clock }: HttpServerDeps): readonly Route[] {
  const begin: EnvelopeHandler = async (request) => {
    const key = request.key();
    try {
      await services.beginMaintenance(key, request.text('owner'), request.text('reason'), durationMsOf(request));
    } catch (err) {
      if (err instanceof OrchestratorError && err.code === 'CONFLICT') return envelope('ERROR', err.message, 0);
      throw err;
    }
    return envelope('OK', `Maintenance begun: ${keyText(key)}`, wireKey(key));
  };
  const end: EnvelopeHandler = async (request) => {
    const key = request.key();
    await services.endMaintenance(key);
    return envelope('OK', `Maintenance ended: ${keyText(key)}`, wireKey(key));
  };
  const endById: EnvelopeHandler = async (request) => {
    const id = request.number('maintenanceKey');
    await services.endMaintenanceById(id);
    return envelope('OK', `Maintenance ended: ${id}`, id);
  };
  return [
    act('begin-maintenance/:host/:port/:owner/:reason', begin),
    act('begin-maintenance/:host/:port/:owner/:reason/:duration', begin),
    act('end-maintenance/:host/:port', end),
    act('end-maintenance/:maintenanceKey', endById),
    tell('in-maintenance/:host/:port', isHeld),
    bare('maintenance', () => services.maintenances().map(wire)),
  ];

  /** The message is the answer. */
  function isHeld(request: Request) {
    const key = request.key();
    const held = services.maintenances().some((lock) => sameKey(lock.key, key));
    return envelope('OK', String(held), held ? keyText(key) : '');
  }

  function wire(lock: MaintenanceEntry) {
    return {
      MaintenanceId: lock.id,
      Key: wireKey(lock.key),
      BeginTimestamp: wireTime(lock.beginMs),
      SecondsElapsed: Math.max(0, Math.floor((clock.nowMs() - lock.beginMs) / 1000)),
      IsActive: true,
      Owner: lock.owner,
      Reason: lock.reason,
    };
  }
}
