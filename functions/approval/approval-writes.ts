import type { Reason } from '../platform/errors.ts';
import { approvalKeys, type ItemKey } from '../platform/keys.ts';
import type { Approver } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import type { GateRef } from './approval-store.ts';
import type { Decision, GateDecision, GateItem, GateStatus, RequestItem, TokenItem } from './items.ts';

/**
 * The writes that approval items undergo, each with the condition under which it may happen. A gate changes only from
 * the revision that was read: two writers that read the same gate cannot both change it.
 */
export class ApprovalWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newGate(gate: GateItem): TransactWrite {
    return this.#putNew(approvalKeys.gate(gate.promotionId, gate.stage, gate.round), gate);
  }

  /** Notes that people are to be told of a gate, until that is done. */
  attend({ promotionId, stage, round }: GateRef): TransactWrite {
    return this.#putNew(approvalKeys.attended(promotionId, stage, round), { promotionId, stage, round });
  }

  attendedEnough({ promotionId, stage, round }: GateRef): TransactWrite {
    return { Delete: { TableName: this.#table, Key: { ...approvalKeys.attended(promotionId, stage, round) } } };
  }

  /** Puts one secret in the place of all before, so that their links are dead; it is to be sent. */
  renew({ requestId, resends = 0 }: RequestItem, secretSha256: string): TransactWrite {
    return this.#updateRequest(requestId, {
      set: 'resends = :resends, secretSha256s = :only REMOVE sentAt, undelivered',
      only: `attribute_not_exists(decidedAt) AND attribute_not_exists(delegatedTo) AND ${resends === 0 ? 'attribute_not_exists(resends)' : 'resends = :before'}`,
      values: {
        ':resends': resends + 1,
        ':only': [secretSha256],
        ...(resends === 0 ? {} : { ':before': resends }),
      },
    });
  }

  /** Gives a request that was not used to a stand-in, who has one of their own; its link decides nothing any more. */
  giveAway(requestId: string, standIn: Approver): TransactWrite {
    return this.#updateRequest(requestId, {
      set: 'delegatedTo = :to',
      only: 'attribute_not_exists(decidedAt) AND attribute_not_exists(delegatedTo)',
      values: { ':to': { id: standIn.id, name: standIn.name, email: standIn.email } },
    });
  }

  /** Notes that the email did not arrive. */
  undelivered(requestId: string, what: NonNullable<RequestItem['undelivered']>): TransactWrite {
    return this.#updateRequest(requestId, {
      set: 'undelivered = :what',
      only: 'attribute_exists(pk)',
      values: { ':what': what },
    });
  }

  /** Changes who is asked at an open gate. */
  askOthers(gate: GateItem, approvers: GateItem['approvers']): TransactWrite {
    return this.#updateGate(gate, { approvers });
  }

  /** Counts a reminder and adds the digest of its link's secret, once for what was read. */
  remind({ requestId, reminders = 0 }: RequestItem, secretSha256: string): TransactWrite {
    return this.#updateRequest(requestId, {
      set: 'reminders = :tries, secretSha256s = list_append(secretSha256s, :more)',
      only: `attribute_not_exists(decidedAt) AND attribute_not_exists(remindedAt) AND ${reminders === 0 ? 'attribute_not_exists(reminders)' : 'reminders = :before'}`,
      values: {
        ':tries': reminders + 1,
        ':more': [secretSha256],
        ...(reminders === 0 ? {} : { ':before': reminders }),
      },
    });
  }

  /** Notes when somebody was reminded or told. */
  noted(requestId: string, what: 'remindedAt' | 'toldAt', at: string): TransactWrite {
    return this.#updateRequest(requestId, {
      set: `${what} = :at`,
      only: 'attribute_exists(pk)',
      values: { ':at': at },
    });
  }

  /** Counts one decision at a gate that is open and not expired at `decision.at`. */
  decide(gate: GateItem, decision: GateDecision, status: GateStatus): TransactWrite {
    const closed = status === 'open' ? {} : { status, closedAt: decision.at, closedSeq: decision.seq };
    return this.#updateGate(
      gate,
      { ...closed, decisions: [...gate.decisions, decision] },
      { expression: 'expiresAt > :at', values: { ':at': decision.at } },
    );
  }

  /** Closes an open gate by no person's decision. */
  closeGate(
    gate: GateItem,
    closed: {
      readonly status: Extract<GateStatus, 'expired' | 'void' | 'withdrawn'>;
      readonly reason: Reason;
      readonly at: string;
      readonly seq: number;
    },
  ): TransactWrite {
    const { status, reason, at, seq } = closed;
    const due = status === 'expired' ? { expression: 'expiresAt <= :at', values: { ':at': at } } : undefined;
    return this.#updateGate(gate, { status, reason, closedAt: at, closedSeq: seq }, due);
  }

  /** Counts a wait that ended although the gate was open. */
  countWait(
    gate: GateItem,
    counts: Pick<GateItem, 'forgedCallbacks' | 'failedRequests' | 'countedIssue'>,
  ): TransactWrite {
    return this.#updateGate(gate, counts);
  }

  gateIsOpen(gate: GateRef): TransactWrite {
    return {
      ConditionCheck: {
        TableName: this.#table,
        Key: { ...approvalKeys.gate(gate.promotionId, gate.stage, gate.round) },
        ConditionExpression: '#status = :open',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':open': 'open' },
      },
    };
  }

  /** Keeps the token of a new wait in place of the one of the wait before it, and of no later one. */
  newToken(item: TokenItem): TransactWrite {
    const key = approvalKeys.token(item.promotionId, item.stage, item.round);
    return {
      Put: {
        TableName: this.#table,
        Item: { ...key, ...item },
        ConditionExpression: 'attribute_not_exists(pk) OR issue = :before',
        ExpressionAttributeValues: { ':before': item.issue - 1 },
      },
    };
  }

  /** Notes that people were asked under this token, if it is still the newest. */
  tokenRequested(gate: GateRef, token: string, at: string): TransactWrite {
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.token(gate.promotionId, gate.stage, gate.round) },
        UpdateExpression: 'SET requestedAt = :at',
        ConditionExpression: '#token = :token',
        ExpressionAttributeNames: { '#token': 'token' },
        ExpressionAttributeValues: { ':at': at, ':token': token },
      },
    };
  }

  newRequest(item: RequestItem): TransactWrite {
    return this.#putNew(approvalKeys.request(item.requestId), item);
  }

  /** Adds the digest of one more secret to a request whose email was not sent yet. */
  addSecret(requestId: string, secretSha256: string): TransactWrite {
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.request(requestId) },
        UpdateExpression: 'SET secretSha256s = list_append(secretSha256s, :more)',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(sentAt)',
        ExpressionAttributeValues: { ':more': [secretSha256] },
      },
    };
  }

  requestSent(requestId: string, at: string): TransactWrite {
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.request(requestId) },
        UpdateExpression: 'SET sentAt = if_not_exists(sentAt, :at)',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': at },
      },
    };
  }

  /** Uses a request up; it can be used once. */
  useRequest(requestId: string, decision: Decision, at: string): TransactWrite {
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.request(requestId) },
        UpdateExpression: 'SET decision = :decision, decidedAt = :at',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(decidedAt)',
        ExpressionAttributeValues: { ':decision': decision, ':at': at },
      },
    };
  }

  #updateRequest(
    requestId: string,
    {
      set,
      only,
      values,
    }: { readonly set: string; readonly only: string; readonly values: Readonly<Record<string, unknown>> },
  ): TransactWrite {
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.request(requestId) },
        UpdateExpression: `SET ${set}`,
        ConditionExpression: `attribute_exists(pk) AND ${only}`,
        ExpressionAttributeValues: { ...values },
      },
    };
  }

  #updateGate(
    gate: GateItem,
    members: Partial<GateItem>,
    also?: { readonly expression: string; readonly values: Readonly<Record<string, unknown>> },
  ): TransactWrite {
    const entries = Object.entries({ ...members, revision: gate.revision + 1 });
    const conditions = ['#status = :open', '#revision = :read', ...(also ? [also.expression] : [])];
    return {
      Update: {
        TableName: this.#table,
        Key: { ...approvalKeys.gate(gate.promotionId, gate.stage, gate.round) },
        UpdateExpression: `SET ${entries.map((_, index) => `#m${index} = :m${index}`).join(', ')}`,
        ConditionExpression: conditions.join(' AND '),
        ExpressionAttributeNames: {
          '#status': 'status',
          '#revision': 'revision',
          ...Object.fromEntries(entries.map(([name], index) => [`#m${index}`, name])),
        },
        ExpressionAttributeValues: {
          ...(also?.values ?? {}),
          ':open': 'open',
          ':read': gate.revision,
          ...Object.fromEntries(entries.map(([, value], index) => [`:m${index}`, value])),
        },
      },
    };
  }

  #putNew(key: ItemKey, item: object): TransactWrite {
    return {
      Put: { TableName: this.#table, Item: { ...key, ...item }, ConditionExpression: 'attribute_not_exists(pk)' },
    };
  }
}
