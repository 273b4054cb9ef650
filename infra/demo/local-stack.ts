import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readAssembly } from '../local/assembly.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../local/platform.ts';
import { REGION } from '../local/service.ts';
import { STACK_NAME } from '../stack-name.ts';

/** The stack on this machine, and the clients of somebody who works with it from outside. */
export interface LocalStack {
  readonly platform: Platform;
  readonly clients: {
    readonly s3: S3Client;
    readonly sfn: SFNClient;
    readonly dynamo: DynamoDBDocumentClient;
    readonly kms: KMSClient;
    readonly lambda: LambdaClient;
    readonly appConfigData: AppConfigDataClient;
  };
  /** An output of the stack by its name. @throws Error when it has none of that name */
  readonly output: (name: string) => string;
  readonly stop: () => Promise<void>;
}

export interface LocalStackOptions {
  /** Folder of the stack's cloud assembly. */
  readonly assembly: string;
  readonly database?: NonNullable<PlatformOptions['database']>;
  readonly compileCache?: string;
  readonly functionLog?: (functionName: string, line: string) => void;
  readonly log?: (line: string) => void;
}

/** Starts a synthesized stack on a free port. */
export async function startLocalStack({ assembly, ...options }: LocalStackOptions): Promise<LocalStack> {
  const platform = await startPlatform({ ...(await readAssembly(assembly, STACK_NAME)), ...options });
  const where = {
    endpoint: platform.endpoint,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const clients = {
    s3: new S3Client({ ...where, forcePathStyle: true }),
    sfn: new SFNClient(where),
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(where)),
    kms: new KMSClient(where),
    lambda: new LambdaClient(where),
    appConfigData: new AppConfigDataClient(where),
  };
  return {
    platform,
    clients,
    output: (name) => {
      const value = platform.outputs[name];
      if (value === undefined) throw new Error(`The stack has no output ${name}.`);
      return value;
    },
    stop: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await platform.stop();
    },
  };
}
