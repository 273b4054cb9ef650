import { durationSeconds } from '../platform/duration.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { ChangeItem, PromotionItem, Run } from '../registry/items.ts';
import type { Restoration } from '../registry/restoration.ts';
import type { GateStage } from './items.ts';

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** An ISO 8601 duration as people say it: `P2D` is `2 days`, `PT90M` is `1 hour 30 minutes`. */
export function durationWords(duration: string): string {
  let left = durationSeconds(duration);
  const parts = UNITS.flatMap(([name, seconds]) => {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    return count === 0 ? [] : [`${count} ${name}${count === 1 ? '' : 's'}`];
  });
  return parts.join(' ');
}

/** What letting a run into a stage exposes, to whom and for how long; nothing for a change without a version. */
export function exposureWords(run: Run, stage: GateStage): readonly string[] {
  if (run.kind !== 'promotion') return changeWords(run);
  if (stage === 'shadow') return shadowWords(run);
  if (stage === 'canary') return canaryWords(run);
  return stage === 'production' ? productionWords(run) : [];
}

function changeWords({ adopt, restore }: ChangeItem): readonly string[] {
  if (restore !== undefined) return restorationWords(restore);
  return adopt === undefined ? [] : adoptionWords(adopt.version);
}

function restorationWords({
  fallback,
  fallbackSegments,
  productionVersion,
  thrownSeq,
}: Restoration): readonly string[] {
  const where = fallbackSegments.length === 0 ? 'everything' : fallbackSegments.join(', ');
  const serves = productionVersion === '' ? "the safe forecast of the model's policy" : named(productionVersion);
  return [
    `The safe forecast ${fallback} serves ${where} now, by the kill switch of ledger position ${thrownSeq}.`,
    `Afterwards ${serves} serves that too, from the moment of the approval on and without an end.`,
  ];
}

function adoptionWords(version: string): readonly string[] {
  return [
    `Version ${version} serves every forecast as soon as the model is set up. It is taken over as it runs elsewhere and went through none of the gates; the ledger says so.`,
  ];
}

function shadowWords({ baseline, plan }: PromotionItem): readonly string[] {
  return [
    `Nothing that it forecasts is served: every forecast goes on coming from ${named(baseline)}.`,
    `It runs beside that on every request, and what it forecasts is only logged, for at most ${durationWords(plan.shadow.maxDuration)} from the approval on.`,
  ];
}

function canaryWords({ baseline, plan: { canary } }: PromotionItem): readonly string[] {
  const steps = canary.steps.map(({ percentage, hold }, index) => {
    const last = index === canary.steps.length - 1;
    return `${index === 0 ? '' : 'then '}${percentage} % for ${durationWords(hold)}${last ? ' and until the verdict' : ''}`;
  });
  return [
    `It serves a share of the units: ${steps.join(', ')}. Days are business days whose outcomes are known; a step that does harm ends it.`,
    `It ends by itself after at most ${durationWords(canary.maxDuration)} from the approval on, in favour of ${named(baseline)}.`,
    `${UNIT_WORDS[canary.unit]} All others, and whatever it fails to forecast, are served by ${named(baseline)}.`,
    drawnFrom(canary.where),
    canary.excludedSegments.length === 0
      ? 'No segment is excluded from it.'
      : `Never served by it: ${canary.excludedSegments.join(', ')}.`,
  ];
}

const UNIT_WORDS: Readonly<Record<PromotionItem['plan']['canary']['unit'], string>> = {
  'sku-store': 'A unit is one SKU in one store, and keeps its version throughout a step.',
  store: 'A unit is a whole store with all its SKUs, and keeps its version throughout a step.',
  sku: 'A unit is one SKU in all stores, and keeps its version throughout a step.',
};

function drawnFrom(where: PromotionItem['plan']['canary']['where']): string {
  const lists = (['regions', 'stores', 'skus', 'categories'] as const)
    .filter((name) => where[name].length > 0)
    .map((name) => `${name === 'skus' ? 'SKUs' : name} ${where[name].join(', ')}`);
  return lists.length === 0 ? 'It is drawn from the whole business.' : `It is drawn from ${lists.join('; ')} only.`;
}

function productionWords({ model, baseline, plan }: PromotionItem): readonly string[] {
  return [
    `It serves every forecast of ${model}.`,
    baseline === ''
      ? 'The safe forecast, which serves now, stays ready to be gone back to.'
      : `Version ${baseline} runs beside it for ${durationWords(plan.confirmation)}, unserved, as what it is compared with, and stays ready to be gone back to.`,
  ];
}

/** How far a promotion has come, a line for each stage. */
export function pathWords(
  run: PromotionItem,
  asked: GateStage,
): readonly { readonly stage: Stage; readonly words: string }[] {
  return STAGES.map((stage) => ({ stage, words: stageWords(run, stage, asked) }));
}

function stageWords(run: PromotionItem, stage: Stage, asked: GateStage): string {
  const ran = run.exposures
    .filter((one) => one.stage === stage)
    .map(({ percentage, movedAt }) =>
      stage === 'canary' ? `${percentage} % since ${day(movedAt)}` : `since ${day(movedAt)}`,
    );
  const found = run.gates[stage];
  const verdict = found?.verdict === 'PASS' ? [`passed on ${day(found.judgedAt)}`] : [];
  if (stage === asked) return 'asked for here';
  return [...ran, ...verdict].join(', ') || 'still ahead';
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

function named(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}
