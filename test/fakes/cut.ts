/**
 * What happens at the nth call that a step makes to others. `killed`: the call takes effect, and the process is gone.
 * `unsent`: the call fails and has no effect. `unanswered`: it takes effect, and fails all the same.
 */
export interface Cut {
  readonly at: number;
  readonly how: 'killed' | 'unsent' | 'unanswered';
}

export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Members that describe or measure, and reach nobody. */
const SILENT: readonly PropertyKey[] = [
  'writes',
  'rollbackWrites',
  'recallWrites',
  'now',
  'sleep',
  'random',
  'withDirectory',
];

/** Runs a step on its ports, disturbed at a cut; `calls` counts the calls made. */
export async function runCut<P extends object, R>(
  ports: P,
  step: (ports: P) => Promise<R>,
  cut?: Cut,
): Promise<{ readonly outcome: R | Error; readonly calls: number }> {
  let calls = 0;
  let kill: (error: Killed) => void = () => {};
  const gone = new Promise<never>((_, reject) => {
    kill = reject;
  });
  const around = (call: (args: unknown[]) => unknown) => {
    return (...args: unknown[]): unknown => {
      calls += 1;
      // Nothing that a killed process would still have done may happen.
      if (cut?.how === 'killed' && calls > cut.at) return new Promise(() => {});
      if (calls !== cut?.at) return call(args);
      if (cut.how === 'unsent') throw new Killed(`call ${calls} failed`);
      const lost = new Killed(`the answer of call ${calls} was lost`);
      const answer = call(args);
      if (cut.how === 'unanswered') {
        if (!(answer instanceof Promise)) throw lost;
        return answer.then(() => Promise.reject(lost));
      }
      Promise.resolve(answer).then(() => kill(lost), kill);
      return new Promise(() => {});
    };
  };
  const wrap = <O extends object>(target: O): O =>
    new Proxy(target, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name, object);
        if (SILENT.includes(name)) return value;
        if (typeof value === 'function') return around((args) => Reflect.apply(value, object, args));
        return typeof value === 'object' && value !== null ? wrap(value) : value;
      },
    });
  const outcome = await Promise.race([step(wrap(ports)), gone]).catch((error: unknown) => asError(error));
  return { outcome, calls };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
