import * as z from 'zod';

const key = z.string().regex(/^[a-z][a-zA-Z\d_-]{0,63}$/);
const description = z.string().max(1024).optional();
const stamps = { _createdAt: z.string().optional(), _updatedAt: z.string().optional() };
const required = z.boolean().optional();
const constraintsSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('string'), required, enum: z.array(z.string()).max(100).optional() }),
  z.strictObject({ type: z.literal('number'), required, minimum: z.int().optional(), maximum: z.int().optional() }),
  z.strictObject({ type: z.literal('boolean'), required }),
  z.strictObject({
    ...{ type: z.literal('array'), required },
    elements: z.looseObject({ type: z.enum(['string', 'number']) }),
  }),
]);
type Constraints = z.infer<typeof constraintsSchema>;
const flagSchema = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  description,
  ...stamps,
  attributes: z
    .record(key, z.strictObject({ description, constraints: constraintsSchema.optional() }))
    .refine((attributes) => Object.keys(attributes).length <= 25, 'at most 25 attributes')
    .default({}),
});
const documentSchema = z.strictObject({
  version: z.literal('1'),
  flags: z.record(key, flagSchema).default({}),
  values: z.record(key, z.looseObject({ enabled: z.boolean(), ...stamps })).default({}),
});
type FlagDocument = z.infer<typeof documentSchema>;

const anyValue = z.union([z.string().max(1024), z.number(), z.boolean(), z.array(z.string()), z.array(z.number())]);

/** What is wrong with a document of type AWS.AppConfig.FeatureFlags by AWS's published rules; nothing when it is valid. */
export function flagFaults(content: string): readonly string[] {
  const document = documentSchema.safeParse(parse(content));
  const checked = document.success ? valuesOf(document.data).safeParse(document.data) : document;
  return (checked.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** A valid document as readers get it: definitions left out, attributes only of flags that are enabled. */
export function retrievalForm(content: string): string {
  const { flags, values }: FlagDocument = documentSchema.parse(parse(content));
  const served = Object.keys(flags).map((name) => {
    const { enabled = false, _createdAt, _updatedAt, ...attributes } = values[name] ?? {};
    return [name, enabled ? { enabled, ...attributes } : { enabled }];
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

/** The schema that the definitions of a document make for its values. */
function valuesOf({ flags }: FlagDocument): z.ZodType {
  const values = Object.entries(flags).map(([name, { attributes }]) => {
    const members = Object.entries(attributes).map(([attribute, { constraints }]) => {
      const value = constraints === undefined ? anyValue : constrained(constraints);
      return [attribute, constraints?.required ? value : value.optional()] as const;
    });
    const value = z.strictObject({ enabled: z.boolean(), ...stamps, ...Object.fromEntries(members) });
    return [name, value.optional()] as const;
  });
  return z.looseObject({ values: z.strictObject(Object.fromEntries(values)) });
}

function constrained(constraints: Constraints): z.ZodType {
  switch (constraints.type) {
    case 'string':
      return constraints.enum === undefined ? z.string().max(1024) : z.enum(constraints.enum);
    case 'number': {
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = constraints;
      return z.number().min(minimum).max(maximum);
    }
    case 'boolean':
      return z.boolean();
    case 'array':
      return z.array(constraints.elements.type === 'string' ? z.string() : z.number());
  }
}
