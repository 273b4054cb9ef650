import { PredictionLogStore } from '../../functions/inference/log/prediction-log-store.ts';
import { handler as acknowledgeRecall } from '../../functions/rollback/recall/acknowledge-recall.lambda.ts';
import { handler as recallForecasts } from '../../functions/rollback/recall/recall.lambda.ts';
import type { RecallItem } from '../../functions/rollback/recall/recall-item.ts';
import { RecallLinkStore } from '../../functions/rollback/recall/recall-link-store.ts';
import { RecallObjectStore } from '../../functions/rollback/recall/recall-object-store.ts';
import { RecallStore } from '../../functions/rollback/recall/recall-store.ts';
import { account, dynamo, s3 } from './account-clients.ts';
import { MODEL } from './walk.ts';

const AS_OF = '2026-02-27';

/** Logs what the version in production forecast for two stores, as inference does. */
export async function logForecasts(requestId: string, skus: readonly string[]): Promise<void> {
  const about = { model: MODEL, version: '2.0.0', revision: 9, promotionId: `${MODEL}_2-0-0_1`, requestId } as const;
  const records = skus.flatMap((sku) =>
    ['harbour', 'market'].map((store) => ({
      ...about,
      ...{ at: '2026-02-27T06:00:00.000Z', arm: 'production' as const, sku, store, region: 'north' },
      ...{ category: 'fresh', segments: [], targetDate: '2026-02-28', horizonDays: 1, units: 10 },
    })),
  );
  const log = new PredictionLogStore(s3(), account.bucket);
  const { written } = await log.log({ model: MODEL, asOf: AS_OF, requestId, revision: about.revision, records });
  if (written !== 1) throw new Error(`${written} objects were logged.`);
}

/** What its schedule runs. */
export const recall = () => recallForecasts({ model: MODEL });

export interface RecallLink {
  readonly id: string;
  readonly secret: string;
}

/** Links that somebody was sent, newest first. */
export function linksOf(email: string): readonly RecallLink[] {
  const letters = account.mail.emails.filter(({ to }) => to === email);
  return letters
    .flatMap(({ text }) => {
      const [, id = '', secret = ''] = /\/recalls\/([0-9a-f]+)\?k=(\S+)/.exec(text) ?? [];
      return id === '' ? [] : [{ id, secret }];
    })
    .toReversed();
}

/** Whose page failed posts again, and may then learn that it was answered. */
export async function acknowledge({ id, secret }: RecallLink = { id: '', secret: '' }): Promise<number> {
  const { statusCode } = await acknowledgeRecall({
    requestContext: { http: { method: 'POST' } },
    pathParameters: { id },
    queryStringParameters: { k: secret },
    body: new URLSearchParams({ name: 'Rita', model: MODEL, note: 'Orders are held.' }).toString(),
  });
  if (statusCode !== 200 && statusCode !== 409) throw new Error(`The acknowledgement was answered ${statusCode}.`);
  return statusCode;
}

/** What registry, bucket and mailboxes have of recalls, without what differs from run to run. Each list is whole. */
export async function recalled() {
  const store = new RecallStore(dynamo(), 'registry');
  const [items, open, pending] = await Promise.all([store.recalls(MODEL), store.open(MODEL), store.pending(MODEL)]);
  const letters = account.mail.emails.filter(({ text }) => text.includes('/recalls/'));
  return {
    recalls: await Promise.all(items.map(briefly)),
    open: open.map(({ part }) => ({ part })),
    pending: pending.map(({ part, lookAt }) => ({ part, lookAt })),
    told: [...new Set(letters.map(({ to }) => to))].toSorted(),
  };
}

async function briefly({ part, version, status, counts, list, summary, asked, answers }: RecallItem) {
  const objects = new RecallObjectStore(s3(), account.bucket);
  const links = new RecallLinkStore(dynamo(), 'approvals');
  const sent = await Promise.all(asked.map(async ({ linkId }) => (await links.link(linkId))?.sentAt !== undefined));
  const emailOf = (linkId: string) => asked.find((one) => one.linkId === linkId)?.email;
  if (list !== undefined) await objects.save(list, `${account.directory}/list`);
  return {
    ...{ part, version, status, forecasts: counts.forecasts, list: list?.sha256, sent },
    summed: summary === undefined ? 0 : (await objects.readSummary(summary)).forecasts,
    asked: asked.map(({ email }) => email),
    answers: answers.map(({ linkId, outcome, name }) => `${emailOf(linkId)} ${outcome} by ${name}`),
  };
}
