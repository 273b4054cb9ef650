import { gateItem } from './items.ts';

/** Attributes of a gate's item, and of nothing else that lies beside it: the console's role may ask for these alone. */
export const GATE_ATTRIBUTES: readonly string[] = ['pk', 'sk', ...Object.keys(gateItem.shape)];
