import { canonicalJson, type JsonValue } from '../platform/json.ts';
import { ADOPTED } from './adoption.ts';
import type { ChangeItem, Proposal } from './items.ts';

/** One setting that a change would alter; empty text: not there. */
export interface Difference {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What a proposal alters, setting by setting; against nothing, everything that it sets. A version that it takes over
 * comes first: nothing else in it reaches production without the gates.
 */
export function settingsDiff(
  current: Proposal | null,
  proposal: Proposal,
  adopt?: ChangeItem['adopt'],
): readonly Difference[] {
  const before = current === null ? new Map<string, string>() : flatten(current);
  const after = flatten(proposal);
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const adoption =
    adopt === undefined
      ? []
      : [
          {
            path: 'adopt',
            before: '',
            after: `version ${adopt.version}, artifact ${adopt.artifact.sha256}: ${ADOPTED}`,
          },
        ];
  const settings = paths
    .map((path) => ({ path, before: before.get(path) ?? '', after: after.get(path) ?? '' }))
    .filter((difference) => difference.before !== difference.after);
  return [...adoption, ...settings];
}

function flatten({ owner, approvers, downstream, policy }: Proposal): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  lines.set('owner', `${owner.name} <${owner.email}>, ${owner.team}${principalsOf(owner)}`);
  for (const { id, name, email, stages, standIn, ...rest } of approvers) {
    const only = stages === undefined ? '' : `, only ${stages.join(', ')}`;
    const place = standIn === undefined ? '' : ', only in the place of another';
    lines.set(`approver ${id}`, `${name} <${email}>${only}${place}${principalsOf(rest)}`);
  }
  for (const { team, email } of downstream) lines.set(`downstream ${team}`, email);
  addLeaves(lines, 'policy', policy);
  return lines;
}

function principalsOf({ principals }: { readonly principals?: readonly string[] }): string {
  return principals === undefined ? '' : `, acting as ${principals.join(', ')}`;
}

function addLeaves(lines: Map<string, string>, path: string, value: JsonValue): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    lines.set(path, typeof value === 'string' ? value : canonicalJson(value));
    return;
  }
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) addLeaves(lines, `${path}.${name}`, member);
}
