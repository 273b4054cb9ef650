import { describe, expect, it } from 'vitest';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { type DeployedRollback, deployedRollback } from '../../functions/rollback/rollback-answer.ts';
import { withDocument } from '../../functions/rollback/went-out.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import { RETURNING, signedDocument } from '../pointer/fixtures.ts';

let stage: ReleaseStage;
onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0', '2.0'],
);

/** A rollback to a document with so many killed segments, as its execution carries it on. */
async function carried(segments: number): Promise<DeployedRollback & { readonly document: PointerDocument }> {
  const answer = deployedRollback.parse(await stage.rollBack({ detail: 'ä'.repeat(4000) }));
  const fallbackSegments = Array.from(
    { length: segments },
    (_, at) => `store:${String(at).padStart(4, '0')}${'ö'.repeat(90)}`,
  );
  const members = { ...RETURNING, productionVersion: '1.0', fallback: 'seasonal-naive', fallbackSegments };
  const document = await signedDocument(stage.key, members, stage.model);
  const hostedVersion = stage.appConfig.hostByHand(document);
  const { wentOut: _, ...before } = answer;
  const input = { model: stage.model, cause: answer.cause, requestedBy: answer.requestedBy };
  const rollback = { event: before, input, place: stage.appConfig.place };
  const carried = await withDocument(stage.rollBackPorts(), rollback, { ...before, hostedVersion });
  return { ...deployedRollback.parse(carried), document };
}

it('A rollback carries the document that it brought back to the step that records it', async () => {
  const { wentOut, document } = await carried(700);
  expect(wentOut).toMatchObject({ document: { fallbackSegments: document.fallbackSegments } });
});

it('A rollback leaves out a document that its execution could not carry, and still says when it went out', async () => {
  const { document: _, ...answer } = await carried(1_450);
  expect(answer.wentOut).not.toHaveProperty('document');
  expect(answer.wentOut).toHaveProperty('deployedAt');
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(256 * 1024);
});

describe('A rollback names what it replaced:', () => {
  const replacedRevision = (answer: unknown) => {
    const { replaced } = deployedRollback.parse(answer).wentOut ?? {};
    return typeof replaced === 'object' && replaced !== null && 'revision' in replaced ? replaced['revision'] : null;
  };
  /** A canary's document goes out over what is live. */
  const letOut = async () => {
    const live = await stage.appConfig.liveDocument();
    const revision = stage.appConfig.versions.length + 1;
    const members = { ...live, revision, canaryVersion: '3.0', canaryPercentage: 5, salt: 'demand_3-0_1' };
    const hosted = stage.appConfig.hostByHand(await signedDocument(stage.key, members, stage.model));
    return { live, revision, number: stage.appConfig.deployByHand(hosted) };
  };

  it('what was being deployed, and it stopped', async () => {
    stage.appConfig.slow = true;
    const { revision } = await letOut();
    stage.appConfig.slow = false;
    expect(replacedRevision(await stage.rollBack())).toBe(revision);
  });

  it('what is live, though something was let out and undone since', async () => {
    const { live, number } = await letOut();
    await stage.appConfig.stopDeployment('', number);
    expect(replacedRevision(await stage.rollBack())).toBe(live?.revision);
  });
});
