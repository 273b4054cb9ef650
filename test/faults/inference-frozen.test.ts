import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PointerCounts } from '../../functions/inference/pointer/pointer-event.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { FaultyProxy } from '../local/fixtures/faulty-proxy.ts';
import { APPLICATION, type LocalPointer, startLocalPointer } from '../local/fixtures/local-pointer.ts';
import { signedDocument } from '../pointer/fixtures.ts';

const MODEL = 'demand';
const POLL_SECONDS = 1;
const key = createTestKey();

interface Read {
  readonly revision: number;
  readonly milliseconds: number;
  readonly counts: PointerCounts;
}

/** A process of its own that reads the pointer, and that can be frozen as Lambda freezes an environment. */
class ReadingProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(settings: object) {
    const file = join(import.meta.dirname, '..', 'local', 'fixtures', 'reading-process.ts');
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, JSON.stringify(settings)]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async read(): Promise<Read> {
    this.#child.stdin.write('read\n');
    const { value } = await this.#lines.next();
    return JSON.parse(value);
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.once('exit', resolve));
  }
}

let pointer: LocalPointer;
let proxy: FaultyProxy;
let reading: ReadingProcess;

beforeEach(async () => {
  pointer = await startLocalPointer(MODEL);
  proxy = await FaultyProxy.before(pointer.data.endpoint);
  await deploy(1);
  const { endpoint } = proxy;
  const whose = { application: APPLICATION, model: MODEL, publicKeyPem: key.publicKeyPem };
  // The wait is long, so that a slow machine is no slow AppConfig.
  const limits = { pollSeconds: POLL_SECONDS, retrySeconds: 60, refreshTimeoutMs: 2_000, firstTimeoutMs: 20_000 };
  reading = new ReadingProcess({ endpoint, region: 'eu-west-1', ...whose, ...limits });
  expect(await reading.read()).toMatchObject({ revision: 1, counts: { looks: 1, notRefreshed: 0 } });
});
afterEach(async () => {
  await reading.stop();
  await proxy.stop();
  await pointer.stop();
});

async function deploy(revision: number): Promise<void> {
  await pointer.deploy(await signedDocument(key, { revision }));
}

const pollInterval = () => sleep(POLL_SECONDS * 1_000 + 100);

describe('A process that is frozen and thawed', () => {
  it('serves what was deployed meanwhile from its first call on', async () => {
    reading.freeze();
    await deploy(2);
    await pollInterval();
    reading.thaw();
    expect(await reading.read()).toMatchObject({ revision: 2, counts: { looks: 2, servedStale: 0 } });
  });

  it('does not take for new what it was answered before, when it was frozen amid a look', async () => {
    await pollInterval();
    await proxy.fail({ kind: 'slow', milliseconds: 300 });
    const amid = reading.read();
    await sleep(100);
    reading.freeze();
    // The answer lies in the socket by then, from before the move.
    await sleep(600);
    await proxy.mend();
    await deploy(2);
    await pollInterval();
    reading.thaw();
    await amid;
    expect(await reading.read()).toMatchObject({ revision: 2 });
  });

  it('connects anew where its connections are gone', async () => {
    reading.freeze();
    await proxy.fail({ kind: 'gone' });
    await proxy.mend();
    await deploy(2);
    await pollInterval();
    reading.thaw();
    expect(await reading.read()).toMatchObject({ revision: 2, counts: { servedStale: 0 } });
  });
});
