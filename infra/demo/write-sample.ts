import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateRetailer } from './retailer.ts';

/** Writes what a pipeline would hand in for a generated retailer, to try the stack by hand. */
const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-') || more.length > 0) {
  console.error('Usage: npm run sample -- FOLDER');
  process.exitCode = 2;
} else {
  const { history, backtests } = generateRetailer(1);
  const files = {
    'history.csv.gz': history,
    'backtest-1.0.0.csv.gz': backtests.first,
    'backtest-2.0.0.csv.gz': backtests.second,
    'backtest-biased.csv.gz': backtests.biased,
    'model-1.0.0.json': '{"forecaster":"weekday-mean"}\n',
    'model-2.0.0.json': '{"forecaster":"smoothed-level"}\n',
  };
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  console.log(`Written to ${folder}: ${Object.keys(files).join(', ')}`);
}
