import * as z from 'zod';

const KEY = /^[a-z][a-zA-Z\d_-]{0,63}$/;
const MAX_ATTRIBUTES = 25;

const key = z.string().regex(KEY);
const description = z.string().max(1024).optional();
const stamps = { _createdAt: z.string().optional(), _updatedAt: z.string().optional() };
const required = z.boolean().optional();
const ConstraintsSchema = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('string'),
      required,
      pattern: z.string().optional(),
      enum: z.array(z.string()).max(100).optional(),
    })
    .refine((given) => given.pattern === undefined || given.enum === undefined, 'has pattern or enum, not both'),
  z.strictObject({ type: z.literal('number'), required, minimum: z.int().optional(), maximum: z.int().optional() }),
  z.strictObject({ type: z.literal('boolean'), required }),
  z.strictObject({
    type: z.literal('array'),
    required,
    elements: z.looseObject({ type: z.enum(['string', 'number']) }),
  }),
]);
type Constraints = z.infer<typeof ConstraintsSchema>;
const AttributeSchema = z.strictObject({ description, constraints: ConstraintsSchema.optional() });
const FlagSchema = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  description,
  ...stamps,
  _deprecation: z.strictObject({ status: z.literal('planned'), date: z.iso.date().optional() }).optional(),
  attributes: z.record(key, AttributeSchema).optional(),
});
const AttributeValueSchema = z.union([
  z.string().max(1024),
  z.number(),
  z.boolean(),
  z.array(z.string()),
  z.array(z.number()),
]);
type AttributeValue = z.infer<typeof AttributeValueSchema>;
const ValueSchema = z.looseObject({ enabled: z.boolean(), ...stamps });
const DocumentSchema = z.strictObject({
  version: z.literal('1'),
  flags: z.record(key, FlagSchema).default({}),
  values: z.record(key, ValueSchema).default({}),
});
type FlagDocument = z.infer<typeof DocumentSchema>;
type Attributes = Readonly<Record<string, z.infer<typeof AttributeSchema>>>;

/** What is wrong with a document of type AWS.AppConfig.FeatureFlags by AWS's published rules; nothing when it is valid. */
export function flagFaults(content: string): readonly string[] {
  const document = DocumentSchema.safeParse(parse(content));
  if (!document.success) return document.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const { flags, values } = document.data;
  const defined = Object.entries(flags).flatMap(([name, flag]) => definitionFaults(name, flag.attributes ?? {}));
  const given = Object.entries(values).flatMap(([name, value]) => {
    const flag = flags[name];
    return flag === undefined
      ? [`values.${name}: is no flag`]
      : valueFaults(name, attributesOf(value), flag.attributes ?? {});
  });
  return [...defined, ...given];
}

/** A valid document as readers get it: definitions left out, attributes only of flags that are enabled. */
export function retrievalForm(content: string): string {
  const { flags, values }: FlagDocument = DocumentSchema.parse(parse(content));
  const served = Object.keys(flags).map((name) => {
    const value = values[name];
    return [name, value?.enabled ? { enabled: true, ...attributesOf(value) } : { enabled: false }];
  });
  return JSON.stringify(Object.fromEntries(served));
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function attributesOf(value: z.infer<typeof ValueSchema>): Record<string, unknown> {
  const { enabled: _enabled, _createdAt, _updatedAt, ...attributes } = value;
  return attributes;
}

function definitionFaults(flag: string, attributes: Attributes): readonly string[] {
  if (Object.keys(attributes).length <= MAX_ATTRIBUTES) return [];
  return [`flags.${flag}.attributes: at most ${MAX_ATTRIBUTES} attributes`];
}

function valueFaults(flag: string, values: Record<string, unknown>, attributes: Attributes): readonly string[] {
  const missing = Object.keys(attributes).filter(
    (name) => attributes[name]?.constraints?.required && !(name in values),
  );
  const wrong = Object.entries(values).flatMap(([name, given]) => {
    if (name === '_variants') return ['_variants: multi-variant flags do not run on this machine'];
    const attribute = attributes[name];
    if (attribute === undefined) return [`${name}: is no attribute of the flag`];
    const value = AttributeValueSchema.safeParse(given);
    if (!value.success) return [`${name}: must be a string of at most 1024 characters, a number, a boolean or a list`];
    const fault = constraintFault(value.data, attribute.constraints);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
  return [...missing.map((name) => `${name}: is required`), ...wrong].map((fault) => `values.${flag}.${fault}`);
}

function constraintFault(value: AttributeValue, constraints: Constraints | undefined): string | undefined {
  if (constraints === undefined) return undefined;
  const type = Array.isArray(value) ? 'array' : typeof value;
  if (type !== constraints.type) return `must be a ${constraints.type}`;
  if (constraints.type === 'number' && typeof value === 'number') {
    const { minimum = value, maximum = value } = constraints;
    return value < minimum || value > maximum ? `must be between ${minimum} and ${maximum}` : undefined;
  }
  if (constraints.type === 'string' && typeof value === 'string') {
    if (constraints.enum?.includes(value) === false) return `must be one of ${constraints.enum.join(', ')}`;
    const matches = constraints.pattern === undefined || new RegExp(constraints.pattern).test(value);
    return matches ? undefined : `must match ${constraints.pattern}`;
  }
  if (constraints.type !== 'array' || !Array.isArray(value)) return undefined;
  const { type: element } = constraints.elements;
  return value.some((item) => typeof item !== element) ? `must be a list of ${element}s` : undefined;
}
