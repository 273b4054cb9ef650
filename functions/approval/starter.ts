import { normalName } from '../platform/people.ts';
import type { ModelApprover, Run, StartedBy } from '../registry/items.ts';
import type { Identity } from './separation-of-duties.ts';

/** Somebody whose principals the registry may know. */
export interface Known extends Identity {
  readonly name: string;
  readonly principals?: readonly string[];
}

/** Whether a person has named a principal. AWS tells no two principals apart by case, but session names are typed by whoever assumes a role. */
function hasNamed({ principals }: Pick<Known, 'principals'>, principalArn: string): boolean {
  const asked = normalName(principalArn);
  return principals?.some((one) => normalName(one) === asked) ?? false;
}

/** Whose principal it is; null when nobody among them has named it. */
export function personOf(principalArn: string, known: readonly Known[]): StartedBy['person'] | null {
  const found = known.find((one) => hasNamed(one, principalArn));
  if (found === undefined) return null;
  const { name, email, id } = found;
  return { name, email, ...(id === undefined ? {} : { id }) };
}

/** The records by which whoever started a run is recognised: as recorded with the run, and as the registry knows them now. */
export function startersOf(
  { startedBy }: Pick<Run, 'startedBy'>,
  people: { readonly owner: Known; readonly approvers: readonly ModelApprover[] },
): readonly Identity[] {
  if (startedBy === undefined) return [];
  const { person, principalArn } = startedBy;
  const now = [people.owner, ...people.approvers].filter((one) => hasNamed(one, principalArn));
  return [...(person === undefined ? [] : [person]), ...now].map((one) => ({
    email: one.email,
    ...('id' in one && typeof one.id === 'string' ? { id: one.id } : {}),
  }));
}
