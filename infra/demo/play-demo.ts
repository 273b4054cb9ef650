import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import type { Calls } from '../local/gateway/gateway.ts';
import { MODEL } from './cast.ts';
import { DAYS_BEFORE, playDaysBefore } from './days-before.ts';
import { STOCK_RULES } from './inventory.ts';
import type { WatchedEntry } from './ledger-watch.ts';
import type { LocalStack } from './local-stack.ts';
import { readPredictionLog } from './prediction-log.ts';
import type { Progress } from './progress.ts';
import { Replay, type ReplayPorts, type ServedForecast } from './replay.ts';
import { replayPorts } from './replay-ports.ts';
import type { Scenario } from './scenario.ts';
import type { Stopwatch } from './stopwatch.ts';
import { Story, type Told } from './story.ts';

/** What a play left behind, as it was seen from outside. */
export interface Played {
  readonly told: Told;
  /** The model's ledger. */
  readonly entries: readonly WatchedEntry[];
  /** Every forecast that was answered to the caller. */
  readonly served: readonly ServedForecast[];
  /** Every record of the prediction log. */
  readonly logged: readonly PredictionRecord[];
  readonly replayedDays: number;
  readonly calls: Calls;
}

/** How the replay reaches the inference function and the prediction bucket of a stack. */
export function portsOf(stack: LocalStack): ReplayPorts {
  const functionName = stack.output('InferenceFunctionName');
  return replayPorts({ ...stack.clients, functionName, bucket: stack.output('PredictionBucketName') });
}

/** Plays a scenario from the onboarding to its end on a stack that runs. */
export async function playDemo(of: {
  readonly stack: LocalStack;
  readonly scenario: Scenario;
  readonly ports: ReplayPorts;
  readonly progress: Progress;
  readonly stopwatch: Stopwatch;
  /** People open the links themselves. */
  readonly interactive: boolean;
}): Promise<Played> {
  const { stack, scenario, ports, progress, stopwatch, interactive } = of;
  const { demand, excludedCategory } = scenario;
  const stocks = await playDaysBefore({ demand, firstDay: scenario.firstDay, put: ports.put });
  const firstDay = scenario.firstDay + DAYS_BEFORE;
  const replay = new Replay({ model: MODEL, demand, firstDay, rules: STOCK_RULES, ports, stocks });
  stopwatch.lap('outcomes of the weeks before');
  const publicKeyPem = await readPublicKey(stack.clients.kms, stack.output('SigningKeyArn'));
  const story = new Story({ stack, publicKeyPem, replay, excludedCategory, progress, stopwatch, interactive });
  const told = await story.tell(scenario.candidates);
  // Before the log is read for the check, which is no part of a promotion.
  const calls = structuredClone(stack.platform.calls);
  const logged = await readPredictionLog(stack.clients.s3, stack.output('PredictionBucketName'), MODEL);
  const replayedDays = demand.days - firstDay - replay.daysLeft;
  return { told, entries: story.entries, served: replay.served, logged, replayedDays, calls };
}
