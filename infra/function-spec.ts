import type { ConfigName } from '../functions/platform/config.ts';

/**
 * What a function may do, in the words of the trade. The stack turns each into the least IAM statements
 * (infra/constructs/access.ts); a function that names none can only write its log.
 */
const ACCESS = [
  'registry:read', // GetItem, Query, ConditionCheckItem
  'registry:write', // PutItem, UpdateItem, DeleteItem
  'ledger:read',
  'ledger:append', // PutItem on the ledger, Query for its head, Sign with the ledger key
  'approvals:read',
  'approvals:write',
  'sessions:write', // PutItem of who is signed in, and of nothing else of the approvals
  'gates:read', // Query for what gates say, and for nothing else of the approvals: no token, no digest of a secret
  'incoming:read', // incoming/ and the configured prefixes
  'evidence:read',
  'evidence:write', // put only, with retention
  'work:use', // put and read what is handed from one step to the next, and expires
  'change-logs:write', // put only, under change-logs/
  'anchors:write',
  'anchors:read',
  'predictors:invoke', // versions that run elsewhere, as far as the settings name them
  'models:read', // signed manifests and the artifacts that they name
  'predictions:read', // list and read predictions/ and outcomes/
  'predictions:write', // put only, once, under predictions/
  'recalls:read', // get under recalls/ of the prediction bucket
  'recalls:write', // put only, once, under recalls/
  'batch-input:read', // requests/ of the prediction bucket
  'handed-over:write', // put only, under handed-over/
  'handed-over:read',
  'hand-over:send', // InvokeFunction on the function that completes the log alone
  'sign:pointer', // Sign with the manifest and pointer key
  'keys:read', // GetPublicKey of both keys
  'pointer:read', // Get and List of AppConfig
  'pointer:onboard', // create environment and profile
  'pointer:version', // CreateHostedConfigurationVersion
  'pointer:deploy', // StartDeployment
  'pointer:stop', // StopDeployment
  'pointer:shared', // GetDeploymentStrategy, GetExtension, ListExtensionAssociations
  'trail:read', // LookupEvents
  'pointer:serve', // data plane: StartConfigurationSession, GetLatestConfiguration
  'callback:send', // SendTaskSuccess
  'execution:read', // DescribeExecution
  'execution:stop', // StopExecution
  'execution:trace', // DescribeExecution of every machine of ours
  'rollback:watch', // ListExecutions of the rollback machine, DescribeExecution of its executions
  'metrics:read', // GetMetricData
  'rollback:start', // StartExecution of the rollback machine alone
  'rollback:read', // DescribeExecution of its executions
  'drill:start', // StartExecution of the drill machine alone
  'drill:environment', // create the one environment of drills
  'drill:evidence', // put only, with retention, under drills/
  'roll-back:ask', // InvokeFunction on the function that goes back alone
  'readiness:ask', // InvokeFunction on the function that checks readiness alone
  'kill-switch:ask', // InvokeFunction on the function that stops alone
  'email:send',
  'letters:mark', // PutItem, UpdateItem of which letters left, and of nothing else of the registry
  'events:publish', // Publish on the topic of events, PutEvents on their bus
  'failure:report', // Publish on the topic of alarms what a stream could not deliver
] as const;
export type Access = (typeof ACCESS)[number];

export interface FunctionSpec {
  readonly name: string;
  /** Path of the entry from the project's root. */
  readonly entry: string;
  /** One sentence for the console and for whoever reads the stack. */
  readonly description: string;
  /** Paths of programs (`*.child.ts`) that it runs in processes of their own; each lies beside the handler as `*.child.mjs`. */
  readonly programs?: readonly string[];
  readonly config: readonly ConfigName[];
  readonly access: readonly Access[];
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
  /** Size of /tmp; Lambda gives 512 unless told. */
  readonly temporaryMb?: number;
  /** Ships the DuckDB engine beside the bundle. */
  readonly duckdb?: boolean;
  /** Part of the stack where the settings name an issuer to sign in at. */
  readonly onlyWithSignIn?: boolean;
}
