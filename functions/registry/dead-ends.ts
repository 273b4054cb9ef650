import { durationSeconds } from '../platform/duration.ts';
import { MAX_EVENTS, shortestPollSeconds, worstCaseEvents } from './history-budget.ts';

/** Why no promotion could pass under a policy whose fields are each well-formed; `path` is the field to mend. */
export interface DeadEnd {
  readonly path: readonly string[];
  readonly input: unknown;
  readonly message: string;
  readonly allowed: string;
}

interface Settings {
  readonly poll: string;
  readonly shadowPlan: { readonly maxDuration: string };
  readonly canary: { readonly max_days: number; readonly pass_every_days: number; readonly min_clusters: number };
  readonly canaryPlan: {
    readonly unit: 'sku-store' | 'store' | 'sku';
    readonly maxDuration: string;
    readonly steps: readonly { readonly hold: string; readonly percentage: number }[];
    readonly where: Readonly<Record<keyof typeof KINDS, readonly string[]>>;
    readonly excludedSegments: readonly string[];
  };
}

/** Lists of `where`, and the kind of segment that their entries are. */
const KINDS = { regions: 'region', stores: 'store', skus: 'sku', categories: 'category' } as const;

const SECONDS_PER_DAY = 86_400;

/**
 * The combinations under which every promotion would end without a verdict in its favour. Holds and cycles are business
 * days and are not held against the bounds, which are wall clock: where history is replayed, days pass in seconds.
 */
export function deadEnds(policy: Settings): readonly DeadEnd[] {
  return [
    ...tooManyEvents(policy),
    ...noDayToPass(policy),
    ...nobodyLeft(policy),
    ...tooFewUnits(policy),
    ...tooMuchToKeep(policy),
  ];
}

/**
 * A change is kept with the settings before and after it in one item of the registry, which may have 400 KB; past that
 * no setting of the model could ever be changed again.
 */
const MAX_PLAN_BYTES = 100_000;

function tooMuchToKeep({ canaryPlan }: Settings): readonly DeadEnd[] {
  const bytes = Buffer.byteLength(JSON.stringify(canaryPlan), 'utf8');
  if (bytes <= MAX_PLAN_BYTES) return [];
  return [
    {
      path: ['canaryPlan'],
      input: `${bytes} bytes`,
      message: 'The canary is drawn from, or excludes, more than is kept with every change, promotion and decision.',
      allowed: `at most ${MAX_PLAN_BYTES} bytes as JSON`,
    },
  ];
}

function tooManyEvents(policy: Settings): readonly DeadEnd[] {
  const events = worstCaseEvents(policy);
  if (events <= MAX_EVENTS) return [];
  return [
    {
      path: ['poll'],
      input: policy.poll,
      message: `The stages may last so long, and are looked at so often, that an execution could need ${events} history events, and there is room for ${MAX_EVENTS}.`,
      allowed: `at least PT${shortestPollSeconds(policy)}S for these bounds (shadowPlan.maxDuration, canaryPlan.maxDuration), or shorter bounds`,
    },
  ];
}

function noDayToPass({ canary, canaryPlan }: Settings): readonly DeadEnd[] {
  const holdDays = durationSeconds(canaryPlan.steps.at(-1)?.hold ?? 'P1D') / SECONDS_PER_DAY;
  const every = canary.pass_every_days;
  // The judge's own rule says so already.
  if (canary.max_days < every) return [];
  const first = Math.ceil(holdDays / every) * every;
  if (canary.max_days >= first) return [];
  return [
    {
      path: ['canary', 'max_days'],
      input: canary.max_days,
      message: `The canary would fail for lack of time before it may pass: its last step is held for ${holdDays} days, and it may pass every ${every} days only, so on day ${first} first.`,
      allowed: `at least ${first}, or a shorter hold or pass_every_days`,
    },
  ];
}

function nobodyLeft({ canaryPlan: { where, excludedSegments } }: Settings): readonly DeadEnd[] {
  return (['regions', 'stores', 'skus', 'categories'] as const)
    .filter((list) => where[list].length > 0)
    .filter((list) => where[list].every((name) => excludedSegments.includes(`${KINDS[list]}:${name}`)))
    .map((list) => ({
      path: ['canaryPlan', 'excludedSegments'],
      input: excludedSegments,
      message: `Every one of the ${list} that the canary is drawn from is excluded from it.`,
      allowed: `at least one of canaryPlan.where.${list} that is not excluded`,
    }));
}

/** Where lists say how many units there can be, both arms must be able to hold as many as the judge needs. */
function tooFewUnits({ canary, canaryPlan }: Settings): readonly DeadEnd[] {
  const units = unitsOf(canaryPlan);
  const percentage = canaryPlan.steps.at(-1)?.percentage ?? 0;
  const smaller = Math.min(percentage, 100 - percentage);
  const inSmallerArm = (units * smaller) / 100;
  if (units === 0 || smaller <= 0 || inSmallerArm >= canary.min_clusters) return [];
  const needed = Math.ceil((canary.min_clusters * 100) / smaller);
  return [
    {
      path: ['canaryPlan', 'where'],
      input: `${units} units of kind ${canaryPlan.unit}`,
      message: `The canary could never show anything: at ${percentage} % of the units that it is drawn from, one side has about ${Math.floor(inSmallerArm)} of them, and canary.min_clusters asks for ${canary.min_clusters} on each.`,
      allowed: `at least ${needed} units, a last step nearer to 50 %, or a smaller unit`,
    },
  ];
}

/** How many units the lists of a plan leave; Infinity when they do not say, 0 when none is left, which is another fault. */
function unitsOf({ unit, where, excludedSegments }: Settings['canaryPlan']): number {
  const left = (list: 'stores' | 'skus') =>
    where[list].length === 0
      ? Number.POSITIVE_INFINITY
      : new Set(where[list].filter((name) => !excludedSegments.includes(`${KINDS[list]}:${name}`))).size;
  switch (unit) {
    case 'store':
      return left('stores');
    case 'sku':
      return left('skus');
    case 'sku-store':
      return left('stores') * left('skus') || 0;
  }
}
