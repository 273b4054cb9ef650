import { createHash } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';

/** What a pipeline does: it uploads what it hands in, starts executions under a name, and waits for their end. */
export class Pipeline {
  readonly #s3: S3Client;
  readonly #sfn: SFNClient;
  readonly #bucket: string;

  constructor(s3: S3Client, sfn: SFNClient, bucket: string) {
    this.#s3 = s3;
    this.#sfn = sfn;
    this.#bucket = bucket;
  }

  async upload(name: string, bytes: Uint8Array): Promise<{ readonly uri: string; readonly sha256: string }> {
    const Key = `incoming/${name}`;
    await this.#s3.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body: bytes }));
    return { uri: `s3://${this.#bucket}/${Key}`, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  async start(stateMachineArn: string, name: string, input: unknown): Promise<string> {
    const { executionArn } = await this.#sfn.send(
      new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
    );
    return executionArn ?? '';
  }

  /** The execution's output; calls `meanwhile` between looks. Throws when it ends in any other way than by succeeding. */
  async finished<T>(executionArn: string, output: z.ZodType<T>, meanwhile: () => Promise<void>): Promise<T> {
    for (;;) {
      const found = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
      await meanwhile();
      if (found.status === 'SUCCEEDED') return output.parse(JSON.parse(found.output ?? 'null'));
      if (found.status !== 'RUNNING') {
        throw new Error(`${executionArn} ended as ${found.status}: ${found.error ?? ''} ${found.cause ?? ''}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** What the onboarding and promotion machines answer. */
export const runOutput = z.object({
  promotionId: z.string(),
  end: z.string(),
  reasons: z.array(z.object({ code: z.string(), message: z.string() }).loose()),
});

/** What the rollback machine answers. */
export const rollbackOutput = z
  .object({ end: z.string(), from: z.string(), to: z.string(), seconds: z.number() })
  .loose();
