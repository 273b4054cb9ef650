import { describe, expect, it } from 'vitest';
import { flightsBody } from '../../functions/console/page/flight-section.ts';
import { type Flight, flightOf } from '../../functions/console/view/flight.ts';
import { html } from '../../functions/platform/html.ts';
import { gateItem, promotionItem } from '../approval/fixtures.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { aChange, aModel, anExposure } from '../fakes/runs.ts';
import { textOf } from './stand.ts';

const AT = '2026-03-10T08:00:00.000Z';
const read = (value: readonly ReturnType<typeof gateItem>[] = []) => ({ ok: true as const, value });
const told = (flight: Flight) => textOf(html`${flightsBody([flight], AT)}`.markup);
const canary = { stage: 'canary' as const, awaitingApproval: false };

describe('What a run waits for', () => {
  it('is named by the people who have decided and who have not, the round, the quorum and the expiry', () => {
    const decision = { approver: ANA, decision: 'approve' as const, justification: 'Fine.', at: AT, seq: 9 };
    const asked = [ANA, BEN].map((one) => ({ ...one, requestId: one.id }));
    const gate = gateItem({
      status: 'open',
      approvers: asked,
      decisions: [decision],
      quorum: 2,
      round: 3,
      stage: 'shadow',
    });
    const run = promotionItem({ stage: 'shadow', awaitingApproval: true });
    const text = told(flightOf({ run, gates: read([gateItem({ status: 'void' }), gate]) }, aModel()));
    expect(text).toContain('Stage people are asked about shadow');
    expect(text).toContain('2 approvals for shadow, round 3; expires');
    expect(text).toContain(`${ANA.name}: approve, 2026-03-10 08:00 UTC (just now)`);
    expect(text).toContain(`${BEN.name}: not decided`);
  });

  it('is told as not read when the gates could not be read, and nothing else of the run is lost', () => {
    const run = promotionItem({ awaitingApproval: true });
    const text = told(flightOf({ run, gates: { ok: false, why: 'AccessDeniedException' } }, aModel()));
    expect(text).toContain('could not be read (AccessDeniedException)');
    expect(text).toContain('Promotion of version 1.2.0');
  });

  it.each([
    ['FROZEN 2026-03-12T00:00:00Z', 'Nothing new begins to serve until 2026-03-12T00:00:00Z: Spring sale.'],
    ['LEAD_TIME_RUNS 2026-03-11T08:00:00Z', 'The teams downstream were told.'],
    ['NOTICE_NOT_ACKNOWLEDGED Replenishment', 'Replenishment has not acknowledged the notice.'],
    ['DRILL_STALE', 'The newest drill is too old.'],
  ])('is a hold with its code, its words and when it passes: %s', (code, message) => {
    const hold = { since: '2026-03-09T08:00:00Z', reasons: [code], messages: [message], until: '2026-03-12T00:00:00Z' };
    const text = told(flightOf({ run: promotionItem({ ...canary, holds: [hold] }), gates: read() }, aModel()));
    expect(text).toContain(
      `Held since 2026-03-09 08:00 UTC (1 day ago); it passes by itself 2026-03-12 00:00 UTC (in 1 day) ${code} ${message}`,
    );
  });

  it('is no hold any more once it passed, nor one of another stage', () => {
    const over = [
      { since: '2026-03-09T08:00:00Z', reasons: ['FROZEN x'] },
      { since: '2026-03-09T09:00:00Z', reasons: [] },
    ];
    const before = [{ since: '2026-03-09T08:00:00Z', reasons: ['FROZEN x'], stage: 'canary' as const }];
    const one = flightOf({ run: promotionItem({ ...canary, holds: over }), gates: read() }, aModel());
    const production = { stage: 'production' as const, awaitingApproval: false };
    const other = flightOf({ run: promotionItem({ ...production, holds: before }), gates: read() }, aModel());
    expect([one.wait.kind, other.wait.kind]).toEqual(['step', 'step']);
  });

  it('is evidence of so many cycles, or of an unknown number where the policy changed since', () => {
    const run = promotionItem({
      ...{ stage: 'shadow', awaitingApproval: false, exposures: [anExposure()] },
      looks: { shadow: { decisions: 1, cycles: 2 } },
    });
    expect(told(flightOf({ run, gates: read() }, aModel()))).toContain('evidence: 2 of 4 cycles; ends by itself');
    const changed = told(flightOf({ run, gates: read() }, aModel({ policyVersion: 2 })));
    expect(changed).toContain('evidence: 2 of an unknown number of cycles');
  });

  it('is people for a change without a version', () => {
    const text = told(flightOf({ run: aChange(), gates: read() }, aModel()));
    expect(text).toContain('people are asked');
    expect(text).toContain('Waits for the next step of its flow');
  });
});

describe('The notice of a critical change', () => {
  it('names who acknowledged and who did not, when it was given and from when on it may go on', () => {
    const model = aModel();
    const teams = [...model.downstream, { team: 'Ordering', email: 'ordering@shop.example' }];
    const [first] = model.downstream;
    const advanceNotice = {
      ...{ teams, leadTime: 'P1D', acknowledge: 'all' as const },
      ...{ givenAt: '2026-03-10T06:00:00Z', earliestAt: '2026-03-11T06:00:00Z' },
      acknowledgements: [{ email: 'ordering@shop.example', team: 'Ordering', name: 'Ola Order', at: AT, seq: 7 }],
    };
    const run = promotionItem({ ...canary, advanceNotice });
    const text = told(flightOf({ run, gates: read() }, aModel({ downstream: teams })));
    expect(text).toContain(
      'given 2026-03-10 06:00 UTC (2 hours ago); the canary starts no earlier than 2026-03-11 06:00 UTC (in 22 hours)',
    );
    expect(text).toContain('Ordering: acknowledged by Ola Order');
    expect(text).toContain(`${first?.team}: not acknowledged`);
  });
});
