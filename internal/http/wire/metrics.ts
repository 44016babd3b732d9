// What happened lately, as the contract lists and sums it up (http-api.md 3.12).

import { keyText } from '../../topology/instance-key.ts';
import type { BackendWrite, DiscoverySample, QueueSample } from '../ports.ts';

const NS_PER_MS = 1e6;
const NEVER = '0001-01-01T00:00:00Z';
/** What the smallest of no samples is said to be. */
const NO_MINIMUM = 9_000_000_000;

const seconds = (ms: number) => ms / 1000;
const time = (ms: number | undefined) => (ms === undefined ? NEVER : new Date(ms).toISOString());

export const wireDiscovery = ({ atMs, key, ok, ms }: DiscoverySample) => ({
  Timestamp: time(atMs),
  Hostname: key.hostname,
  Port: key.port,
  BackendLatencySeconds: 0,
  InstanceLatencySeconds: seconds(ms),
  TotalLatencySeconds: seconds(ms),
  Err: ok ? null : {},
});

/** `SuccessfulDiscoveries` counts all of them, as it always did. Nothing of a discovery waits for the backend. */
export function wireDiscoveries(all: readonly DiscoverySample[]) {
  const failed = all.filter(({ ok }) => !ok);
  const servers = (some: readonly DiscoverySample[]) => new Set(some.map(({ key }) => keyText(key))).size;
  const [every, bad] = [all, failed].map((some) => figures(some.map(({ ms }) => seconds(ms))));
  return {
    FirstSeen: time(all[0]?.atMs),
    LastSeen: time(all.at(-1)?.atMs),
    CountDistinctInstanceKeys: servers(all),
    CountDistinctOkInstanceKeys: servers(all.filter(({ ok }) => ok)),
    CountDistinctFailedInstanceKeys: servers(failed),
    FailedDiscoveries: failed.length,
    SuccessfulDiscoveries: all.length,
    ...spread('Mean', every?.mean, bad?.mean),
    ...spread('Max', every?.max, bad?.max),
    ...spread('Median', every?.median, bad?.median),
    ...spread('P95', every?.p95, bad?.p95),
  };
}

function spread(figure: string, all = 0, failed = 0): Readonly<Record<string, number>> {
  const of = (prefix: string, value: number) => ({
    [`${prefix}${figure}TotalSeconds`]: value,
    [`${prefix}${figure}BackendSeconds`]: 0,
    [`${prefix}${figure}InstanceSeconds`]: value,
  });
  return { ...of('', all), ...of('Failed', failed) };
}

export const wireQueue = ({ active, queued }: QueueSample) => ({ Active: active, Queued: queued });

export function wireQueues(all: readonly QueueSample[]) {
  const of = (name: string, values: readonly number[]) => {
    const { min, mean, median, p95, max } = figures(values);
    return {
      [`${name}MinEntries`]: values.length === 0 ? NO_MINIMUM : min,
      [`${name}MeanEntries`]: mean,
      [`${name}MedianEntries`]: median,
      [`${name}P95Entries`]: p95,
      [`${name}MaxEntries`]: max,
    };
  };
  return {
    ...of(
      'Active',
      all.map(({ active }) => active),
    ),
    ...of(
      'Queued',
      all.map(({ queued }) => queued),
    ),
  };
}

const nanoseconds = (ms: number) => Math.round(ms * NS_PER_MS);

export const wireBackendWrite = ({ atMs, waitMs, executeMs, ok }: BackendWrite) => ({
  Timestamp: time(atMs),
  WaitLatency: nanoseconds(waitMs),
  ExecuteLatency: nanoseconds(executeMs),
  Err: ok ? null : {},
});

export function wireBackendWrites(all: readonly BackendWrite[]) {
  return {
    Count: all.length,
    ...inSeconds(
      'Latency',
      all.map(({ executeMs }) => executeMs),
    ),
    ...inSeconds(
      'Wait',
      all.map(({ waitMs }) => waitMs),
    ),
  };
}

export const wireFlush = ({ atMs, instances, waitMs, executeMs }: BackendWrite) => ({
  Timestamp: time(atMs),
  Instances: instances,
  WaitLatency: nanoseconds(waitMs),
  WriteLatency: nanoseconds(executeMs),
});

export function wireFlushes(all: readonly BackendWrite[], buffer: { readonly size: number; readonly flushMs: number }) {
  const counts = all.map(({ instances }) => instances);
  const { max, mean, median, p95 } = figures(counts);
  return {
    InstanceWriteBufferSize: buffer.size,
    InstanceFlushIntervalMilliseconds: buffer.flushMs,
    CountInstances: counts.reduce((sum, one) => sum + one, 0),
    MaxInstances: max,
    MeanInstances: mean,
    MedianInstances: median,
    P95Instances: p95,
    ...inSeconds(
      'Wait',
      all.map(({ waitMs }) => waitMs),
    ),
    ...inSeconds(
      'Write',
      all.map(({ executeMs }) => executeMs),
    ),
  };
}

function inSeconds(name: string, ms: readonly number[]): Readonly<Record<string, number>> {
  const { max, mean, median, p95 } = figures(ms.map(seconds));
  return {
    [`Max${name}Seconds`]: max,
    [`Mean${name}Seconds`]: mean,
    [`Median${name}Seconds`]: median,
    [`P95${name}Seconds`]: p95,
  };
}

/** All of them 0 where there is nothing. The percentile is the nearest rank. */
export function figures(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? 0;
  const { length } = sorted;
  return {
    min: at(0),
    max: at(length - 1),
    mean: length === 0 ? 0 : sorted.reduce((sum, one) => sum + one, 0) / length,
    median: (at(Math.floor((length - 1) / 2)) + at(Math.floor(length / 2))) / 2,
    p95: at(Math.ceil(length * 0.95) - 1),
  };
}
