/** The judges that can be asked about local files, and the tables that each takes. */
export const GATES = {
  offline: { required: ['rows', 'history'], optional: [] },
  shadow: { required: ['rows'], optional: [] },
  canary: { required: ['outcomes'], optional: ['ops', 'assignment'] },
  guard: { required: ['daily'], optional: [] },
} as const satisfies Record<string, { readonly required: readonly string[]; readonly optional: readonly string[] }>;

export type Gate = keyof typeof GATES;

export function isGate(name: string): name is Gate {
  return Object.hasOwn(GATES, name);
}

/** All tables that a gate takes. */
export function tablesOf(gate: Gate): readonly string[] {
  return [...GATES[gate].required, ...GATES[gate].optional];
}

/** One question to a judge: `inputs` are paths or texts by table, settings are as they were given. */
export interface GateQuestion {
  readonly gate: Gate;
  readonly inputs: Readonly<Record<string, string>>;
  readonly config: unknown;
  readonly state: unknown;
}
