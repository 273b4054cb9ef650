import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Rows of a backtest in one format, and the demand history that goes with them. */
export interface EvidenceFiles {
  readonly rows: string;
  readonly history: string;
}

const DAYS = { history: 112, origins: 4, horizon: 28 };

/**
 * Writes a made-up backtest of so many rows as CSV and as Parquet: series of ten shops, four origins, 28 days ahead, and a
 * history of as many rows. The same number gives the same rows.
 */
export async function writeEvidence(
  directory: string,
  rows: number,
): Promise<Readonly<Record<'csv' | 'parquet', EvidenceFiles>>> {
  const instance = await DuckDBInstance.create(':memory:', {
    ...{ memory_limit: '2GB', temp_directory: join(directory, 'spill'), preserve_insertion_order: 'true' },
  });
  const connection = await instance.connect();
  const files = (format: string) => ({
    rows: join(directory, `rows-${rows}.${format}`),
    history: join(directory, `history-${rows}.${format}`),
  });
  const [csv, parquet] = [files('csv'), files('parquet')];
  try {
    for (const statement of demand(Math.round(rows / DAYS.origins / DAYS.horizon))) await connection.run(statement);
    for (const table of ['rows', 'history'] as const) {
      await connection.run(`COPY ${table} TO '${csv[table]}' (FORMAT csv, HEADER)`);
      await connection.run(`COPY ${table} TO '${parquet[table]}' (FORMAT parquet)`);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return { csv, parquet };
}

function demand(series: number): readonly string[] {
  const last = DAYS.history + DAYS.origins * DAYS.horizon;
  const origin = `DATE '2025-09-01' + CAST(${DAYS.history - 1} + ${DAYS.horizon} * ((d - ${DAYS.history}) // ${DAYS.horizon}) AS INTEGER)`;
  return [
    `CREATE MACRO uniform(a, b, k) AS (hash(a * 1000003 + b, k) % 1000000 + 1) / 1000001.0`,
    `CREATE VIEW series AS SELECT i, 'SKU_' || lpad(CAST(i // 10 AS VARCHAR), 5, '0') AS sku, 'ST' || lpad(CAST(i % 10 AS VARCHAR), 2, '0') AS store,
      ['north', 'south', 'east', 'west'][1 + i % 10 % 4] AS region, ['FRESH', 'DRY', 'FROZEN'][1 + i // 10 % 3] AS category,
      exp(4.0 * (hash(i) % 1000) / 1000.0 - 1.5) AS level FROM range(${series}) t(i)`,
    `CREATE VIEW days AS SELECT *, CASE WHEN uniform(i, d, 1) < 0.25 THEN 0
      ELSE CAST(round(level * (1 + 0.3 * sin(2 * pi() * d / 7)) * -ln(uniform(i, d, 2))) AS INTEGER) END AS units FROM series, range(${last}) r(d)`,
    `CREATE VIEW history AS SELECT sku, store, DATE '2025-09-01' + CAST(d AS INTEGER) AS date, units FROM days WHERE d < ${DAYS.history}`,
    `CREATE VIEW rows AS SELECT ${origin} AS origin_date, sku, store, region, category, DATE '2025-09-01' + CAST(d AS INTEGER) AS target_date,
      1 + (d - ${DAYS.history}) % ${DAYS.horizon} AS horizon, units AS actual, round(level * (0.6 + 0.5 * uniform(i, d, 5)), 4) AS candidate,
      round(level * (0.5 + uniform(i, d, 4)), 4) AS baseline, ${origin} AS trained_through FROM days WHERE d >= ${DAYS.history}`,
  ];
}
