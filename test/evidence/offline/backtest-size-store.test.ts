import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { shardsFor } from '../../../functions/evidence/offline/backtest-size-store.ts';
import { BACKTEST_HEADER, withFiles } from '../../fakes/backtest.ts';

/** A backtest of about so many bytes; its content does not matter here, but how well it packs does. */
function csv(bytes: number): string {
  const line = () => `2026-01-05,${randomBytes(12).toString('hex')},harbour,north,2026-01-06,1,10,9,8,fresh,,,\n`;
  return `${BACKTEST_HEADER}\n${Array.from({ length: Math.ceil(bytes / line().length) }, line).join('')}`;
}

const parts = (content: string | Uint8Array, aboveMb: number, most = 64) =>
  withFiles({ rows: content }, ({ rows = '' }) => shardsFor(rows, { aboveMb, most }));

describe('A backtest is summed', () => {
  const twoMegabytes = csv(2_000_000);

  it.each([
    [3, 1],
    [1.5, 2],
    [0.5, 5],
    [0.03, 64],
  ])('above %s MB in %i parts, when it has two', async (aboveMb, expected) => {
    expect(await parts(twoMegabytes, aboveMb)).toBe(expected);
  });

  it('in as many parts when it is compressed, as far as its start tells', async () => {
    const packed = gzipSync(twoMegabytes);
    expect(packed.length).toBeLessThan(900_000);
    expect(await parts(packed, 3)).toBe(1);
    expect(Math.abs((await parts(packed, 0.5)) - 5)).toBeLessThanOrEqual(1);
  });

  it('in two parts wherever a setting of nothing asks for parts', async () => {
    expect(await parts(`${BACKTEST_HEADER}\n`, 0)).toBe(2);
  });

  it('whole when it is nothing that could be split', async () => {
    expect(await parts('', 1)).toBe(1);
    expect(await parts('PAR1', 1)).toBe(1);
    expect(await parts(Uint8Array.of(0x1f, 0x8b, 8, 0), 1)).toBe(1);
    expect(await parts(randomBytes(100), 1)).toBe(1);
  });

  it('in parts when columns are packed: Parquet holds more rows in a megabyte', async () => {
    const parquet = Buffer.concat([Buffer.from('PAR1'), randomBytes(500_000), Buffer.from('PAR1')]);
    expect(await parts(parquet, 1)).toBeGreaterThan(1);
  });
});
