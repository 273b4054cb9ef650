import type { Finding } from './finding.ts';

/** How documents go out; null when the strategy is gone. */
export interface SeenStrategy {
  readonly growthFactor: number;
  readonly deploymentMinutes: number;
  readonly bakeMinutes: number;
}

export interface SeenStack {
  readonly strategy: SeenStrategy | null;
  /** Functions that AppConfig asks before a deployment, by extension of the application. */
  readonly extensions: readonly (readonly string[])[];
}

/** What does not fit together of that which all models share. */
export function compareStack({ strategy, extensions }: SeenStack, vouchArn: string): readonly Finding[] {
  return [...strategyFindings(strategy), ...extensionFindings(extensions, vouchArn)];
}

function strategyFindings(strategy: SeenStrategy | null): readonly Finding[] {
  const got =
    strategy === null
      ? 'nothing'
      : `${strategy.growthFactor} %, ${strategy.deploymentMinutes} min, ${strategy.bakeMinutes} min of bake`;
  const allowed = '100 %, 0 min, 0 min of bake';
  if (got === allowed) return [];
  const message = 'The strategy of every deployment is not instant any more: a rollback would take as long as it says.';
  return [{ code: 'STRATEGY_CHANGED', id: `STRATEGY_CHANGED:${got}`, message, got, allowed }];
}

function extensionFindings(extensions: SeenStack['extensions'], vouchArn: string): readonly Finding[] {
  if (extensions.some((asked) => asked.includes(vouchArn))) return [];
  const gone = extensions.length === 0;
  const code = gone ? 'EXTENSION_GONE' : 'EXTENSION_CHANGED';
  const message = 'AppConfig does not ask the vouching function any more: any document can be deployed.';
  const got = gone ? 'no extension' : extensions.map((asked) => asked.join(' ') || 'no function').join(', ');
  return [{ code, id: code, message, got, allowed: vouchArn }];
}
