import { canonicalJson } from '../../platform/json.ts';
import type { PromotionItem } from '../../registry/items.ts';

type Training = PromotionItem['training'];

/**
 * How a version was made, against the one before: training window, features, code and parameters as both promotions
 * registered them, and the policy under which each was judged. Against nothing, how it was made.
 */
export function versionDifferences(run: PromotionItem, before: PromotionItem | null): readonly string[] {
  const now = run.training;
  const artifact = `Artifact: SHA-256 ${run.artifact.sha256}`;
  if (before === null) {
    return [
      `Training window: ${windowOf(now)}`,
      `Features: ${now.features.join(', ')}`,
      `Training code: ${now.code}`,
      ...parametersOf(now).map(([name, value]) => `Parameter ${name}: ${value}`),
      artifact,
    ];
  }
  const then = before.training;
  return [
    `Training window: ${differs(windowOf(then), windowOf(now))}`,
    `Features added: ${names(now.features.filter((name) => !then.features.includes(name)))}`,
    `Features removed: ${names(then.features.filter((name) => !now.features.includes(name)))}`,
    `Training code: ${differs(then.code, now.code)}`,
    ...parameterLines(then, now),
    `Policy: ${differs(`version ${before.policyVersion}`, `version ${run.policyVersion}`)}`,
    artifact,
  ];
}

function parameterLines(then: Training, now: Training): readonly string[] {
  const [before, after] = [new Map(parametersOf(then)), new Map(parametersOf(now))];
  const all = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const lines = all
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `Parameter ${name}: ${after.get(name) ?? 'gone'} (before: ${before.get(name) ?? 'none'})`);
  if (lines.length > 0) return lines;
  return [all.length === 0 ? 'Parameters: none were handed in for either version' : 'Parameters: unchanged'];
}

/** Sorted by name, because a table gives the members of a map back in any order. */
function parametersOf({ parameters = {} }: Training): readonly (readonly [string, string])[] {
  return Object.entries(parameters)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, typeof value === 'string' ? value : canonicalJson(value)] as const);
}

function windowOf({ from, to }: Training): string {
  return `${from} to ${to}`;
}

function differs(before: string, now: string): string {
  return before === now ? `${now}, unchanged` : `${now} (before: ${before})`;
}

function names(list: readonly string[]): string {
  return list.length === 0 ? 'none' : list.join(', ');
}
