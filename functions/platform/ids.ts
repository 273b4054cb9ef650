import * as z from 'zod';

/** The AppConfig environment in which rollbacks are rehearsed, shared by all models; nothing serves from it. */
export const DRILL_ENVIRONMENT = 'drill';

/** The chain of the ledger that holds what concerns no single model. */
export const STACK_CHAIN = 'stack';

/** What no model may be called. */
export const RESERVED_NAMES = [DRILL_ENVIRONMENT, STACK_CHAIN] as const;

/** A model's name. It is also the name of its AppConfig environment and profile, hence the narrow alphabet. */
export const modelName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'Expected 1 to 32 of a-z, 0-9 and hyphen, starting with a letter.')
  .refine((name) => !RESERVED_NAMES.some((reserved) => reserved === name), {
    message: `The names ${RESERVED_NAMES.join(' and ')} are reserved.`,
  });

export const versionName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.]{0,39}$/, 'Expected 1 to 40 of A-Z, a-z, 0-9 and dot, not starting with a dot.');

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 lower-case hexadecimal digits.');

/** Business date `YYYY-MM-DD`. */
export const businessDate = z.iso.date();

/** A segment as a request names it: `kind:value`, such as `tier:gold`. */
export const segmentName = z
  .string()
  .max(200)
  .regex(/^[^:\s][^:]*:.+$/, 'Expected kind:value.');

/** A version as part of an execution name, which allows no dots: they become hyphens. */
export function subjectOf(version: string): string {
  return version.replaceAll('.', '-');
}

export function promotionIdOf(model: string, version: string, attempt: number): string {
  return `${model}_${subjectOf(version)}_${attempt}`;
}

/** `<model>_<subject>_<attempt>`, at most 80 characters (the limit of an execution name); null when it is none. */
export function parsePromotionId(
  id: string,
): { readonly model: string; readonly subject: string; readonly attempt: number } | null {
  const match = /^([a-z][a-z0-9-]{0,31})_([A-Za-z0-9][A-Za-z0-9-]{0,39})_([1-9][0-9]{0,4})$/.exec(id);
  if (!match || id.length > 80) return null;
  const [, model = '', subject = '', attempt = ''] = match;
  return { model, subject, attempt: Number(attempt) };
}
