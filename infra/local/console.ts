import type { LambdaHost } from './lambda/lambda-host.ts';
import type { Service, ServiceResponse } from './service.ts';

/** Where the console is found; below it, each model by its name. */
export const CONSOLE_PATH = '/console';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
const ADDRESS = /^(?:\/([a-z][a-z0-9-]{0,31}))?\/?$/;

/**
 * Stands for the dashboard on one machine: what the stack's function answers to a custom widget, as a page. As with all that
 * is asked here without a signature, whoever is on this machine may look.
 */
export function createConsole({
  host,
  functionName,
}: {
  readonly host: Pick<LambdaHost, 'invoke'>;
  readonly functionName: string;
}): Service {
  return {
    handle: async ({ method, path }): Promise<ServiceResponse> => {
      if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: PLAIN, body: 'Only GET and HEAD.' };
      const address = ADDRESS.exec(path);
      if (address === null) return { status: 404, headers: PLAIN, body: 'There is no such page.' };
      const model = address[1] ?? '';
      const { functionError, payload } = await host.invoke(functionName, { base: CONSOLE_PATH, model });
      if (functionError !== undefined || typeof payload !== 'string') {
        return { status: 502, headers: PLAIN, body: 'The function did not answer; its log says why.' };
      }
      return { status: 200, headers: HEADERS, body: documentOf(model, payload) };
    },
  };
}

/** A document around what a widget shows. The name is one of letters, digits and hyphens. */
function documentOf(model: string, body: string): string {
  const title = model === '' ? 'Model releases' : `${model}, model releases`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>body{margin:0}.rc{min-height:100vh}</style></head>
<body>${body}</body></html>
`;
}
