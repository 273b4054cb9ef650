import type { NumberedValue } from '../../../functions/inference/log/batch-input-store.ts';
import type { HandOverEvent } from '../../../functions/inference/log/hand-over.ts';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import type { BatchPorts } from '../../../functions/inference/serving/forecast-batch.ts';
import { type UnitRequest, unitRequest } from '../../../functions/inference/serving/forecast-event.ts';
import { type Scene, type Stand, stand } from '../stand.ts';

export const URI = 's3://predictions/requests/night.ndjson.gz';
export const BATCH = {
  model: 'demand',
  asOf: '2026-03-01',
  horizonDays: 2,
  requestId: 'night-60',
  input: URI,
} as const;

export interface MemoryLog {
  readonly records: PredictionRecord[];
  state: 'open' | 'finished' | 'aborted';
}

export interface BatchStand extends Omit<Stand, 'ports'> {
  readonly ports: BatchPorts;
  readonly logs: MemoryLog[];
  /** What was served in place of the routed version, per attempt. */
  readonly instead: MemoryLog[];
  readonly events: HandOverEvent[];
}

export const FINISHED = { written: 1, repeated: 0, failed: 0, records: 0, lostRecords: 0, causes: [] } as const;

/** Batches of requests that a test makes, with an input and a log in memory. */
export function batchStand(
  requests: readonly object[],
  scene: Scene & { readonly batch?: Partial<BatchPorts>; readonly finished?: object } = {},
): BatchStand {
  const { ports, ...made } = stand(scene);
  const logs: MemoryLog[] = [];
  const instead: MemoryLog[] = [];
  const events: HandOverEvent[] = [];
  const parsed = requests.map((request) => unitRequest.parse(request));
  return {
    ...made,
    logs,
    instead,
    events,
    ports: {
      ...ports,
      input: {
        find: async (uri) => ({ uri, versionId: 'v1', bytes: 1 }),
        read: (() => numbered(parsed)) as unknown as BatchPorts['input']['read'],
      },
      startLog: ({ requestId }) => {
        const log: MemoryLog = { records: [], state: 'open' };
        const isInstead = requestId.includes('.instead-');
        (isInstead ? instead : logs).push(log);
        return {
          append: async (records) => void log.records.push(...records),
          finish: async () => {
            log.state = 'finished';
            return { ...FINISHED, ...(isInstead ? {} : scene.finished) };
          },
          abort: async () => {
            log.state = 'aborted';
          },
        };
      },
      rest: async () => undefined,
      handOver: async (event) => events.push(event) > 0,
      bucket: 'predictions',
      ...scene.batch,
    },
  };
}

export async function* numbered(requests: readonly UnitRequest[]): AsyncGenerator<NumberedValue<UnitRequest>> {
  for (const [index, value] of requests.entries()) yield { line: index + 1, value };
}
