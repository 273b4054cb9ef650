import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import * as z from 'zod';
import { ReleaseError } from '../../platform/errors.ts';
import type { TableColumn } from './cell-sql.ts';
import { missingColumns, type TableName, unreadable } from './inspect-backtest.ts';
import { HEAD_BYTES, isGzip, sniffTable, type TableFormat } from './table-file.ts';

/** What the data engine may take of the function that it runs in. */
export interface EngineSettings {
  readonly memoryMb: number;
  readonly threads: number;
  /** A directory of this run alone; tables that do not fit into memory are spilled to it. */
  readonly directory: string;
}

/** A table file as it is read in SQL. */
export interface TableSource {
  readonly source: string;
  /** By name. */
  readonly columns: ReadonlyMap<string, TableColumn>;
}

/** Held per thread. The engine's default of eight times as much is no faster. */
const CSV_BUFFER_BYTES = 4_000_000;

/** Share of its memory in use from which on the engine had better hold tables compressed. */
const TIGHT = 0.25;

/** How many files one statement names. */
const FILES_AT_ONCE = 500;

/** An in-memory DuckDB over local files. It never fetches anything: no remote files, no extensions. */
export class DuckdbStore {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #memoryMb: number;
  readonly #directory: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, settings: EngineSettings) {
    this.#instance = instance;
    this.#connection = connection;
    this.#memoryMb = settings.memoryMb;
    this.#directory = settings.directory;
  }

  static async open(settings: EngineSettings): Promise<DuckdbStore> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${settings.memoryMb}MB`,
      threads: String(settings.threads),
      temp_directory: `${settings.directory}/spill`,
      preserve_insertion_order: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new DuckdbStore(instance, await instance.connect(), settings);
  }

  /**
   * From here on tables, but for TEMP ones, are made where `compressWhenTight` can compress them: an eighth of the memory,
   * for a tenth more of work.
   */
  async useCompressedTables(): Promise<void> {
    await this.run("ATTACH ':memory:' AS compressed (COMPRESS)");
    await this.run('USE compressed');
    // Left to itself the engine would compress now and then, whether it has to or not.
    await this.run("SET checkpoint_threshold = '1TB'");
  }

  async compressWhenTight(): Promise<void> {
    const [used] = await this.rows(
      'SELECT CAST(sum(memory_usage_bytes) AS DOUBLE) AS bytes FROM duckdb_memory()',
      z.object({ bytes: z.number() }),
    );
    if ((used?.bytes ?? 0) > TIGHT * this.#memoryMb * 1e6) await this.run('CHECKPOINT compressed');
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async rows<T>(sql: string, row: z.ZodType<T>): Promise<readonly T[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return z.array(row).parse(reader.getRowObjectsJS());
  }

  /** As `rows`, of many: a tuple of columns takes a fraction of the time and memory that objects do. */
  async columns<T>(sql: string, columns: z.ZodType<T>): Promise<T> {
    const reader = await this.#connection.runAndReadAll(sql);
    const found = reader.getColumnsJS();
    // Of no rows the engine answers no columns either.
    return columns.parse(found.length > 0 ? found : Array.from({ length: reader.columnCount }, () => []));
  }

  /** Adds rows of text to a table that has as many text columns. */
  async appendTexts(table: string, rows: Iterable<readonly string[]>): Promise<void> {
    const appender = await this.#connection.createAppender(table);
    for (const row of rows) {
      for (const text of row) appender.appendVarchar(text);
      appender.endRow();
    }
    appender.closeSync();
  }

  /**
   * Adds the records of gzipped NDJSON files to a table of text columns, by name. A line that is no JSON object becomes a
   * row of nulls. The files have to be whole: the engine does not notice where one is cut off.
   */
  async appendJsonLines(table: string, columns: readonly string[], paths: readonly string[]): Promise<void> {
    const types = columns.map((column) => `${literal(column)}: 'VARCHAR'`).join(', ');
    for (let at = 0; at < paths.length; at += FILES_AT_ONCE) {
      const files = paths
        .slice(at, at + FILES_AT_ONCE)
        .map(literal)
        .join(', ');
      await this.run(`INSERT INTO ${table} SELECT ${columns.map((column) => `"${column}"`).join(', ')}
        FROM read_json([${files}], format = 'newline_delimited', compression = 'gzip', ignore_errors = true, columns = {${types}})`);
    }
  }

  /**
   * Makes `view` of the named columns of a file, all of them text (null where the file has no such column). Values are not
   * looked at: a CSV that breaks off later fails the first query over the view, see `reading`.
   * @throws ReleaseError UNUSABLE_EVIDENCE with all faults
   */
  async openTable(file: {
    readonly table: TableName;
    readonly path: string;
    readonly view: string;
    readonly columns: readonly string[];
  }): Promise<void> {
    const { source, columns } = await this.tableSource(file);
    const picked = file.columns.map((name) => `CAST(${columns.get(name)?.sql ?? 'NULL'} AS VARCHAR) AS ${name}`);
    await this.run(`CREATE TEMP VIEW ${file.view} AS SELECT ${picked.join(', ')} FROM ${source}`);
  }

  /**
   * How a file is read in SQL, and its columns. What the file is is told by its content; every cell of a CSV is text.
   * @throws ReleaseError UNUSABLE_EVIDENCE when it is no table, or lacks columns: all of them at once
   */
  async tableSource(file: { readonly table: TableName; readonly path: string }): Promise<TableSource> {
    const path = await this.#inflate(file);
    const format = sniffTable(await readHead(path));
    if (format === null || format.gzip) throw unusable([unreadable(file.table, 'other content')]);
    const csv = format.kind === 'csv';
    const source = csv ? csvSource(path, format) : parquetSource(path);
    const present = csv
      ? format.columns.map((name, index) => [name, { sql: `c${index}`, type: 'VARCHAR' }] as const)
      : await this.#columnsOf(file.table, source);
    const faults = missingColumns(
      file.table,
      present.map(([name]) => name),
    );
    if (faults.length > 0) throw unusable(faults);
    // A further column of a name that is there already is not looked at.
    return { source, columns: new Map(present.toReversed()) };
  }

  /**
   * Runs a statement that reads a file; what is wrong in the file becomes UNUSABLE_EVIDENCE, every other failure stays
   * what it is.
   */
  async reading(table: TableName, sql: string): Promise<void> {
    try {
      await this.run(sql);
    } catch (cause) {
      const fault = faultInFile(cause);
      if (fault === null) throw cause;
      throw unusable([unreadable(table, fault)], cause);
    }
  }

  /**
   * The path of the file's content without gzip, in the engine's own directory: that of the file may be somebody else's. The
   * engine could inflate while reading, but takes a gzip file that is cut off for a whole one; here length and checksum are
   * verified.
   */
  async #inflate(file: { readonly table: TableName; readonly path: string }): Promise<string> {
    if (!isGzip(await readHead(file.path))) return file.path;
    const plain = join(this.#directory, `${file.table}-${basename(file.path)}.plain`);
    try {
      await pipeline(createReadStream(file.path), createGunzip(), createWriteStream(plain));
    } catch (cause) {
      if (!isInflateError(cause)) throw cause;
      throw unusable([unreadable(file.table, 'a gzip file that is damaged or cut off')], cause);
    }
    return plain;
  }

  async #columnsOf(table: TableName, source: string): Promise<readonly (readonly [string, TableColumn])[]> {
    const column = z.object({ column_name: z.string(), column_type: z.string() });
    try {
      const described = await this.rows(`DESCRIBE SELECT * FROM ${source}`, column);
      return described.map(({ column_name, column_type }) => [
        column_name,
        { sql: `"${column_name.replaceAll('"', '""')}"`, type: column_type },
      ]);
    } catch (cause) {
      throw unusable([unreadable(table, 'a damaged Parquet file')], cause);
    }
  }
}

function isInflateError(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_');
}

/** Columns are named by position here, so that no text of a file becomes part of a statement. */
function csvSource(path: string, format: TableFormat): string {
  const columns = format.columns.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  return `read_csv(${literal(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
    compression = 'none', buffer_size = ${CSV_BUFFER_BYTES}, columns = {${columns}})`;
}

/** Writers of old left the mark out that tells text from bytes. */
function parquetSource(path: string): string {
  return `read_parquet(${literal(path)}, binary_as_string = true)`;
}

/** A text as SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What the engine found wrong in the file, in our words: its own text quotes paths and rows. Null: not the file's fault. */
function faultInFile(cause: unknown): string | null {
  const text = cause instanceof Error ? cause.message : '';
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line !== undefined) return `a fault in line ${line}: wrong number of values, an open quote, or not UTF-8`;
  return /parquet|thrift|utf-?8|Invalid Input Error/i.test(text) ? 'content that breaks off or is damaged' : null;
}

function unusable(reasons: ReleaseError['reasons'], cause?: unknown): ReleaseError {
  return new ReleaseError('UNUSABLE_EVIDENCE', 'The evidence cannot be read.', { reasons, cause });
}
