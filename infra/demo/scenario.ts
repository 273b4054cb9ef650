import { readFile } from 'node:fs/promises';
import type { DemoArguments } from './arguments.ts';
import { type Candidate, demoCandidates, readGiven } from './candidates.ts';
import { DAYS_BEFORE } from './days-before.ts';
import { type Demand, dateOf, upTo } from './demand.ts';
import { playable, smallestCategory } from './playable.ts';
import { type DemandFile, readDemand } from './read-demand.ts';
import { generatedDemand } from './retailer.ts';

/** What is played: the demand with the day from which it is kept back, and who wants to be released. */
export interface Scenario {
  readonly demand: Demand;
  readonly firstDay: number;
  readonly candidates: readonly Candidate[];
  /** The category that the canary must not touch; null: the data has none to choose from. */
  readonly excludedCategory: string | null;
  /** Where the demand comes from, for people. */
  readonly source: string;
  /** What is played and what was left out, in sentences. */
  readonly notes: readonly string[];
}

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly faults: readonly string[] };

type Source = DemandFile & { readonly name: string };

export async function prepareScenario(args: DemoArguments): Promise<ScenarioResult> {
  const given = args.backtest === undefined ? null : await readGiven(args.backtest, args.histories);
  const source = await readSource(args.demand, given?.history ?? null);
  if (!source.ok) return { ok: false, faults: source.faults };
  const chosen = playable(source.demand, source.name);
  if (!chosen.ok) return { ok: false, faults: [chosen.fault] };
  const { demand, firstDay } = chosen;
  const candidates = demoCandidates({ known: upTo(demand, firstDay - 1), kind: args.candidate, given });
  const excludedCategory = smallestCategory(demand, firstDay);
  const notes = [
    `${source.name}: ${demand.series.length} series, ${demand.days} days; replayed from ${dateOf(demand, firstDay + DAYS_BEFORE)}`,
    ...source.notes,
    ...chosen.notes,
    excludedCategory === null
      ? 'no categories to choose from: the canary excludes nothing'
      : `the canary leaves out ${excludedCategory}, the smallest category`,
  ];
  return { ok: true, scenario: { demand, firstDay, candidates, excludedCategory, source: source.name, notes } };
}

async function readSource(demand: string | undefined, history: Buffer | null): Promise<Source> {
  if (demand !== undefined) return { ...readDemand(await readFile(demand), demand), name: demand };
  const generated = { ok: true as const, demand: generatedDemand(1), notes: [], name: 'a generated retailer' };
  if (history === null) return generated;
  const file = { ...readDemand(history, 'the history'), name: 'the history' };
  if (file.ok) return file;
  return { ...generated, notes: [`the history given cannot be replayed (${file.faults[0]}); generated demand is`] };
}
