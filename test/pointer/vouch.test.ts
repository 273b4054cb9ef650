import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import type { PointerDocument, UnsignedDocument } from '../../functions/pointer/document.ts';
import { signDocument } from '../../functions/pointer/document.ts';
import { parseHosted } from '../../functions/pointer/flag.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { type VouchPorts, vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { ReleaseStage } from '../fakes/release-stage.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { RETURNING, unsignedDocument } from './fixtures.ts';

let tables: Tables;
let stage: ReleaseStage;
/** Hosted version of a document that may go out now: approved, intended, not deployed yet. */
let forward: number;

beforeAll(async () => {
  tables = await startTables();
  stage = new ReleaseStage(tables, 'demand');
  await stage.onboard();
  await stage.promote('1.0');
  const id = await stage.candidate('2.0');
  await prepareReturn(stage.returnPorts(), id, stage.now());
  stage.appConfig.broken = new Error('AppConfig is down.');
  await expect(movePointer(stage.movePorts(), id)).rejects.toThrow('AppConfig is down.');
  forward = stage.appConfig.versions.length;
});
afterAll(() => tables.stop());

async function refusal(ports: VouchPorts, event: unknown): Promise<string | undefined> {
  const veto = await vouchDeployment(ports, event);
  expect(Object.keys(veto ?? {})).not.toContain('Content');
  return veto?.Details[0]?.Name;
}

async function forwardDocument(): Promise<PointerDocument> {
  const parsed = parseHosted(await stage.appConfig.hostedContent('', forward));
  if (!parsed.ok) throw new Error('The forward document is unreadable.');
  return parsed.value;
}

/** The event for a document made by hand, signed with the real key. */
async function byHand(members: Partial<UnsignedDocument>, base?: UnsignedDocument, model = 'demand'): Promise<unknown> {
  const { signature: _, ...rest } = { signature: '', ...(base ?? unsignedDocument()) };
  const document = await signDocument(stage.key.sign, model, { ...rest, ...members });
  return stage.appConfig.event(stage.appConfig.hostByHand(document));
}

const registry = () => stage.vouching.registry;
function withRegistry(members: Partial<VouchPorts['registry']>): VouchPorts {
  const { intent, run, version, killSwitch, model } = {
    intent: registry().intent.bind(registry()),
    run: registry().run.bind(registry()),
    version: registry().version.bind(registry()),
    killSwitch: registry().killSwitch.bind(registry()),
    model: registry().model.bind(registry()),
  };
  return { ...stage.vouching, registry: { intent, run, version, killSwitch, model, ...members } };
}

function withEntries(change: (entry: ReadEntry) => ReadEntry | null): VouchPorts {
  const { ledger } = stage.vouching;
  const read = async (model: string, seq: number) => {
    const entry = await ledger.read(model, seq);
    return entry === null ? null : change(entry);
  };
  return { ...stage.vouching, ledger: { read } };
}

describe('Vouching for a document that goes forward', () => {
  it('lets it start when decision and approval stand in the ledger, and answers nothing', async () => {
    expect(await vouchDeployment(stage.vouching, await stage.appConfig.event(forward))).toBeUndefined();
  });

  it('refuses one without a decision, although it is signed', async () => {
    expect(await refusal(stage.vouching, await byHand({ revision: 99 }, await forwardDocument()))).toBe('NO_INTENT');
  });

  it.each([
    [
      'registry and ledger do not answer',
      () => withRegistry({ intent: () => Promise.reject(new Error('down')) }),
      'PROOF_UNAVAILABLE',
    ],
    ['the entry of the decision is gone', () => withEntries(() => null), 'INTENT_NOT_PROVEN'],
    [
      'the entry of the decision was altered',
      () => withEntries((entry) => ({ ...entry, row: { ...entry.row, body: `${entry.row.body} ` } })),
      'INTENT_NOT_PROVEN',
    ],
    [
      'the entry of the decision is signed by another key',
      () => ({ ...stage.vouching, ledgerPublicKeyPem: createTestKey().publicKeyPem }),
      'INTENT_NOT_PROVEN',
    ],
    [
      'the approval is gone',
      () => withEntries((entry) => (entry.body.type === 'approval-decided' ? null : entry)),
      'APPROVAL_NOT_PROVEN',
    ],
    ['the run is unknown', () => withRegistry({ run: async () => null }), 'RUN_ENDED'],
    ['the version is unknown', () => withRegistry({ version: async () => null }), 'UNKNOWN_VERSION'],
    [
      'the version was withdrawn meanwhile',
      () =>
        withRegistry({
          version: async (model, version) => {
            const item = await registry().version(model, version);
            return item === null ? null : { ...item, status: 'withdrawn' };
          },
        }),
      'VERSION_WITHDRAWN',
    ],
    [
      'its run is over',
      () =>
        withRegistry({
          run: async (model, id) => {
            const run = await registry().run(model, id);
            return run === null ? null : { ...run, end: 'rolled-back' };
          },
        }),
      'RUN_ENDED',
    ],
  ])('refuses it when %s', async (_what, ports, code) => {
    expect(await refusal(ports(), await stage.appConfig.event(forward))).toBe(code);
  });

  it('refuses the document of a promotion that has ended, deployed again by hand', async () => {
    const [, old] = stage.appConfig.deployments;
    expect(await refusal(stage.vouching, await stage.appConfig.event(old?.hostedVersion ?? 0))).toBe('RUN_ENDED');
  });

  it('refuses another document under an intent that was copied to its digest', async () => {
    const document = await forwardDocument();
    const ports = withRegistry({
      intent: async (model, documentSha256) => {
        const { promotionId } = document;
        const all: number[] = [];
        for await (const { body } of stage.ledger.entries(model)) {
          if (body.type === 'pointer-move-intended') all.push(body.seq);
        }
        return { model, documentSha256, promotionId, ledgerSeq: all.at(-1) ?? 0, at: '' };
      },
    });
    expect(await refusal(ports, await byHand({ canaryVersion: '3.0' }, document))).toBe('INTENT_DIFFERS');
  });
});

describe('Vouching for a document to go back to', () => {
  it('lets it start when its version is retained or serves', async () => {
    const event = await byHand({ ...RETURNING, productionVersion: '1.0' });
    expect(await vouchDeployment(stage.vouching, event)).toBeUndefined();
  });

  it('lets it start when the registry is broken, so that a rollback works', async () => {
    const ports = withRegistry({ version: () => Promise.reject(new Error('down')) });
    expect(await vouchDeployment(ports, await byHand({ ...RETURNING, productionVersion: '1.0' }))).toBeUndefined();
  });

  it('lets it start when the registry does not answer in time', async () => {
    const ports = withRegistry({ version: () => new Promise(() => {}) });
    expect(await vouchDeployment(ports, await byHand({ ...RETURNING, productionVersion: '1.0' }))).toBeUndefined();
  });

  it('lets the safe forecast serve without asking anybody', async () => {
    const ports = withRegistry({ version: () => Promise.reject(new Error('must not be asked')) });
    const event = await byHand({ ...RETURNING, productionVersion: '', fallback: 'seasonal-naive' });
    expect(await vouchDeployment(ports, event)).toBeUndefined();
  });

  it('refuses a version that was withdrawn', async () => {
    const withdrawn = withRegistry({
      version: async (model, version) => {
        const item = await registry().version(model, version);
        return item === null ? null : { ...item, status: 'withdrawn' };
      },
    });
    const event = await byHand({ ...RETURNING, productionVersion: '1.0' });
    expect(await refusal(withdrawn, event)).toBe('VERSION_WITHDRAWN');
  });

  it('refuses a version that was never promoted, or is unknown', async () => {
    expect(await refusal(stage.vouching, await byHand({ ...RETURNING, productionVersion: '2.0' }))).toBe(
      'NEVER_PROMOTED',
    );
    expect(await refusal(stage.vouching, await byHand({ ...RETURNING, productionVersion: '7.0' }))).toBe(
      'NEVER_PROMOTED',
    );
  });
});

describe('Vouching for anything else', () => {
  it('refuses a document that was signed for another model', async () => {
    const event = await byHand({ ...RETURNING, productionVersion: '1.0' }, undefined, 'demand-eu');
    expect(await refusal(stage.vouching, event)).toBe('SIGNATURE_INVALID');
  });

  it('refuses an unsigned document, saying so in the form that AppConfig takes for a veto', async () => {
    const document = { ...unsignedDocument({ ...RETURNING, productionVersion: '1.0' }), signature: 'bm9uZQ==' };
    const event = await stage.appConfig.event(stage.appConfig.hostByHand(document));
    expect(await vouchDeployment(stage.vouching, event)).toEqual({
      Error: 'BadRequestError',
      Message: 'SIGNATURE_INVALID: It is not signed as a document of demand. Got: revision 3.',
      Details: [
        {
          Type: 'NotVouched',
          Name: 'SIGNATURE_INVALID',
          Reason: 'It is not signed as a document of demand. Got: revision 3.',
        },
      ],
    });
  });

  it('refuses a document whose version was changed after it was signed', async () => {
    const signed = await signDocument(stage.key.sign, 'demand', unsignedDocument(RETURNING));
    const event = await stage.appConfig.event(stage.appConfig.hostByHand({ ...signed, productionVersion: '1.0' }));
    expect(await refusal(stage.vouching, event)).toBe('SIGNATURE_INVALID');
  });

  it('refuses a content that is no pointer document', async () => {
    expect(await refusal(stage.vouching, await stage.appConfig.event(stage.appConfig.hostByHand('{}')))).toBe(
      'NOT_A_POINTER',
    );
  });

  it("refuses a model's document in the environment of another", async () => {
    const event = { ...(await stage.appConfig.event(forward)), Environment: { Id: 'env2', Name: 'demand-eu' } };
    expect(await refusal(stage.vouching, event)).toBe('WRONG_PLACE');
  });

  it('refuses a deployment of another application', async () => {
    const event = { ...(await stage.appConfig.event(forward)), Application: { Id: 'app2', Name: 'model-release' } };
    expect(await refusal(stage.vouching, event)).toBe('WRONG_PLACE');
  });

  it('refuses an event that it does not know', async () => {
    expect(await refusal(stage.vouching, { Type: 'PreStartDeployment' })).toBe('UNKNOWN_EVENT');
    expect(await refusal(stage.vouching, undefined)).toBe('UNKNOWN_EVENT');
  });
});
