/** What does not fit together, between what was decided and what runs. */
export const FINDING_CODES = [
  'FOREIGN_DEPLOYMENT', // no decision stands behind the document that serves
  'DEPLOYMENT_STOPPED', // what was decided was deployed, and was taken back by no rollback
  'UNSIGNED_POINTER', // what serves is no document of ours
  'DATA_PLANE_DIFFERS', // readers get something else than what is deployed
  'STRATEGY_CHANGED', // documents no longer go out at once
  'EXTENSION_GONE', // nothing asks the vouching function any more
  'EXTENSION_CHANGED',
  'VERSION_DELETED', // a hosted version that serves, or that would be gone back to
  'POLICY_CHANGED', // owner, approvers, teams or policy are not those that were decided
  'ROLLBACK_UNRECORDED',
  'MOVE_UNRECORDED',
  'PRODUCTION_DIFFERS', // the registry calls another version production than the one that serves
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  readonly code: FindingCode;
  /** The same for as long as the same thing is out of place. */
  readonly id: string;
  readonly message: string;
  readonly got: string;
  readonly allowed: string;
  /**
   * Whether it lets something serve, or forecast beside, that was not decided (`forward`), or only takes back what was
   * (`backward`); absent where the pointer did not move.
   */
  readonly direction?: 'forward' | 'backward';
  readonly deploymentNumber?: number;
  readonly hostedVersion?: number;
}

/** By what an event of CloudTrail may tell who caused a finding. */
export const EVENTS_OF: Readonly<Partial<Record<FindingCode, readonly string[]>>> = {
  FOREIGN_DEPLOYMENT: ['StartDeployment'],
  UNSIGNED_POINTER: ['StartDeployment'],
  DEPLOYMENT_STOPPED: ['StopDeployment'],
  STRATEGY_CHANGED: ['UpdateDeploymentStrategy', 'DeleteDeploymentStrategy'],
  EXTENSION_GONE: ['DeleteExtensionAssociation', 'DeleteExtension'],
  EXTENSION_CHANGED: ['UpdateExtension', 'UpdateExtensionAssociation'],
  VERSION_DELETED: ['DeleteHostedConfigurationVersion'],
};
