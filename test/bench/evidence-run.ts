import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { offlineConfig } from '../../functions/evidence/offline/offline-config.ts';
import { judgeOfflineFiles } from '../../functions/evidence/offline/offline-files-store.ts';

// One evaluation in a process of its own, with what a function of 1 GB gives to the data engine.
const [rows = '', history = ''] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'evidence-run-'));
try {
  const engine = { memoryMb: 524, threads: availableParallelism(), directory };
  const { overall } = await judgeOfflineFiles({ rows, history }, offlineConfig.parse({}), engine);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const answer = { rel_wape: overall.rel_wape, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 };
  console.log(JSON.stringify(answer));
} finally {
  await rm(directory, { recursive: true });
}
