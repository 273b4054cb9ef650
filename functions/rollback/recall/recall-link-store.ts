import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LinkStore } from '../../approval/link-store.ts';
import { approvalKeys } from '../../platform/keys.ts';
import { type RecallLink, recallLink } from './recall-item.ts';

/** The links of recalls. */
export class RecallLinkStore extends LinkStore<RecallLink> {
  constructor(client: DynamoDBDocumentClient, table: string) {
    super(client, table, { schema: recallLink, key: approvalKeys.recallLink, what: 'A link of a recall' });
  }
}
