import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, describe, expect, it } from 'vitest';
import { SettingsError } from '../../infra/settings.ts';
import { STACK_NAME } from '../../infra/stack-name.ts';
import { type SynthesizeOptions, synthesize } from '../../infra/synthesize.ts';
import { synthesized } from './synthesized.ts';

const OUTPUTS = [
  'AlarmTopicArn',
  'AppConfigApplicationId',
  'ApprovalBaseUrl',
  'AskAgainFunctionName',
  'ConsoleFunctionName',
  'DescribeReleaseFunctionName',
  'DrillStateMachineArn',
  'EventBusArn',
  'EventBusName',
  'EvidenceBucketName',
  'InferenceFunctionName',
  'KillSwitchFunctionName',
  'LedgerKeyArn',
  'LedgerTableName',
  'NotificationTopicArn',
  'OnboardingStateMachineArn',
  'PredictionBucketName',
  'PredictionDatabaseName',
  'PredictionTableName',
  'PromotionStateMachineArn',
  'RegistryTableName',
  'RollbackStateMachineArn',
  'SigningKeyArn',
];

const temporary: string[] = [];
const temporaryDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'synthesize-'));
  temporary.push(dir);
  return dir;
};
afterAll(() => {
  for (const dir of temporary) rmSync(dir, { recursive: true, force: true });
});

/** Synthesizes with the same empty code for every function; answers the template's text. */
async function template(options: Omit<SynthesizeOptions, 'code' | 'outdir'> = {}): Promise<string> {
  const code = temporaryDir();
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => {};\n');
  const dir = await synthesize({ ...options, outdir: temporaryDir(), code: () => Code.fromAsset(code) });
  return readFileSync(join(dir, `${STACK_NAME}.template.json`), 'utf8');
}

const { template: found } = synthesized();

describe('synthesis', () => {
  it('needs no account and no setting, and passes the AwsSolutions rules', async () => {
    expect(await template()).toContain('first-approver@example.com');
  }, 180_000);

  it('takes settings by value', async () => {
    const text = await template({ rules: false, settings: { pointerPollSeconds: 0, retentionDays: 7 } });
    expect(text).toContain('"POINTER_POLL_SECONDS": "0"');
    expect(text).toContain('"RETENTION_DAYS": "7"');
  });

  it('takes settings from the CDK context, and prefers those given by value', async () => {
    process.env['CDK_CONTEXT_JSON'] = JSON.stringify({ senderEmail: 'from@context.example', retentionDays: '9' });
    try {
      const text = await template({ rules: false, settings: { retentionDays: 8 } });
      expect(text).toContain('"SENDER_EMAIL": "from@context.example"');
      expect(text).toContain('"RETENTION_DAYS": "8"');
    } finally {
      delete process.env['CDK_CONTEXT_JSON'];
    }
  });

  it('refuses settings with all their faults before anything is written', async () => {
    const faulty = template({ settings: { retentionMode: 'FOREVER', senderEmail: 'nobody' } });
    await expect(faulty).rejects.toBeInstanceOf(SettingsError);
    await expect(faulty).rejects.toThrow(/senderEmail:[\s\S]*retentionMode:/);
  });

  it('refuses a setting in the context that there is not: misspelt, the default would be deployed in its stead', async () => {
    process.env['CDK_CONTEXT_JSON'] = JSON.stringify({
      stages: 'offline,production',
      'aws:cdk:enable-path-metadata': true,
    });
    try {
      await expect(template()).rejects.toThrow(/stages: There is no such setting/);
    } finally {
      delete process.env['CDK_CONTEXT_JSON'];
    }
  });

  it('makes the same template from the same input', async () => {
    expect(await template({ rules: false })).toBe(await template({ rules: false }));
  });

  it('has the outputs that others rely on, and no other', () => {
    expect(Object.keys(found.findOutputs('*')).toSorted()).toEqual(OUTPUTS);
  });

  it('answers aliases for the state machines, so that an execution names the version it ran', () => {
    for (const machine of ['Onboarding', 'Promotion', 'Rollback', 'Drill']) {
      const [output] = Object.values(found.findOutputs(`${machine}StateMachineArn`));
      expect(output).toEqual({ Value: { Ref: expect.stringMatching(new RegExp(`^${machine}Live`)) } });
    }
  });

  it('holds no secret and names no account', async () => {
    const text = await template({ rules: false });
    expect(text).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/PRIVATE KEY|AKIA[0-9A-Z]{16}/);
  });

  it.each([
    'AWS::DynamoDB::GlobalTable',
    'AWS::S3::Bucket',
    'AWS::KMS::Key',
    'AWS::AppConfig::Application',
    'AWS::StepFunctions::StateMachine',
  ])('keeps every %s when the stack is deleted', (type) => {
    found.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});
