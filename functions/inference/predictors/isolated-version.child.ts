/**
 * The program of the process in which versions run that must not reach what serves: `node isolated-version.child.ts
 * [module]`. It speaks with its parent over descriptor 3 and ends with it. `module` is the URL of an ES module that exports
 * `predictorOf`, for kinds of artifacts that are not ours.
 */
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deserialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { FrameReader, type IsolatedMessage } from './isolated-frames.ts';
import { IsolatedSession } from './isolated-session.ts';
import { knownPredictors } from './known-predictors-store.ts';
import type { PredictorFactory } from './predictor.ts';

/**
 * Code that never yields does not hear that its parent is gone; a thread of its own sees it, and ends the group that this
 * process leads.
 */
const ORPHAN_WATCH = `
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.kill(-process.pid, 'SIGKILL'), 1_000);
`;

/** Longest work without a look at what the parent says, and at what is to be said to it. */
const TURN_MS = 3;

new Worker(ORPHAN_WATCH, { eval: true }).unref();
const parent = new Socket({ fd: 3 });
const frames = new FrameReader();
let turned = performance.now();

const loading = factory(process.argv[2]);
// That there is none is told where a version is to be made with it.
loading.catch(() => undefined);
const session = new IsolatedSession({ predictorOf: async (artifact) => (await loading)(artifact), tell, pause });
parent.on('data', (chunk: Buffer) => {
  for (const body of frames.push(chunk)) {
    const message: IsolatedMessage = deserialize(body);
    session.receive(message);
  }
});
parent.on('close', end);
parent.on('error', end);

async function factory(module: string | undefined): Promise<PredictorFactory> {
  if (module === undefined) return knownPredictors();
  const { predictorOf }: Readonly<Record<string, unknown>> = await import(module);
  if (isFactory(predictorOf)) return predictorOf;
  throw Object.assign(new Error(`${module} exports no function predictorOf.`), { name: 'NO_PREDICTOR_OF' });
}

function isFactory(value: unknown): value is PredictorFactory {
  return typeof value === 'function';
}

/** With all that was started here, for this process leads a group; not by SIGKILL, which tells of want of memory. */
function end(): void {
  process.kill(-process.pid, 'SIGTERM');
  process.exit(0);
}

/** Frames are small and many: those of one turn go out together. */
function tell(frame: Buffer): void {
  if (parent.writableCorked === 0) {
    parent.cork();
    setImmediate(() => parent.uncork());
  }
  parent.write(frame);
}

async function pause(): Promise<void> {
  if (performance.now() - turned < TURN_MS) return;
  await nextTurn();
  turned = performance.now();
}
