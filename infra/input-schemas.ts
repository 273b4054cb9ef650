import * as z from 'zod';
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
