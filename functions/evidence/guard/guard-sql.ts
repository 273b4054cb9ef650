/** Text columns of a file of daily rows; those after the sixth may be absent. */
export const DAILY_TEXTS = [
  ...(['date', 'abs_err', 'comparator_abs_err', 'invalid', 'rows', 'expected_rows'] as const),
  ...(['comparator_invalid', 'comparator_rows', 'input_psi', 'input_psi_critical'] as const),
] as const;

/** `daily`: the rows of a file, parsed; numbers that are none, or are not finite, are null. Uses the macros of cells. */
export const READ_DAILY = `
CREATE TEMP TABLE daily AS
SELECT CAST(cell_date(cell_text("date")) AS VARCHAR) AS "date",
  ${number('abs_err', 'absError')}, ${number('comparator_abs_err', 'comparatorAbsError')}, ${number('invalid')}, ${number('rows')},
  ${number('expected_rows', 'expectedRows')}, ${number('comparator_invalid', 'comparatorInvalid')},
  ${number('comparator_rows', 'comparatorRows')}, ${number('input_psi', 'inputPsi')}, ${number('input_psi_critical', 'inputPsiCritical')}
FROM daily_file`;

export const DAILY = 'SELECT * FROM daily';

function number(column: string, name: string = column): string {
  const value = `cell_number(cell_text("${column}"))`;
  return `CASE WHEN isfinite(${value}) THEN ${value} END AS "${name}"`;
}
