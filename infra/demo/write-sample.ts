import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { artifactBytes, BIASED, FIRST, GOOD, UNSTABLE } from './artifacts.ts';
import { demoCandidates } from './candidates.ts';
import { demandCsv, upTo } from './demand.ts';
import { smallestCategory } from './playable.ts';
import { demoPolicy } from './policy.ts';
import { generateRetailer, REPLAY_DAYS } from './retailer.ts';

/** Writes what a pipeline would hand in for a generated retailer, and the days to replay, to try the stack by hand. */
const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-') || more.length > 0) {
  console.error('Usage: npm run sample -- FOLDER');
  process.exitCode = 2;
} else {
  const { demand, history, backtests } = generateRetailer(1);
  const firstDay = demand.days - REPLAY_DAYS;
  const known = upTo(demand, firstDay - 1);
  const [, leaky] = demoCandidates({ known, kind: 'leaky', given: null });
  const files = {
    'demand.csv.gz': gzipSync(demandCsv(demand)),
    'policy.json': `${JSON.stringify(demoPolicy(smallestCategory(demand, firstDay)), null, 2)}\n`,
    'history.csv.gz': history,
    'backtest-1.0.0.csv.gz': backtests.first,
    'backtest-2.0.0.csv.gz': backtests.second,
    'backtest-biased.csv.gz': backtests.biased,
    'backtest-leaky.csv.gz': leaky?.backtest ?? '',
    'model-1.0.0.json': artifactBytes(FIRST),
    'model-2.0.0.json': artifactBytes(GOOD),
    'model-biased.json': artifactBytes(BIASED),
    'model-unstable.json': artifactBytes(UNSTABLE),
  };
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  console.log(`Written to ${folder}: ${Object.keys(files).join(', ')}`);
}
