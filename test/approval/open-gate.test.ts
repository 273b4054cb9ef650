import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../functions/approval/decide.ts';
import { MAX_ROUNDS, openGate } from '../../functions/approval/open-gate.ts';
import { readGate } from '../../functions/approval/read-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { sealOf } from '../../functions/approval/seal.ts';
import { exposureOf } from '../../functions/promotion/exposure.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { ANA, BEN, PIPELINE } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import {
  ASKED_STAGES,
  CAS,
  changeItem,
  modelItem,
  PROMOTION_ID,
  promotionBefore,
  promotionItem,
  quorumOf,
  stored,
} from './fixtures.ts';
import { APPROVE, createStand, NOW, type Stand } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const gate = { promotionId: PROMOTION_ID, stage: 'production' as const, round: 1 };
const EXPIRY_SECONDS = 7 * 86_400;

async function asked(stand: Stand, taskToken = 'token-1') {
  const { stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  await requestApproval(stand.ports, { promotionId: stand.run.promotionId, stage, round, taskToken }, NOW);
}

describe.each(ASKED_STAGES)('Opening the gate into %s', (stage) => {
  it('opens the next stage with its seal and its entry, and is the same gate when repeated', async () => {
    const stand = await createStand(tables, { stage });
    const answer = await openGate(stand.ports, stand.gate, NOW);
    expect(answer).toEqual({
      ...stand.gate,
      status: 'open',
      waitSeconds: EXPIRY_SECONDS + 900,
      pauseSeconds: 0,
      reasons: [],
    });
    expect(answer.stage).toBe(stage);
    expect(await openGate(stand.ports, stand.gate, NOW)).toEqual(answer);
    expect(await stand.entries()).toEqual(['gate-opened']);
    expect((await stand.entry('gate-opened')).data).toMatchObject({
      ...stand.gate,
      quorum: 1,
      approvers: [ANA, BEN],
      seal: sealOf(stand.run, stage),
      exposure: exposureOf(promotionBefore(stage), stage),
    });
    expect(await stand.ports.registry.run('demand', PROMOTION_ID)).toMatchObject({ stage, awaitingApproval: true });
  });

  it('opens one gate when two calls race', async () => {
    const stand = await createStand(tables, { stage });
    const answers = await Promise.all([1, 2, 3].map(() => openGate(stand.ports, stand.gate, NOW)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await stand.entries()).toEqual(['gate-opened']);
  });

  it('asks by the quorum of that stage, and only whose stage it is', async () => {
    const others = ASKED_STAGES.filter((other) => other !== stage);
    const approvers = [ANA, { ...BEN, stages: [stage] }, { ...CAS, stages: others }];
    const stand = await createStand(tables, {
      stage,
      model: modelItem({ approvers, policy: quorumOf({ [stage]: 2 }) }),
    });
    await asked(stand);
    expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email, BEN.email]);
    expect(await stand.ports.approvals.gate(stand.gate)).toMatchObject({ quorum: 2, status: 'open' });
  });

  it('is withdrawn where nobody may decide on that stage', async () => {
    const others = ASKED_STAGES.filter((other) => other !== stage);
    const approvers = [ANA, BEN].map((one) => ({ ...one, stages: others }));
    const stand = await createStand(tables, { stage, model: modelItem({ approvers }) });
    expect(await openGate(stand.ports, stand.gate, NOW)).toMatchObject({
      status: 'withdrawn',
      reasons: [{ code: 'QUORUM_UNREACHABLE', got: 'nobody' }],
    });
  });

  it('is not opened before the stage in front of it is passed', async () => {
    const run = promotionBefore(stage);
    for (const verdict of ['CONTINUE', 'FAIL', 'INCONCLUSIVE'] as const) {
      const found = run.gates[run.stage];
      const gates = { ...run.gates, ...(found ? { [run.stage]: { ...found, verdict } } : {}) };
      const stand = await createStand(tables, { run: { ...run, gates } });
      await expect(openGate(stand.ports, stand.gate, NOW)).rejects.toMatchObject({
        code: 'CONDITION_FAILED',
        reasons: [{ code: 'STAGE_NOT_PASSED', path: run.stage, got: verdict }],
      });
    }
  });
});

describe('What was approved before a stage', () => {
  it('is asked for stage by stage: each approval leads to the next gate, not past it', async () => {
    const stand = await createStand(tables, { stage: 'shadow' });
    for (const stage of ASKED_STAGES) {
      const { gates, exposures } = promotionBefore(stage);
      const now = await stand.ports.registry.run('demand', PROMOTION_ID);
      if (now?.kind !== 'promotion') throw new Error('The promotion is gone.');
      await stand.putRun({ ...now, gates, exposures });
      const { round } = await openGate(stand.ports, stand.gate, NOW);
      await requestApproval(stand.ports, { ...stand.gate, stage, round, taskToken: stage }, NOW);
      expect(stand.inbox.at(-1)?.subject).toBe(`Approval needed: demand 1.2.0 into ${stage}`);
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      expect(await readGate(stand.ports, { ...stand.gate, stage }, NOW)).toMatchObject({ stage, status: 'approved' });
    }
    expect((await stand.entries()).filter((type) => type === 'approval-decided')).toHaveLength(3);
  });

  it.each([
    ['canary', 'shadow'],
    ['production', 'shadow'],
    ['production', 'canary'],
  ] as const)('is asked for no %s once the approval into %s rests on other evidence', async (stage, broken) => {
    const run = promotionBefore(stage);
    const stand = await createStand(tables, { run });
    const changed = broken === 'shadow' ? 'offline' : 'shadow';
    const found = run.gates[changed];
    const artifacts = { 'evaluation-report': stored('evidence/other', 'a better looking report') };
    await stand.putRun({ ...run, gates: { ...run.gates, ...(found ? { [changed]: { ...found, artifacts } } : {}) } });
    await expect(openGate(stand.ports, stand.gate, NOW)).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
      reasons: [{ code: 'EARLIER_APPROVAL_BROKEN', path: broken }],
    });
    expect(await stand.entries()).toEqual([]);
  });

  it.each([
    [
      'what the canary may expose',
      { plan: { ...promotionItem().plan, canary: { ...promotionItem().plan.canary, excludedSegments: ['region:n'] } } },
      'canary',
    ],
    ['the policy', { policyDigest: 'f'.repeat(64) }, 'shadow'],
    ['the artifact', { artifact: stored('candidates/x/artifact', 'another') }, 'shadow'],
  ])('does not stand once %s was changed', async (_, change: Partial<PromotionItem>, broken) => {
    const stand = await createStand(tables, { stage: 'production' });
    await stand.putRun(promotionBefore('production', change));
    await expect(openGate(stand.ports, stand.gate, NOW)).rejects.toMatchObject({
      reasons: [{ code: 'EARLIER_APPROVAL_BROKEN', path: broken }],
    });
  });

  it('must have been asked for at all', async () => {
    const stand = await createStand(tables, { run: promotionItem() });
    await stand.putRun(promotionBefore('production'));
    await expect(openGate(stand.ports, stand.gate, NOW)).rejects.toMatchObject({
      reasons: [{ code: 'EARLIER_APPROVAL_BROKEN', path: 'shadow', got: 'no gate' }],
    });
  });
});

describe('Opening a gate', () => {
  it('opens none for a candidate that did not pass its stage', async () => {
    const stand = await createStand(tables, { run: promotionItem({ gates: {} }) });
    await expect(openGate(stand.ports, gate, NOW)).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
      reasons: [{ code: 'STAGE_NOT_PASSED', path: 'offline' }],
    });
    expect(await stand.entries()).toEqual([]);
  });

  it('opens none for a run that has ended or never was', async () => {
    const stand = await createStand(tables, { run: promotionItem({ end: 'rolled-back', endedAt: NOW.toISOString() }) });
    await expect(openGate(stand.ports, gate, NOW)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
    await expect(openGate(stand.ports, { promotionId: 'demand_9_9' }, NOW)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(openGate(stand.ports, { promotionId: 'x' }, NOW)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('withdraws a gate that the people there could never pass, and says why', async () => {
    const stand = await createStand(tables, { model: modelItem({ approvers: [ANA], policy: quorumOf(2) }) });
    const answer = await openGate(stand.ports, gate, NOW);
    expect(answer).toMatchObject({ status: 'withdrawn', reasons: [{ code: 'QUORUM_UNREACHABLE', got: 'ana' }] });
    expect(await openGate(stand.ports, gate, NOW)).toEqual(answer);
    expect(await stand.entries()).toEqual(['gate-opened', 'gate-closed']);
  });

  it('withdraws a gate whose only approver is the one who asks', async () => {
    const self = { id: 'pia', name: PIPELINE.name, email: 'PIA@shop.example' };
    const stand = await createStand(tables, { model: modelItem({ approvers: [self] }) });
    expect(await openGate(stand.ports, gate, NOW)).toMatchObject({ status: 'withdrawn', reasons: [{ got: 'nobody' }] });
  });

  it('asks in rounds while gates become void, and stops after five', async () => {
    const stand = await createStand(tables);
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      expect(await openGate(stand.ports, gate, NOW)).toMatchObject({ round, status: 'open' });
      await stand.putModel(modelItem({ revision: round + 1, approvers: [ANA, { ...BEN, name: `Ben ${round}` }] }));
      await requestApproval(stand.ports, { ...gate, round, taskToken: `t${round}` }, NOW);
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    }
    const answer = await openGate(stand.ports, gate, NOW);
    expect(answer).toMatchObject({
      round: MAX_ROUNDS + 1,
      status: 'withdrawn',
      reasons: [{ code: 'TOO_MANY_ROUNDS' }],
    });
  });

  it('asks the approvers of before about a change, and the first approvers about a new model', async () => {
    const change = await createStand(tables, { run: changeItem() });
    await asked(change);
    expect(change.inbox.map(({ to }) => to)).toEqual([ANA.email, BEN.email]);
    const run = changeItem({
      kind: 'onboard',
      promotionId: 'demand_onboard_1',
      firstApprovers: [CAS],
      baseRevision: 0,
    });
    const onboarding = await createStand(tables, { run, model: null });
    await asked(onboarding);
    expect(onboarding.inbox.map(({ to }) => to)).toEqual([CAS.email]);
  });
});

describe('Asking for an approval', () => {
  it('sends one link to each approver and keeps neither secret nor token in anything but its table', async () => {
    const stand = await createStand(tables);
    await asked(stand, 'the-task-token');
    expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email, BEN.email]);
    const [one, two] = [stand.linkOf(ANA.email), stand.linkOf(BEN.email)];
    expect(one.secret).not.toBe(two.secret);
    const [registry, approvals, ledger] = (await stand.snapshot()).map((items) => JSON.stringify(items));
    expect(`${registry}${approvals}${ledger}`).not.toContain(one.secret);
    expect(`${registry}${ledger}`).not.toContain('the-task-token');
    expect(approvals).toContain('the-task-token');
    expect(stand.inbox.map(({ text, html }) => `${text}${html}`).join('')).not.toContain('the-task-token');
  });

  it('writes an email that says what, who, why, until when, and what a link does not do', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    const { subject, text, html } = stand.inbox[0] ?? { subject: '', text: '', html: '' };
    expect(subject).toBe('Approval needed: demand 1.2.0 into production');
    for (const said of [
      'Pia Pipeline',
      'Weekday profiles halve the error',
      '2026-03-09 09:00 UTC',
      'Opening the link changes nothing',
    ]) {
      expect(text).toContain(said);
      expect(html).toContain(said);
    }
  });

  it('sends nothing twice when the step is repeated or the execution waits again', async () => {
    const stand = await createStand(tables);
    await asked(stand, 'token-1');
    await requestApproval(stand.ports, { ...gate, taskToken: 'token-1' }, NOW);
    await requestApproval(stand.ports, { ...gate, taskToken: 'token-2' }, NOW);
    expect(stand.inbox).toHaveLength(2);
    expect(await stand.ports.approvals.token(gate)).toMatchObject({ token: 'token-2', issue: 2 });
  });

  it('sends again what may not have left, and both links work', async () => {
    const stand = await createStand(tables);
    await openGate(stand.ports, gate, NOW);
    const carryOut = stand.ports.approvals.carryOut.bind(stand.ports.approvals);
    const dying = {
      token: stand.ports.approvals.token.bind(stand.ports.approvals),
      request: stand.ports.approvals.request.bind(stand.ports.approvals),
      gate: stand.ports.approvals.gate.bind(stand.ports.approvals),
      carryOut: async (writes: Parameters<typeof carryOut>[0]) => {
        if (JSON.stringify(writes).includes('if_not_exists(sentAt')) throw new Error('killed after sending');
        await carryOut(writes);
      },
    };
    const event = { ...gate, taskToken: 'token-1' };
    await expect(requestApproval({ ...stand.ports, approvals: dying }, event, NOW)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    const first = stand.linkOf(ANA.email);
    await requestApproval(stand.ports, event, NOW);
    const second = stand.linkOf(ANA.email);
    expect(second.requestId).toBe(first.requestId);
    expect(second.secret).not.toBe(first.secret);
    expect(await decide(stand.ports, first, APPROVE, NOW)).toMatchObject({ status: 200 });
    expect(await decide(stand.ports, second, APPROVE, NOW)).toMatchObject({ status: 409 });
  });

  it('goes on without an approver whose mailbox fails while the quorum can be reached, and fails when it cannot', async () => {
    const stand = await createStand(tables);
    await openGate(stand.ports, gate, NOW);
    const broken = (addresses: readonly string[]) => ({
      ...stand.ports,
      sendEmail: async (to: string) => {
        if (addresses.includes(to)) throw new Error('mailbox unavailable');
      },
    });
    const event = { ...gate, taskToken: 'token-1' };
    const none = requestApproval(broken([ANA.email, BEN.email]), event, NOW);
    await expect(none).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', details: { failed: ['ana', 'ben'] } });
    expect(await requestApproval(broken([ANA.email]), event, NOW)).toMatchObject({ sent: ['ben'], failed: ['ana'] });
  });

  it('keeps no token for a gate that is closed', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    const event = { ...gate, taskToken: 'token-2' };
    await expect(requestApproval(stand.ports, event, NOW)).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
    expect((await stand.ports.approvals.token(gate))?.token).toBe('token-1');
  });
});

describe('A decision', () => {
  it('on a change is confirmed by the name of the model', async () => {
    const stand = await createStand(tables, { run: changeItem() });
    await asked(stand);
    const link = stand.linkOf(BEN.email);
    expect(await decide(stand.ports, link, APPROVE, NOW)).toMatchObject({ status: 400, faults: [{ path: 'version' }] });
    expect(await decide(stand.ports, link, { ...APPROVE, version: 'demand' }, NOW)).toMatchObject({ status: 200 });
  });
});
