/** ARNs of everything that a function may be let at. */
export interface AccessTargets {
  readonly registryTable: string;
  readonly ledgerTable: string;
  readonly approvalsTable: string;
  readonly approvalsKey: string;
  readonly signingKey: string;
  readonly ledgerKey: string;
  readonly evidenceBucket: string;
  readonly predictionBucket: string;
  /** Further buckets that candidates may come from, and the objects in them. */
  readonly incomingBuckets: readonly string[];
  readonly incomingObjects: readonly string[];
  /** What versions may be that run elsewhere. */
  readonly predictorArns: readonly string[];
  /** `…:application/<id>`. */
  readonly application: string;
  /** Every extension of AppConfig: whichever is associated is looked at. */
  readonly extensions: string;
  /** The one strategy with which documents go out. */
  readonly instantStrategy: string;
  /** Machines that wait for people. */
  readonly waitingMachines: readonly string[];
  readonly waitingExecutions: readonly string[];
  readonly rollbackMachine: string;
  /** Executions of every machine of the stack. */
  readonly allExecutions: readonly string[];
  readonly rollbackExecutions: string;
  readonly drillMachine: string;
  readonly rollBackFunction: string;
  readonly checkReadinessFunction: string;
  readonly killSwitchFunction: string;
  readonly completeLogFunction: string;
  readonly senderIdentity: string;
  /** Configuration set of all that is sent. */
  readonly mailConfiguration: string;
  readonly eventTopic: string;
  readonly eventBus: string;
  readonly topic: string;
  readonly topicKey: string;
}
