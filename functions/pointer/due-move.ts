import type { GateStage } from '../approval/items.ts';
import type { ChangeItem, PointerMove, PromotionItem, Run } from '../registry/items.ts';

/** Why a document goes forward. Going back is none of these. */
export const MOVE_KINDS = ['onboard', 'adopt', 'shadow', 'canary', 'promote', 'restore'] as const;
export type MoveKind = (typeof MOVE_KINDS)[number];

/** The gate that lets a run make a move of this kind. */
const GATE_OF = {
  onboard: 'change',
  adopt: 'change',
  shadow: 'shadow',
  canary: 'canary',
  promote: 'production',
  restore: 'change',
} as const satisfies Record<MoveKind, GateStage>;

export function movingStage(kind: MoveKind): GateStage {
  return GATE_OF[kind];
}

/** The next move of a run's pointer. */
export type DueMove = {
  /** Index of the canary step; 0 for every other move. */
  readonly step: number;
  /** The move as it was recorded, when it was made already. */
  readonly recorded: PointerMove | null;
} & (
  | { readonly kind: 'onboard'; readonly run: ChangeItem }
  | { readonly kind: 'adopt'; readonly run: ChangeItem }
  /** A kill switch is left: what it covers is served as everything else. */
  | { readonly kind: 'restore'; readonly run: ChangeItem }
  | { readonly kind: 'shadow' | 'canary' | 'promote'; readonly run: PromotionItem }
);

/** What a run has to do with the pointer where it stands now; null: nothing. Says nothing about whether it may. */
export function dueMove(run: Run): DueMove | null {
  return run.kind === 'promotion' ? dueOfPromotion(run) : dueOfChange(run);
}

function dueOfChange(run: ChangeItem): DueMove | null {
  if (run.kind === 'change') return null;
  if (run.kind === 'restore') return { kind: 'restore', run, step: 0, recorded: run.pointer ?? null };
  // A version is taken over after the first document went out and the version's manifest was signed. Until then a
  // repeated step asks about the first document.
  const adopting = run.adopt !== undefined && run.pointer !== undefined && run.manifest !== undefined;
  return adopting
    ? { kind: 'adopt', run, step: 0, recorded: run.adopted ?? null }
    : { kind: 'onboard', run, step: 0, recorded: run.pointer ?? null };
}

function dueOfPromotion(run: PromotionItem): DueMove | null {
  if (run.awaitingApproval) return null;
  switch (run.stage) {
    case 'offline':
      return null;
    case 'shadow':
      return { kind: 'shadow', run, step: 0, recorded: exposureAt(run, 'shadow', 0) };
    case 'canary':
      return { kind: 'canary', run, step: run.canaryStep, recorded: exposureAt(run, 'canary', run.canaryStep) };
    case 'production':
      return { kind: 'promote', run, step: 0, recorded: run.pointer ?? null };
  }
}

/** The recorded document by which a promotion exposed its candidate at a step; null when there is none. */
export function exposureAt(
  run: Pick<PromotionItem, 'exposures'>,
  stage: 'shadow' | 'canary',
  step: number,
): PromotionItem['exposures'][number] | null {
  return run.exposures.findLast((exposure) => exposure.stage === stage && exposure.step === step) ?? null;
}

/** Marks the hosted version and the deployment of one move; AppConfig takes ASCII only, and a promotion's id is. */
export function describeMove({ kind, run, step }: DueMove): string {
  return `Moves the pointer for ${run.promotionId}: ${kind}${kind === 'canary' ? ` step ${step}` : ''}`;
}
