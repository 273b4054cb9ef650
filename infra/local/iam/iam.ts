import { ACCOUNT, AwsError } from '../service.ts';
import { applies, type ConditionContext, matchesGlob, parsePolicy, type Statement } from './policy-document.ts';

/**
 * Who calls: the account's administrator, whom only resource policies bind; a role, under the name of the session that
 * took it; or somebody who got around every policy, for showing that the ledger notices.
 */
export type Principal =
  | { readonly kind: 'administrator' }
  | { readonly kind: 'unguarded' }
  | { readonly kind: 'role'; readonly roleName: string; readonly session: string };

/** The access key of a caller whom no policy binds. */
export const UNGUARDED_ACCESS_KEY = 'unguarded';

/** One thing that a principal wants to do. */
export interface AccessRequest {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  readonly context?: ConditionContext;
}

/** A statement on a function's resource policy (AWS::Lambda::Permission). */
export interface InvokePermission {
  readonly functionName: string;
  readonly servicePrincipal: string;
  readonly sourceArn?: string | undefined;
}

/**
 * The policies of a template and the decisions that follow from them. Identity policies decide for roles; of resource
 * policies only Deny statements are kept, because within one account an identity policy is enough to allow.
 */
export interface Iam {
  /** @throws PlatformFault when the document has something that cannot be enforced here */
  attach(roleName: string, document: unknown, policyName: string): void;
  /** Binds everybody on the resource `arn` and what lies under it. */
  addResourcePolicy(arn: string, document: unknown): void;
  addInvokePermission(permission: InvokePermission): void;
  /** Whose requests carry this access key; a key that nobody was given is the administrator's. */
  principalOf(accessKey: string): Principal;
  giveAccessKey(accessKey: string, role: { readonly roleName: string; readonly session: string }): void;
  /** Undefined when allowed, else the sentence that AWS answers with. */
  refusal(request: AccessRequest): string | undefined;
  /** @throws AwsError AccessDeniedException unless a permission lets the service invoke the function for this source */
  demandInvokePermission(permission: Required<InvokePermission>): void;
}

export function createIam(): Iam {
  const policies = new Map<string, Statement[]>();
  const denials: Denial[] = [];
  const permissions: InvokePermission[] = [];
  const accessKeys = new Map<string, Principal>([[UNGUARDED_ACCESS_KEY, { kind: 'unguarded' }]]);
  return {
    attach(roleName, document, policyName) {
      const statements = policies.get(roleName) ?? [];
      policies.set(roleName, [...statements, ...parsePolicy(document, policyName)]);
    },
    addResourcePolicy(arn, document) {
      denials.push(...parsePolicy(document, `of ${arn}`, 'Deny').map((statement) => ({ arn, statement })));
    },
    addInvokePermission(permission) {
      permissions.push(permission);
    },
    principalOf: (accessKey) => accessKeys.get(accessKey) ?? { kind: 'administrator' },
    giveAccessKey(accessKey, role) {
      accessKeys.set(accessKey, { kind: 'role', ...role });
    },
    refusal: (request) => refusalOf(request, policies, denials),
    demandInvokePermission(wanted) {
      const found = permissions.some(
        ({ functionName, servicePrincipal, sourceArn }) =>
          functionName === wanted.functionName &&
          servicePrincipal === wanted.servicePrincipal &&
          matchesGlob(sourceArn ?? '*', wanted.sourceArn ?? ''),
      );
      if (found) return;
      const message = `${wanted.servicePrincipal} for ${wanted.sourceArn} is not authorized to perform: lambda:InvokeFunction on resource: ${wanted.functionName} because no resource-based policy allows the lambda:InvokeFunction action`;
      throw new AwsError('AccessDeniedException', message, 403);
    },
  };
}

/** A Deny statement of a resource policy, and the resource that it speaks for. */
interface Denial {
  readonly arn: string;
  readonly statement: Statement;
}

function refusalOf(
  { principal, action, resource, context }: AccessRequest,
  policies: ReadonlyMap<string, readonly Statement[]>,
  denials: readonly Denial[],
): string | undefined {
  if (principal.kind === 'unguarded') return undefined;
  const asked = {
    action,
    resource,
    context: { ...ACCOUNT_CONTEXT, ...context, 'aws:principalarn': principalArn(principal) },
  };
  const sentence = `User: ${sessionArn(principal)} is not authorized to perform: ${action} on resource: ${resource}`;
  const denied = denials.some(
    ({ arn, statement }) => (resource === arn || resource.startsWith(`${arn}/`)) && applies(statement, asked),
  );
  if (denied) return `${sentence} with an explicit deny in a resource-based policy`;
  if (principal.kind === 'administrator') return undefined;
  const statements = (policies.get(principal.roleName) ?? []).filter((statement) => applies(statement, asked));
  if (statements.some(({ Effect }) => Effect === 'Deny')) {
    return `${sentence} with an explicit deny in an identity-based policy`;
  }
  if (statements.some(({ Effect }) => Effect === 'Allow')) return undefined;
  return `${sentence} because no identity-based policy allows the ${action} action`;
}

/** Loopback is not encrypted and needs no encryption: policies that demand it are met. */
const ACCOUNT_CONTEXT = {
  'aws:securetransport': 'true',
  's3:tlsversion': '1.3',
  'aws:sourceaccount': ACCOUNT,
} as const;

/** The ARN that conditions compare: of the role, not of its session. */
function principalArn(principal: Principal): string {
  return `arn:aws:iam::${ACCOUNT}:${principal.kind === 'role' ? `role/${principal.roleName}` : 'root'}`;
}

/** The ARN that AWS names a caller by. */
function sessionArn(principal: Principal): string {
  if (principal.kind !== 'role') return principalArn(principal);
  return `arn:aws:sts::${ACCOUNT}:assumed-role/${principal.roleName}/${principal.session}`;
}
