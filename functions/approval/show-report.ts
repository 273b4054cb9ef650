import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { isReleaseError } from '../platform/errors.ts';
import { type FindRequestPorts, findRequest, type Link } from './find-request.ts';
import { unknownLinkPage } from './outcome-page.ts';
import { messagePage, PAGE_HEADERS } from './page-frame.ts';
import { reportPages } from './report-pages.ts';

export interface ShowReportPorts extends FindRequestPorts {
  readonly evidence: Pick<EvidenceStore, 'read'>;
}

export interface ReportAnswer {
  readonly status: 200 | 404 | 409;
  readonly page: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Headers of a report page. It was written by a gate, perhaps of an earlier release, and demands by itself that nothing
 * but its own style is applied; whatever it contains, it runs no script, loads nothing, and is framed by nobody.
 */
export const REPORT_HEADERS: Readonly<Record<string, string>> = {
  ...PAGE_HEADERS,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox",
};

/**
 * A report page of one of the run's gates, for whoever holds a link to its approval: the bytes that were recorded, or
 * none. The same answer for an unknown id, a wrong secret and an unknown report. Changes nothing.
 */
export async function showReport(ports: ShowReportPorts, link: Link, name: string): Promise<ReportAnswer> {
  const found = await findRequest(ports, link);
  const page = found === null ? undefined : reportPages(found.run).find((one) => one.name === name);
  if (page === undefined) return { status: 404, page: unknownLinkPage(), headers: PAGE_HEADERS };
  try {
    const bytes = await ports.evidence.read(page.object);
    return { status: 200, page: bytes.toString('utf8'), headers: REPORT_HEADERS };
  } catch (error) {
    if (!isReleaseError(error, 'DIGEST_MISMATCH') && !isReleaseError(error, 'NOT_FOUND')) throw error;
    const lines = [
      'What lies in the evidence bucket is missing, or is not the report that was recorded. Do not approve.',
    ];
    return { status: 409, page: messagePage('This report cannot be trusted', lines), headers: PAGE_HEADERS };
  }
}
