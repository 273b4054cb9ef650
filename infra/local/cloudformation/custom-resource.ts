import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';
import type { Invoke, Service } from '../service.ts';
import type { Resource } from './resources.ts';
import { type Created, stackArn } from './template.ts';

const answerSchema = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().default('no reason given'),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).default({}),
});
type Answer = z.infer<typeof answerSchema>;

/** Creates custom resources through their functions; mounted as a public service, it takes their answers. */
export interface CustomResources extends Service {
  /** @throws PlatformFault when the function fails, answers FAILED, or does not answer at all */
  create(resource: Resource): Promise<Created>;
}

export interface CustomResourceOptions {
  readonly invoke: Invoke;
  readonly stackName: string;
  /** Where the answers are to be put: the gateway's address of this service. */
  readonly baseUrl: string;
}

/** How long an answer may come after its function has ended; a real deploy would wait an hour. */
const GRACE_SECONDS = 5;

export function createCustomResources({ invoke, stackName, baseUrl }: CustomResourceOptions): CustomResources {
  const waiting = new Map<string, (answer: Answer) => void>();
  return {
    create: async ({ logicalId, type, properties }) => {
      const failed = (why: string): PlatformFault =>
        new PlatformFault(
          `The custom resource ${logicalId} (${type}) could not be created: ${why}.`,
          'Its function is named by ServiceToken in the template; its log says more (.local/platform.log).',
        );
      const RequestId = randomUUID();
      const ServiceToken = String(properties['ServiceToken']);
      const answered = new Promise<Answer>((resolve) => waiting.set(RequestId, resolve));
      const { functionError, payload } = await invoke(ServiceToken, {
        ...{ RequestType: 'Create', RequestId, ResponseURL: `${baseUrl}/${RequestId}`, StackId: stackArn(stackName) },
        ...{ ServiceToken, ResourceType: type, LogicalResourceId: logicalId, ResourceProperties: texts(properties) },
      });
      if (functionError !== undefined) throw failed(JSON.stringify(payload));
      const answer = await Promise.race([answered, sleep(GRACE_SECONDS * 1_000, undefined, { ref: false })]);
      waiting.delete(RequestId);
      if (answer === undefined) throw failed('its function put no answer to the ResponseURL');
      if (answer.Status === 'FAILED') throw failed(answer.Reason);
      return { ref: answer.PhysicalResourceId ?? logicalId, attributes: answer.Data };
    },
    handle: async (request) => {
      const resolve = waiting.get(request.path.slice(1));
      if (request.method !== 'PUT' || resolve === undefined) return { status: 404 };
      const parsed = answerSchema.safeParse(JSON.parse(request.body.toString('utf8')));
      if (!parsed.success) return { status: 400 };
      resolve(parsed.data);
      return { status: 200 };
    },
  };
}

/** CloudFormation hands every scalar on as text. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, texts(member)]));
}
