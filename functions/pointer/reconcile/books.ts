import type { Ledger } from '../../ledger/ledger.ts';
import { AcceptedBook } from './accepted.ts';

/** What the ledger has of each chain; kept between looks, so that each reads only the entries that came since. */
export function keepBooks(ledger: Pick<Ledger, 'entries'>): (chain: string) => Promise<AcceptedBook> {
  const books = new Map<string, AcceptedBook>();
  return async (chain) => {
    const book = books.get(chain) ?? new AcceptedBook();
    books.set(chain, book);
    for await (const { body } of ledger.entries(chain, { fromSeq: book.seq + 1 })) book.add(body);
    return book;
  };
}
