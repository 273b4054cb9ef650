import * as z from 'zod';
import { releaseEvent } from '../functions/change/events/release-event.ts';
import { drillInput } from '../functions/drill/drill-input.ts';
import { killSwitchInput } from '../functions/kill-switch/input.ts';
import { promotionInput } from '../functions/promotion/input.ts';
import { changeInput } from '../functions/registry/change-input.ts';
import { rollbackInput } from '../functions/rollback/input.ts';

const INPUTS = {
  onboarding: changeInput,
  promotion: promotionInput,
  rollback: rollbackInput,
  'kill-switch': killSwitchInput,
  drill: drillInput,
} as const;

/** Where the schema of events is kept, from the project's root. */
export const EVENT_SCHEMA_FILE = 'functions/change/events/release-event.schema.json';

/**
 * The JSON Schema of what topic and bus of events tell, for systems in other languages. It lets members pass that it does not
 * know: a later release may add some without a new version.
 */
export function eventSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(releaseEvent, { io: 'input', reused: 'ref' }), null, 2)}\n`;
}

/**
 * The JSON Schema of each state machine's input, for pipelines in other languages, by file name. Generated from the types
 * that parse the input, which also check what a schema cannot say.
 */
export function inputSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(INPUTS).map(([machine, type]) => [
      `${machine}.input.schema.json`,
      `${JSON.stringify(z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }), null, 2)}\n`,
    ]),
  );
}
