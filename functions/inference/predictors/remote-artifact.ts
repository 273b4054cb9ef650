import * as z from 'zod';

/**
 * A version that is a Lambda function. It names a published version of it, whose code and settings never change: an alias
 * or $LATEST could become another model behind the digest that was approved.
 */
export const lambdaArtifact = z.strictObject({
  forecaster: z.literal('lambda'),
  functionArn: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]{1,64}:\d{1,10}$/,
      'Expected the ARN of a published version: arn:aws:lambda:<region>:<account>:function:<name>:<number>.',
    ),
});
export type LambdaArtifact = z.infer<typeof lambdaArtifact>;

/**
 * A version that is a SageMaker endpoint. An endpoint can be updated in place, so it is asked for one variant by name, and
 * an answer of any other is refused; where `modelId` is given, each answer must name it too. Give each model a variant
 * name of its own, or have the container say which model it loaded.
 */
export const sageMakerArtifact = z.strictObject({
  forecaster: z.literal('sagemaker'),
  endpointName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'Expected the name of an endpoint.'),
  variant: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'Expected the name of a production variant.'),
  modelId: z.string().min(1).max(200).exactOptional(),
});
export type SageMakerArtifact = z.infer<typeof sageMakerArtifact>;
