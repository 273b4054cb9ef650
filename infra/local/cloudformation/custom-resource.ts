import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';
import type { Invoke, Service } from '../service.ts';
import { type Created, stackArn } from './template.ts';

const answerSchema = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().default('no reason given'),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).default({}),
});
type Answer = z.infer<typeof answerSchema>;

/** One custom resource of the template. */
export interface CustomResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Creates custom resources through their functions; mounted as a public service, it takes their answers. */
export interface CustomResources extends Service {
  /** @throws PlatformFault when the function fails, answers FAILED, or does not answer at all */
  create(resource: CustomResource): Promise<Created>;
}

export interface CustomResourceOptions {
  readonly invoke: Invoke;
  readonly stackName: string;
  /** Where the answers are to be put: the gateway's address of this service. */
  readonly baseUrl: () => string;
}

/** How long an answer may come after its function has ended; a real deploy would wait an hour. */
const GRACE_SECONDS = 5;

export function createCustomResources(options: CustomResourceOptions): CustomResources {
  const waiting = new Map<string, (answer: Answer) => void>();
  return {
    create: async (resource) => {
      const requestId = randomUUID();
      const answered = new Promise<Answer>((resolve) => waiting.set(requestId, resolve));
      const result = await options.invoke(serviceToken(resource), createEvent(resource, requestId, options));
      if (result.functionError !== undefined) throw failed(resource, JSON.stringify(result.payload));
      const answer = await Promise.race([answered, silence()]);
      waiting.delete(requestId);
      if (answer === undefined) throw failed(resource, 'its function put no answer to the ResponseURL');
      if (answer.Status === 'FAILED') throw failed(resource, answer.Reason);
      return { ref: answer.PhysicalResourceId ?? resource.logicalId, attributes: answer.Data };
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

function createEvent(resource: CustomResource, requestId: string, options: CustomResourceOptions): object {
  return {
    RequestType: 'Create',
    RequestId: requestId,
    ResponseURL: `${options.baseUrl()}/${requestId}`,
    StackId: stackArn(options.stackName),
    ServiceToken: serviceToken(resource),
    ResourceType: resource.type,
    LogicalResourceId: resource.logicalId,
    ResourceProperties: texts(resource.properties),
  };
}

/** CloudFormation hands every scalar on as text. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, texts(member)]));
}

function serviceToken({ properties }: CustomResource): string {
  return String(properties['ServiceToken']);
}

function silence(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), GRACE_SECONDS * 1_000).unref());
}

function failed({ logicalId, type }: CustomResource, why: string): PlatformFault {
  const next = 'Its function is named by ServiceToken in the template; its log says more (.local/platform.log).';
  return new PlatformFault(`The custom resource ${logicalId} (${type}) could not be created: ${why}.`, next);
}
