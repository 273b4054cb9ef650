import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';

const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const conditionValue = z.union([
  z.array(z.coerce.string()),
  z.union([z.string(), z.boolean(), z.number()]).transform((one) => [String(one)]),
]);

type Test = (wanted: readonly string[], actual: string | undefined) => boolean;
const like: Test = (wanted, actual) => actual !== undefined && wanted.some((pattern) => matchesGlob(pattern, actual));
/** Condition operators by name: does the request's `actual` value (absent when the request has none) satisfy `wanted`? */
const OPERATORS: Readonly<Record<string, Test>> = {
  StringEquals: (wanted, actual) => actual !== undefined && wanted.includes(actual),
  ArnLike: like,
  ArnNotLike: (wanted, actual) => !like(wanted, actual),
  // As in AWS it holds for a request without the key, too; a policy that wants the key asks for it besides.
  'ForAllValues:StringEquals': (wanted, actual) =>
    actual === undefined || actual.split(',').every((one) => wanted.includes(one)),
  'ForAllValues:StringLike': (wanted, actual) => actual === undefined || like(wanted, actual),
  Bool: (wanted, actual) => actual !== undefined && wanted.includes(actual),
  Null: (wanted, actual) => wanted.includes(String(actual === undefined)),
  NumericLessThan: (wanted, actual) => actual !== undefined && wanted.some((limit) => Number(actual) < Number(limit)),
};

/**
 * Keys whose values the gateway knows for a request (condition-context.ts); any other key would never hold here, and
 * silently change a policy.
 */
export const CONDITION_KEYS = [
  'aws:principalarn',
  'aws:securetransport',
  'aws:sourceaccount',
  'dynamodb:attributes',
  'dynamodb:leadingkeys',
  'dynamodb:select',
  'kms:messagetype',
  'kms:signingalgorithm',
  's3:if-none-match',
  's3:object-lock-mode',
  's3:objectcreationoperation',
  's3:tlsversion',
] as const;
export type ConditionContext = Readonly<Partial<Record<(typeof CONDITION_KEYS)[number], string | undefined>>>;

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.unknown().optional(),
  Action: list,
  Resource: list,
  Condition: z.record(z.string(), z.record(z.string(), conditionValue)).default({}),
});
export type Statement = z.infer<typeof statementSchema>;

const documentSchema = z.object({
  Statement: z.union([statementSchema.transform((one) => [one]), z.array(statementSchema)]),
});

/**
 * The statements of a policy document with this effect, or all, checked for what the platform can evaluate.
 * @throws PlatformFault naming `owner` and the member, operator or key that it does not know
 */
export function parsePolicy(document: unknown, owner: string, effect?: Statement['Effect']): readonly Statement[] {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw unsupported(owner, z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const statements = parsed.data.Statement.filter((statement) => effect === undefined || statement.Effect === effect);
  for (const { Condition } of statements) {
    for (const [operator, keys] of Object.entries(Condition)) {
      if (!(operator in OPERATORS)) throw unsupported(owner, `it uses the condition operator ${operator}`);
      const unknown = Object.keys(keys).find((key) => !CONDITION_KEYS.some((known) => known === key.toLowerCase()));
      if (unknown !== undefined) throw unsupported(owner, `it uses the condition key ${unknown}`);
    }
  }
  return statements;
}

/** Whether a statement speaks of this action on this resource under these conditions, whatever its effect. */
export function applies(
  statement: Statement,
  request: { readonly action: string; readonly resource: string; readonly context: ConditionContext },
): boolean {
  const action = request.action.toLowerCase();
  return (
    statement.Action.some((one) => matchesGlob(one.toLowerCase(), action)) &&
    statement.Resource.some((one) => matchesGlob(one, request.resource)) &&
    Object.entries(statement.Condition).every(([operator, keys]) => conditionHolds(operator, keys, request.context))
  );
}

/** IAM's wildcards: `*` is any run of characters, `?` any one; everything else stands for itself. */
export function matchesGlob(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

function conditionHolds(
  operator: string,
  keys: Readonly<Record<string, readonly string[]>>,
  context: ConditionContext,
): boolean {
  const values = new Map<string, string | undefined>(Object.entries(context));
  return Object.entries(keys).every(([key, wanted]) => OPERATORS[operator]?.(wanted, values.get(key.toLowerCase())));
}

function unsupported(owner: string, what: string): PlatformFault {
  return new PlatformFault(
    `The policy ${owner} cannot be enforced by the local platform: ${what}.`,
    'Write it without that in infra/, or teach infra/local/iam/policy-document.ts.',
  );
}
