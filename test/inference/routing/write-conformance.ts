import { writeFile } from 'node:fs/promises';
import { CONFORMANCE_FOLDER, conformanceFiles } from './conformance-files.ts';

for (const [name, text] of conformanceFiles()) await writeFile(new URL(name, CONFORMANCE_FOLDER), text);
