import { PAGE_SUFFIX } from '../evidence/report/gate-report.ts';
import { sentence } from '../platform/sentence.ts';
import { STAGES } from '../promotion/life-cycle.ts';
import type { Run, StoredObject } from '../registry/items.ts';

/** A page that a gate left, as a link names it: `<gate>-<report>`, for example `offline-risk-summary`. */
export interface ReportPage {
  readonly name: string;
  /** As people read it. */
  readonly title: string;
  readonly object: StoredObject;
}

/** The pages of all gates of a run so far, in order. Nothing else that a gate left is one. */
export function reportPages(run: Run): readonly ReportPage[] {
  if (run.kind !== 'promotion') return [];
  return STAGES.flatMap((stage) =>
    Object.entries(run.gates[stage]?.artifacts ?? {})
      .filter(([name]) => name.endsWith(PAGE_SUFFIX))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, object]) => {
        const report = name.slice(0, -PAGE_SUFFIX.length);
        return { name: `${stage}-${report}`, title: titleOf(report), object };
      }),
  );
}

/** `risk-summary` as `Risk summary`. */
function titleOf(report: string): string {
  return sentence(report.replaceAll('-', ' '));
}
