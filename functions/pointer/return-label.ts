/** Label of a hosted version that holds a document to go back to. */
export const RETURN_LABEL = 'return-';

/** Description of such a version; a rollback that cannot read the registry finds the document by it. */
export function returnDescription(version: string): string {
  return version === '' ? 'Goes back to the safe forecast' : `Goes back to version ${version}`;
}
