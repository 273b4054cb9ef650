import { constants, gunzipSync } from 'node:zlib';

/** What a table file is by its content; names and endings are not looked at. */
export interface TableFormat {
  readonly kind: 'csv' | 'parquet';
  readonly gzip: boolean;
  /** Column names of a CSV header in order; empty for Parquet, whose names stand at the end of the file. */
  readonly columns: readonly string[];
  /** True when a CSV has nothing but its header within the bytes looked at. */
  readonly headerOnly: boolean;
}

/** Bytes at the start of a file that are enough to tell what it is and to read its header. */
export const HEAD_BYTES = 65_536;

const PARQUET_MAGIC = Buffer.from('PAR1');

/** Tells a table file by its first bytes (HEAD_BYTES of them are enough). Null: neither CSV nor Parquet. */
export function sniffTable(bytes: Uint8Array): TableFormat | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, HEAD_BYTES));
  const gzip = isGzip(head);
  const content = gzip ? gunzipHead(head) : head;
  if (content === null || content.length === 0) return null;
  if (startsWith(content, PARQUET_MAGIC)) return { kind: 'parquet', gzip, columns: [], headerOnly: false };
  return sniffCsv(content, gzip);
}

function sniffCsv(content: Buffer, gzip: boolean): TableFormat | null {
  const end = content.indexOf(0x0a);
  const line = decodeUtf8(end < 0 ? content : content.subarray(0, end));
  if (line === null || hasControlCharacter(line)) return null;
  const rest = end < 0 ? '' : content.subarray(end + 1).toString('latin1');
  return { kind: 'csv', gzip, columns: splitHeader(line.replace(/\r$/, '')), headerOnly: rest.trim() === '' };
}

/** What can be inflated of a file of which only the start is at hand; null when that is not gzip. */
function gunzipHead(head: Buffer): Buffer | null {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return null;
  }
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function hasControlCharacter(line: string): boolean {
  return [...line].some((character) => character < ' ' && character !== '\t' && character !== '\r');
}

function splitHeader(line: string): readonly string[] {
  const names = line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? [];
  // The pattern matches the empty end of the line once more, unless the line itself ends in a comma.
  const cells = line.endsWith(',') ? names : names.slice(0, -1);
  return cells.map((cell) => cell.replace(/,$/, '').trim()).map(unquote);
}

function unquote(cell: string): string {
  return cell.startsWith('"') && cell.endsWith('"') && cell.length > 1 ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** True when the bytes end as a Parquet file does; without that its index is cut off. */
export function endsAsParquet(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-4).equals(PARQUET_MAGIC);
}
