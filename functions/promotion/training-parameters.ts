import * as z from 'zod';

/** Tables hold numbers of every size that a training is set to, and none beyond. */
const number = z.number().refine((value) => value === 0 || (Math.abs(value) >= 1e-100 && Math.abs(value) <= 1e100), {
  message: 'The number is too large or too small to be kept.',
  params: { allowed: '0, or from 1e-100 to 1e100, with either sign' },
});

/** Parameters of a training, by name: what a person would compare from version to version. */
export const trainingParameters = z
  .record(z.string().trim().min(1).max(100), z.union([z.string().max(200), z.boolean(), number]))
  .refine((parameters) => Object.keys(parameters).length <= 100, {
    message: 'There are more parameters than anybody compares.',
    params: { allowed: 'at most 100' },
  });
