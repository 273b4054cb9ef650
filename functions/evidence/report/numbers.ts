import { sentence } from '../../platform/sentence.ts';
import type { Measured } from './gate-report.ts';

/** What stands for a number that is undefined. */
export const UNDEFINED = '–';

/** Grouped by thousands, with at most `digits` decimals: `12,345.6`. A number below the last digit is 0. */
export function plainNumber(value: number, digits = 0): string {
  const [whole = '', part = ''] = Math.abs(value).toFixed(digits).split('.');
  const decimals = part.replace(/0+$/, '');
  const text = `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${decimals === '' ? '' : `.${decimals}`}`;
  return value < 0 && text !== '0' ? `−${text}` : text;
}

/** A count, or an amount in units. */
export function counted(value: Measured | undefined, digits = 0): string {
  return written(value, (number) => plainNumber(number, digits));
}

/** A share as percent: `12.3 %`. */
export function percentOf(value: Measured | undefined, digits = 1): string {
  return written(value, (share) => `${fixed(share * 100, digits)} %`);
}

/** A change as percent, with its sign: `+12.3 %`. */
export function signedPercentOf(value: Measured | undefined, digits = 1): string {
  return written(value, (share) => `${withSign(share * 100, digits)} %`);
}

/** A difference of two shares, in percentage points. */
export function pointsOf(value: Measured | undefined, digits = 2): string {
  return written(value, (share) => `${withSign(share * 100, digits)} pp`);
}

/** A ratio or a standardised number: `1.042`. */
export function ratioOf(value: Measured | undefined, digits = 3): string {
  return written(value, (ratio) => fixed(ratio, digits));
}

/** A p value: four decimals, and no more than is believed below that. */
export function probabilityOf(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNDEFINED;
  if (value < 0.0001) return '< 0.0001';
  return value > 0.9999 ? '> 0.9999' : value.toFixed(4);
}

/** `paired_rows` as `Paired rows`. */
export function words(name: string): string {
  return sentence(name.replaceAll('_', ' '));
}

function written(value: Measured | undefined, write: (number: number) => string): string {
  if (value === null || value === undefined) return UNDEFINED;
  if (value === 'inf') return 'unbounded';
  if (value === '-inf') return '−unbounded';
  return write(value);
}

function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function withSign(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}
