import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type ConfigName, OPTIONAL_CONFIG } from '../../functions/platform/config.ts';
import type { FunctionSpec } from '../function-spec.ts';
import { FUNCTIONS, type FunctionName } from '../functions.ts';
import type { AccessTargets } from './access-targets.ts';
import { pascalCase } from './names.ts';
import { PublicKeys } from './public-keys.ts';
import { ReleaseFunction } from './release-function.ts';

/** The two settings that a function of the stack itself reads at deploy. */
type PublicKeyName = 'POINTER_PUBLIC_KEY' | 'LEDGER_PUBLIC_KEY';

export interface ReleaseFunctionsProps {
  readonly code: (spec: FunctionSpec) => Code;
  readonly targets: AccessTargets;
  readonly environment: Readonly<Record<Exclude<ConfigName, PublicKeyName>, string>>;
  readonly signingKey: IKey;
  readonly ledgerKey: IKey;
  /** Whether people sign in; what is for that alone is left out where they do not. */
  readonly signIn: boolean;
}

/** Every function of `infra/functions.ts`, each with what its entry there names and nothing else. */
export class ReleaseFunctions extends Construct {
  readonly #made = new Map<FunctionName, ReleaseFunction>();

  constructor(scope: Construct, id: string, props: ReleaseFunctionsProps) {
    super(scope, id);
    const add = (spec: FunctionSpec & { readonly name: FunctionName }, all: Partial<Record<ConfigName, string>>) => {
      const made = new ReleaseFunction(this, pascalCase(spec.name), {
        spec,
        code: props.code(spec),
        environment: environmentOf(spec, all),
        targets: props.targets,
      });
      this.#made.set(spec.name, made);
    };
    const [reader, ...others] = FUNCTIONS.toSorted((a) => (a.name === 'public-key' ? -1 : 0));
    if (reader === undefined) throw new Error('infra/functions.ts is empty.');
    add(reader, props.environment);
    const keys = new PublicKeys(this, 'PublicKeys', {
      reader: this.named(reader.name).fn,
      signing: props.signingKey,
      ledger: props.ledgerKey,
    });
    const environment = {
      ...props.environment,
      POINTER_PUBLIC_KEY: keys.pointerPem,
      LEDGER_PUBLIC_KEY: keys.ledgerPem,
    };
    for (const spec of others) if (props.signIn || !isForSignIn(spec)) add(spec, environment);
  }

  named(name: FunctionName): ReleaseFunction {
    const made = this.#made.get(name);
    if (made === undefined) throw new Error(`The function ${name} is not part of the stack yet.`);
    return made;
  }
}

function isForSignIn({ onlyWithSignIn = false }: FunctionSpec): boolean {
  return onlyWithSignIn;
}

function environmentOf(spec: FunctionSpec, all: Partial<Record<ConfigName, string>>): Record<string, string> {
  return Object.fromEntries(
    spec.config.flatMap((name) => {
      const value = all[name];
      if (value === '' && OPTIONAL_CONFIG.includes(name)) return [];
      if (value === undefined || value === '')
        throw new Error(`${spec.name} reads ${name}, which the stack leaves empty.`);
      return [[name, value]];
    }),
  );
}
