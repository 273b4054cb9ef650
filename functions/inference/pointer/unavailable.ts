import { type Reason, ReleaseError } from '../../platform/errors.ts';
import { LOOK_FAULTS, type LookFault } from './look-fault.ts';

/** What a reader without any document has tried. */
export interface Tried {
  readonly application: string;
  readonly model: string;
  readonly appConfig: LookFault;
  /** `off`: the reader was told to keep none. */
  readonly copy: { readonly state: 'none' | 'off' } | { readonly state: 'ignored'; readonly path: string };
  readonly bootstrap: { readonly state: 'none' } | { readonly state: 'refused'; readonly fault: LookFault };
}

/** There is no pointer: each source that was tried is a reason that says what it gave, and what to do. */
export function pointerUnavailable(tried: Tried): ReleaseError {
  const { model, appConfig } = tried;
  const reasons = [appConfigReason(tried), copyReason(tried), bootstrapReason(tried)];
  const message = `There is no pointer of ${model}: ${appConfig.code}, and neither a copy nor a bootstrap document.`;
  return new ReleaseError('POINTER_UNAVAILABLE', message, { reasons, details: { model, code: appConfig.code } });
}

function appConfigReason({ application, model, appConfig: { code, message } }: Tried): Reason {
  return { code, path: `appconfig:${application}/${model}`, message, next: LOOK_FAULTS[code].next };
}

function copyReason({ copy }: Tried): Reason {
  if (copy.state === 'ignored') {
    return {
      code: 'COPY_IGNORED',
      path: copy.path,
      message: 'The copy on disk is unreadable, too large, or not signed for this model with the known key.',
      next: 'Nothing: the first document that AppConfig serves replaces it. Delete it if it comes back.',
    };
  }
  const message =
    copy.state === 'off' ? 'The reader keeps no copy on disk.' : 'No earlier process left a copy on disk.';
  return {
    code: 'NO_COPY',
    message,
    next: 'Give the reader a folder that it may write and that outlives the process.',
  };
}

function bootstrapReason({ bootstrap }: Tried): Reason {
  if (bootstrap.state === 'refused') {
    const { code, message } = bootstrap.fault;
    return { code: 'BOOTSTRAP_REFUSED', path: 'bootstrap', message: `${code}: ${message}`, next: NEXT_BOOTSTRAP };
  }
  return { code: 'NO_BOOTSTRAP', path: 'bootstrap', message: 'No bootstrap document was given.', next: NEXT_BOOTSTRAP };
}

const NEXT_BOOTSTRAP = 'Ship a signed document of the model with the code, and give it to the reader as `bootstrap`.';
