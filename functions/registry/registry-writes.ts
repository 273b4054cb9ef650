import { type ItemKey, registryKeys } from '../platform/keys.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import type { End } from '../promotion/life-cycle.ts';
import type {
  ChangeItem,
  IntentItem,
  ModelItem,
  PromotionItem,
  RefusalItem,
  ReturnDocumentItem,
  Run,
  VersionItem,
} from './items.ts';

/** The writes that registry items undergo, each with the condition under which it may happen. */
export class RegistryWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newModel(item: ModelItem): readonly TransactWrite[] {
    return [
      this.#putNew(registryKeys.model(item.model), item),
      this.#putNew(registryKeys.listedModel(item.model), { model: item.model }),
      this.#putNew(registryKeys.policy(item.model, item.policyVersion), {
        policy: item.policy,
        policyDigest: item.policyDigest,
      }),
    ];
  }

  /** Replaces a model item that still has the revision before `item.revision`. */
  changedModel(item: ModelItem, policyChanged: boolean): readonly TransactWrite[] {
    const put: TransactWrite = {
      Put: {
        TableName: this.#table,
        Item: { ...registryKeys.model(item.model), ...item },
        ConditionExpression: 'revision = :before',
        ExpressionAttributeValues: { ':before': item.revision - 1 },
      },
    };
    if (!policyChanged) return [put];
    const policy = { policy: item.policy, policyDigest: item.policyDigest };
    return [put, this.#putNew(registryKeys.policy(item.model, item.policyVersion), policy)];
  }

  /** A new promotion or change, and the in-flight item that keeps every other one of its kind out. */
  newRun(run: Run): readonly TransactWrite[] {
    return [
      this.#putNew(registryKeys.promotion(run.model, run.promotionId), run),
      this.#putNew(inFlightKey(run), {
        model: run.model,
        promotionId: run.promotionId,
        executionArn: run.executionArn,
        since: run.startedAt,
      }),
    ];
  }

  newRefusal(item: RefusalItem): TransactWrite {
    return this.#putNew(registryKeys.refusal(item.model, item.promotionId), item);
  }

  newVersion(item: VersionItem): TransactWrite {
    return this.#putNew(registryKeys.version(item.model, item.version), item);
  }

  /** Sets members of a run that has not ended; CONDITION_FAILED once it has. */
  updateRun(
    run: Pick<Run, 'model' | 'promotionId'>,
    members: Partial<PromotionItem> | Partial<ChangeItem>,
    condition?: { readonly expression: string; readonly values: Readonly<Record<string, unknown>> },
  ): TransactWrite {
    return this.#update(
      registryKeys.promotion(run.model, run.promotionId),
      members,
      ['attribute_exists(pk)', 'attribute_not_exists(#end)', ...(condition ? [condition.expression] : [])].join(
        ' AND ',
      ),
      condition?.values ?? {},
      { '#end': 'end' },
    );
  }

  /** Ends a run once, and frees its model if it is this run that holds it. */
  endRun(
    run: Run,
    ended: { readonly end: End | 'applied'; readonly at: string; readonly reasons: Run['reasons'] },
  ): readonly TransactWrite[] {
    const members = { end: ended.end, endedAt: ended.at, reasons: ended.reasons ?? [] };
    return [
      this.#update(
        registryKeys.promotion(run.model, run.promotionId),
        members,
        'attribute_exists(pk) AND attribute_not_exists(#end)',
        {},
        { '#end': 'end' },
      ),
      {
        Delete: {
          TableName: this.#table,
          Key: { ...inFlightKey(run) },
          ConditionExpression: 'attribute_not_exists(pk) OR promotionId = :id',
          ExpressionAttributeValues: { ':id': run.promotionId },
        },
      },
    ];
  }

  /** Sets members of a version that has one of the statuses `from`. */
  updateVersion(
    model: string,
    version: string,
    members: Partial<VersionItem>,
    from: readonly VersionItem['status'][],
  ): TransactWrite {
    const names = from.map((_, index) => `:from${index}`);
    return this.#update(
      registryKeys.version(model, version),
      members,
      `#status IN (${names.join(', ')})`,
      Object.fromEntries(from.map((status, index) => [`:from${index}`, status])),
      { '#status': 'status' },
    );
  }

  /** Keeps a return document; a newer one for the same version takes its place. */
  returnDocument(item: ReturnDocumentItem): TransactWrite {
    return {
      Put: { TableName: this.#table, Item: { ...registryKeys.returnDocument(item.model, item.version), ...item } },
    };
  }

  /** A kill switch stands no more, if it is still the one that was thrown, or renewed, by that entry. */
  switchLeft(model: string, thrownSeq: number): TransactWrite {
    return {
      Delete: {
        TableName: this.#table,
        Key: { ...registryKeys.killSwitch(model) },
        ConditionExpression: 'ledgerSeq = :seq',
        ExpressionAttributeValues: { ':seq': thrownSeq },
      },
    };
  }

  newIntent(item: IntentItem): TransactWrite {
    return this.#putNew(registryKeys.intent(item.model, item.documentSha256), item);
  }

  /** Demands that the model item is the one that was read. */
  modelUnchanged(item: Pick<ModelItem, 'model' | 'revision'>): TransactWrite {
    return {
      ConditionCheck: {
        TableName: this.#table,
        Key: { ...registryKeys.model(item.model) },
        ConditionExpression: 'revision = :revision',
        ExpressionAttributeValues: { ':revision': item.revision },
      },
    };
  }

  /** Demands that the run has not ended, without changing it. */
  runIsOpen(run: Pick<Run, 'model' | 'promotionId'>): TransactWrite {
    return {
      ConditionCheck: {
        TableName: this.#table,
        Key: { ...registryKeys.promotion(run.model, run.promotionId) },
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(#end)',
        ExpressionAttributeNames: { '#end': 'end' },
      },
    };
  }

  #putNew(key: ItemKey, item: object): TransactWrite {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...key, ...item },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  #update(
    key: ItemKey,
    members: object,
    condition: string,
    values: Readonly<Record<string, unknown>>,
    names: Readonly<Record<string, string>>,
  ): TransactWrite {
    const entries = Object.entries(members).filter(([, value]) => value !== undefined);
    return {
      Update: {
        TableName: this.#table,
        Key: { ...key },
        UpdateExpression: `SET ${entries.map((_, index) => `#m${index} = :m${index}`).join(', ')}`,
        ConditionExpression: condition,
        ExpressionAttributeNames: {
          ...names,
          ...Object.fromEntries(entries.map(([name], index) => [`#m${index}`, name])),
        },
        ExpressionAttributeValues: {
          ...values,
          ...Object.fromEntries(entries.map(([, value], index) => [`:m${index}`, value])),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }
}

/**
 * A change may run beside a promotion: an approver who left must be replaceable while a promotion waits for approval. A
 * kill switch may be left while either waits.
 */
function inFlightKey({ model, kind }: Pick<Run, 'model' | 'kind'>): ItemKey {
  return registryKeys.inFlight(model, kind === 'promotion' || kind === 'restore' ? kind : 'change');
}
