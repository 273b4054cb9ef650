import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import type { ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import type { Predictor } from '../../../functions/inference/predictors/predictor.ts';

/*
 * Versions that do what no version may: the module that isolated processes of tests load. An artifact is the name of one of
 * them, as JSON. Each behaves for the SKU `bad` and says 7 for every other one, so that what came before it shows.
 */

type Misdeed = (request: ForecastRequest, signal: AbortSignal) => unknown;

const held: unknown[] = [];

const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'is sound': ({ horizonDays }) => Array(horizonDays).fill(7),
  sleeps: () => new Promise(() => {}),
  'is slow': async ({ horizonDays }) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return Array(horizonDays).fill(8);
  },
  'listens and stops': (_request, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve([1]));
    }),
  throws: () => {
    throw Object.assign(new Error('No.'), { name: 'NO_PRICE' });
  },
  'throws no error': () => {
    throw null;
  },
  'never yields': () => {
    for (;;);
  },
  'never yields in a promise': async () => {
    for (;;) await null;
  },
  'says what is no number': () => [Number.NaN, Number.POSITIVE_INFINITY, -1, 'a', null, {}],
  'says too few': () => [1],
  'says a billion': () => Array(1e9),
  'says no list': () => 'seven',
  'says nothing': () => undefined,
  'sets traps': () =>
    new Proxy([1], {
      get: () => {
        throw new Error('Hands off.');
      },
    }),
  'lies about its length': () => Object.defineProperty([1], 'toJSON', { value: () => 'gotcha' }),
  'has a getter that never yields': () =>
    Object.defineProperty([1], 0, {
      get: () => {
        for (;;);
      },
    }),
  'fills a list without end': () => {
    const list: number[] = [];
    for (;;) list.push(Math.random());
  },
  'fills the heap with objects': () => {
    for (;;) held.push({ a: [1, 2, 3] });
  },
  'fills a map without end': () => {
    const map = new Map<number, number>();
    for (let at = 0; ; at += 1) map.set(at, at);
  },
  'makes a list that nothing can hold': () => 'x'.repeat(4e8).split(''),
  'fills buffers outside the heap': () => {
    for (;;) held.push(Buffer.alloc(1 << 22, 1));
  },
  'fills buffers slowly': async () => {
    for (;;) {
      held.push(Buffer.alloc(1 << 22, 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },
  'ends its process': () => process.exit(0),
  'aborts its process': () => process.abort(),
  'kills its process': () => process.kill(process.pid, 'SIGKILL'),
  'rejects where nobody looks': () => {
    Promise.reject(new Error('Nobody looks.'));
    return new Promise(() => {});
  },
  'throws where nobody looks': () => {
    setTimeout(() => {
      throw new Error('Nobody looks.');
    });
    return new Promise(() => {});
  },
  'floods the console': () => {
    for (;;) console.log('x'.repeat(100_000));
  },
  'floods its output': () => {
    for (;;) process.stdout.write('x'.repeat(100_000));
  },
  'answers in our name': () => {
    writeSync(3, Buffer.alloc(64, 0xff));
    return [1];
  },
  'closes the pipe': () => {
    closeSync(3);
    return new Promise(() => {});
  },
  'floods the pipe': () => {
    const zeros = Buffer.alloc(1 << 16);
    for (;;) {
      try {
        writeSync(3, zeros);
      } catch {
        // Full: once more.
      }
    }
  },
  'leaves work behind': () => {
    setInterval(() => held.push(Buffer.alloc(1 << 22, 1)), 1);
    return [7];
  },
  'starts a process': () => [spawn('sleep', ['600'], { stdio: 'ignore' }).pid],
  'starts a process and kills itself': async () => {
    const { pid } = spawn('sleep', ['600'], { stdio: 'ignore' });
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    return [pid];
  },
  'tells its priority': () => {
    const nices = readdirSync('/proc/self/task').map((task) => {
      const [, after = ''] = readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ');
      return Number(after.split(' ')[16]);
    });
    return [Math.min(...nices), Math.max(...nices), Number(readFileSync('/proc/self/oom_score_adj', 'utf8'))];
  },
  'tells what it was given': () => [
    ['AWS_LAMBDA_RUNTIME_API', 'NODE_OPTIONS'].filter((name) => process.env[name] !== undefined).length,
    process.stdin.isTTY ? 1 : 0,
    process.stdout.isTTY ? 1 : 0,
  ],
  'deafens its process': () => {
    process.removeAllListeners();
    process.on('SIGTERM', () => undefined);
    return new Promise(() => {});
  },
};

export function predictorOf(artifact: Uint8Array): Predictor {
  const name: unknown = JSON.parse(Buffer.from(artifact).toString());
  const misdeed = MISDEEDS[String(name)];
  if (misdeed === undefined) throw Object.assign(new Error(`Nobody knows ${name}.`), { name: 'UNKNOWN_MISDEED' });
  return {
    batchSize: 1,
    predict: async (requests, signal) =>
      Promise.all(
        requests.map((request) =>
          request.sku === 'bad' ? misdeed(request, signal) : Array(request.horizonDays).fill(7),
        ),
      ) as ReturnType<Predictor['predict']>,
  };
}
