import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { EVENT_SCHEMA_FILE, eventSchema, inputSchemas } from './input-schemas.ts';

const folder = new URL('../state-machines/', import.meta.url);
for (const [name, text] of inputSchemas()) {
  await writeFile(fileURLToPath(new URL(name, folder)), text);
}
await writeFile(fileURLToPath(new URL(`../${EVENT_SCHEMA_FILE}`, import.meta.url)), eventSchema());
