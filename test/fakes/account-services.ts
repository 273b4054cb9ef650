import * as z from 'zod';
import { jsonService, operation } from '../../infra/local/gateway/json-service.ts';
import { AwsError, type Service } from '../../infra/local/service.ts';

interface Saved {
  /** Remembers how it is; what is answered puts it back to that. */
  save(): () => void;
}

/** Executions as the steps of promotion and rollback see them: they are described, started, stopped and woken. */
export interface Executions extends Service, Saved {
  /** Status by ARN; an execution that is not listed runs. */
  readonly status: Map<string, string>;
  /** Executions that were started, by name: where, and with which input. */
  readonly started: Map<string, { readonly stateMachineArn: string; readonly input: string }>;
  /** Task tokens that were called back. */
  readonly woken: Set<string>;
}

export function createExecutions(): Executions {
  const status: Executions['status'] = new Map();
  const started: Executions['started'] = new Map();
  const woken: Executions['woken'] = new Set();
  const named = z.looseObject({ executionArn: z.string() });
  return {
    ...{ status, started, woken },
    handle: jsonService({
      DescribeExecution: operation(named, ({ executionArn }) => {
        const name = executionArn.slice(executionArn.lastIndexOf(':') + 1);
        const { input } = started.get(name) ?? { input: '{}' };
        return { executionArn, name, status: status.get(executionArn) ?? 'RUNNING', startDate: 0, input };
      }),
      // Of a machine that nothing was started of here, none runs.
      ListExecutions: operation(
        z.looseObject({ stateMachineArn: z.string(), statusFilter: z.string() }),
        ({ stateMachineArn, statusFilter }) => {
          const own = [...started].filter(([, one]) => one.stateMachineArn.startsWith(stateMachineArn));
          const arns = own.map(([name]) => `${stateMachineArn}:${name}`);
          const wanted = arns.filter((arn) => (status.get(arn) ?? 'RUNNING') === statusFilter);
          return { executions: wanted.map((executionArn) => ({ executionArn, status: statusFilter, startDate: 0 })) };
        },
      ),
      StartExecution: operation(
        z.looseObject({ stateMachineArn: z.string(), name: z.string(), input: z.string() }),
        ({ stateMachineArn, name, input }) => {
          const before = started.get(name);
          if (before !== undefined && before.input !== input) {
            throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${name}'`);
          }
          started.set(name, { stateMachineArn, input });
          return { executionArn: `${stateMachineArn}:${name}`, startDate: 0 };
        },
      ),
      StopExecution: operation(named, ({ executionArn }) => {
        status.set(executionArn, 'ABORTED');
        return { stopDate: 0 };
      }),
      SendTaskSuccess: operation(z.looseObject({ taskToken: z.string() }), ({ taskToken }) => {
        if (woken.has(taskToken)) throw new AwsError('TaskTimedOut', 'The task does not wait any more.');
        woken.add(taskToken);
        return {};
      }),
    }),
    save: () => {
      const kept = [new Map(status), new Map(started), new Set(woken)] as const;
      return () => {
        refill(status, kept[0]);
        refill(started, kept[1]);
        woken.clear();
        for (const token of kept[2]) woken.add(token);
      };
    },
  };
}

function refill<K, V>(map: Map<K, V>, kept: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of kept) map.set(key, value);
}

/** Emails, publications, and events on a bus. */
export interface Mail extends Service, Saved {
  readonly emails: { readonly to: string; readonly text: string }[];
  readonly published: string[];
}

const sent = z.object({
  Destination: z.object({ ToAddresses: z.tuple([z.string()]) }),
  Content: z.object({ Simple: z.object({ Body: z.object({ Text: z.object({ Data: z.string() }) }) }) }),
});

export function createMail(): Mail {
  const emails: { readonly to: string; readonly text: string }[] = [];
  const published: string[] = [];
  return {
    ...{ emails, published },
    handle: async ({ path, body, headers }) => {
      if (headers['x-amz-target'] === 'AWSEvents.PutEvents') {
        const answer = JSON.stringify({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
        return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: answer };
      }
      if (path === '/v2/email/outbound-emails') {
        const { Destination, Content } = sent.parse(JSON.parse(body.toString('utf8')));
        emails.push({ to: Destination.ToAddresses[0], text: Content.Simple.Body.Text.Data });
        return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"MessageId":"m"}' };
      }
      published.push(new URLSearchParams(body.toString('utf8')).get('Message') ?? '');
      const xml = '<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>';
      return { status: 200, headers: { 'content-type': 'text/xml' }, body: xml };
    },
    save: () => {
      const counts = [emails.length, published.length] as const;
      return () => {
        emails.length = counts[0];
        published.length = counts[1];
      };
    },
  };
}

/** Functions that other functions ask, by name: what each answers. */
export interface Functions extends Service {
  readonly answers: Map<string, unknown>;
}

export function createFunctions(): Functions {
  const answers: Functions['answers'] = new Map();
  return {
    answers,
    handle: async ({ path }) => {
      const name = decodeURIComponent(/\/functions\/([^/]+)\/invocations/.exec(path)?.[1] ?? '');
      if (!answers.has(name)) throw new AwsError('ResourceNotFoundException', `Function not found: ${name}`, 404);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answers.get(name)) };
    },
  };
}
