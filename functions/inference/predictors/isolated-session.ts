import { type IsolatedMessage, toldAnswer, toldCode, toldDone } from './isolated-frames.ts';
import type { Predictor, PredictorFactory } from './predictor.ts';
import { askInBatches, codeOf } from './run-version.ts';

export interface SessionPorts {
  readonly predictorOf: PredictorFactory;
  readonly tell: (frame: Buffer) => void;
  readonly pause: () => Promise<void>;
}

interface Run {
  readonly id: number;
  readonly stop: AbortController;
  readonly predictor: Promise<Predictor | null>;
  /** All that it is asked for is known. */
  ended: boolean;
}

/** The far side of an isolated run: asks versions for what it is sent, one run after the other, until it is told to stop. */
export class IsolatedSession {
  readonly #ports: SessionPorts;
  /** By key; a promise that is kept also where it failed would be that failure for ever. */
  readonly #predictors = new Map<string, Promise<Predictor>>();
  #run: Run = { id: 0, stop: new AbortController(), predictor: Promise.resolve(null), ended: true };
  #work: Promise<void> = Promise.resolve();

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  receive(message: IsolatedMessage): void {
    if (message.kind === 'start') this.#start(message);
    // Whatever belongs to a run that was stopped is of no use to anybody.
    if (message.run !== this.#run.id) return;
    if (message.kind === 'stop') this.#run.stop.abort();
    if (this.#run.ended) return;
    if (message.kind === 'ask') this.#ask(message);
    else if (message.kind !== 'start') this.#finish();
  }

  #start({ run, key, artifact, keep }: Extract<IsolatedMessage, { kind: 'start' }>): void {
    for (const held of this.#predictors.keys()) if (!keep.includes(held)) this.#predictors.delete(held);
    const built = artifact === null ? this.#predictors.get(key) : this.#build(artifact);
    if (built !== undefined) this.#predictors.set(key, built);
    const predictor = Promise.resolve(built).then(
      (one) => one ?? null,
      (cause: unknown) => {
        this.#ports.tell(toldCode('not-loaded', run, codeOf(cause)));
        return null;
      },
    );
    this.#run = { id: run, stop: new AbortController(), predictor, ended: false };
  }

  async #build(artifact: Uint8Array): Promise<Predictor> {
    const predictor: Predictor | undefined = await this.#ports.predictorOf(artifact);
    if (typeof predictor?.predict === 'function') return predictor;
    throw Object.assign(new Error('The factory gave no predictor.'), { name: 'NO_PREDICTOR' });
  }

  #ask({ run, positions, requests }: Extract<IsolatedMessage, { kind: 'ask' }>): void {
    const { stop, predictor } = this.#run;
    const { tell, pause } = this.#ports;
    this.#work = this.#work.then(async () => {
      const loaded = await predictor;
      if (loaded === null) return;
      const question = { predictor: loaded, requests, positions: requests.map((_request, index) => index), pause };
      await askInBatches(question, stop.signal, {
        answer: (index, said) => tell(toldAnswer(run, positions[index] ?? 0, said)),
        failed: (code) => tell(toldCode('failed', run, code)),
      });
    });
  }

  /** Said once nothing of the run goes on; a version that does not end is ended with its process. */
  #finish(): void {
    const { id } = this.#run;
    this.#run.ended = true;
    this.#work = this.#work.then(() => this.#ports.tell(toldDone(id)));
  }
}
