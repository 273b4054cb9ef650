import { expect, it } from 'vitest';
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
