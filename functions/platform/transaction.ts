import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';

/** One write of a transaction, in the document client's form. Stores build them; `ledger.append` carries them out. */
export type TransactWrite = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
