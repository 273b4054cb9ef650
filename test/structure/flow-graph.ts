import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Stage, stageAfter } from '../../functions/promotion/life-cycle.ts';
import { ROOT } from './sources.ts';

const testSchema = z.looseObject({
  Variable: z.string(),
  StringEquals: z.string().optional(),
  BooleanEquals: z.boolean().optional(),
});
const ruleSchema = z.union([
  z.looseObject({ And: z.array(testSchema), Next: z.string() }).transform(({ And, Next }) => ({ tests: And, Next })),
  testSchema.extend({ Next: z.string() }).transform(({ Next, ...test }) => ({ tests: [test], Next })),
]);
const stateSchema = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(ruleSchema).default([]),
  Catch: z.array(z.looseObject({ Next: z.string() })).default([]),
  Parameters: z
    .looseObject({
      FunctionName: z.string().optional(),
      Payload: z.looseObject({ stage: z.string().optional() }).optional(),
    })
    .optional(),
  SecondsPath: z.string().optional(),
});
const machineSchema = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), stateSchema) });

/** One way from a state to the next. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** What has to hold: `variable=value`, `else` for a default, `error` for a catcher; empty when nothing has to. */
  readonly when: readonly string[];
}

/** Where a walk stands: the last stage judged and passed, and the one that people were asked about. */
interface Place {
  readonly state: string;
  readonly judged?: Stage | undefined;
  readonly passed?: Stage | undefined;
  readonly asked?: Stage | undefined;
}

const STAGE = z.enum(['offline', 'shadow', 'canary', 'production']);

/** A promotion's state machine as a graph that can be walked with some of its edges cut. */
export function promotionGraph() {
  const text = readFileSync(join(ROOT, 'state-machines', 'promotion.asl.json'), 'utf8');
  const { StartAt, States } = machineSchema.parse(JSON.parse(text));
  const edges = Object.entries(States).flatMap(([from, state]): Edge[] => [
    ...state.Choices.map(({ tests, Next: to }) => ({ from, to, when: tests.map(textOf) })),
    ...(state.Default === undefined ? [] : [{ from, to: state.Default, when: ['else'] }]),
    ...(state.Next === undefined ? [] : [{ from, to: state.Next, when: [] }]),
    ...state.Catch.map(({ Next: to }) => ({ from, to, when: ['error'] })),
  ]);
  /** Names of the tasks that call a function. */
  const calling = (functionName: string): readonly string[] =>
    Object.keys(States).filter((name) => States[name]?.Parameters?.FunctionName === `\${${functionName}Arn}`);
  const asking = calling('OpenGate');

  /** The place after an edge, or null when the promotion's facts do not let it be taken. */
  const follow = (place: Place, edge: Edge): Place | null => {
    const stageWanted = edge.when.find((one) => one.startsWith('$.stage='))?.slice('$.stage='.length);
    if (stageWanted !== undefined && stageWanted !== place.asked) return null;
    const passes = edge.when.includes('$.verdict=PASS');
    const next = { ...place, state: edge.to, ...(passes ? { passed: place.judged } : {}) };
    const judging = STAGE.safeParse(States[edge.to]?.Parameters?.Payload?.stage).data;
    if (judging !== undefined) return { ...next, judged: judging };
    if (!asking.includes(edge.to)) return next;
    // The step refuses to ask about a stage whose predecessor was not passed.
    const asked = next.passed === undefined ? null : stageAfter(next.passed);
    return asked === null ? null : { ...next, asked };
  };

  const walk = (from: readonly Place[], cut: (edge: Edge) => boolean): readonly Place[] => {
    const seen = new Map<string, Place>();
    const open = [...from];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const { state } = place;
      if (seen.has(JSON.stringify(place))) continue;
      seen.set(JSON.stringify(place), place);
      for (const edge of edges.filter((one) => one.from === state && !cut(one))) {
        const next = follow(place, edge);
        if (next !== null) open.push(next);
      }
    }
    return [...seen.values()];
  };
  const all = walk([{ state: StartAt }], () => false);
  /** Every state that can be reached, from the start or from a state, when the edges for which `cut` holds are not there. */
  const reach = (cut: (edge: Edge) => boolean, from: string = StartAt): ReadonlySet<string> => {
    const starts = from === StartAt ? [{ state: StartAt }] : all.filter(({ state }) => state === from);
    return new Set(walk(starts, cut).map(({ state }) => state));
  };
  return { states: States, edges, calling, reach };
}

function textOf({ Variable, StringEquals, BooleanEquals }: z.infer<typeof testSchema>): string {
  return `${Variable}=${StringEquals ?? BooleanEquals}`;
}
