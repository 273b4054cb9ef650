import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type PointerEvent,
  PointerReader,
  type PointerReaderOptions,
} from '../../../functions/inference/pointer/pointer-reader-store.ts';
import type { PointerDocument, UnsignedDocument } from '../../../functions/pointer/document.ts';
import { servedContent } from '../../../functions/pointer/flag.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';

const key = createTestKey();
const data = mockClient(AppConfigDataClient);
let at = 0;
let events: PointerEvent[] = [];

beforeEach(() => {
  data.reset();
  at = 0;
  events = [];
  data.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'first' });
});

function reader(options: Partial<PointerReaderOptions> = {}): PointerReader {
  return new PointerReader({
    client: new AppConfigDataClient({ region: 'eu-west-1' }),
    application: 'model-release',
    model: 'demand',
    publicKeyPem: key.publicKeyPem,
    now: () => new Date(at * 1000),
    onEvent: (event) => events.push(event),
    refreshTimeoutMs: 50,
    firstTimeoutMs: 50,
    ...options,
  });
}

function answer(content: PointerDocument | string, token = 'next') {
  const text = typeof content === 'string' ? content : servedContent(content);
  const Configuration = Object.assign(new TextEncoder().encode(text), { transformToString: () => text });
  return { Configuration, NextPollConfigurationToken: token };
}

const documentOf = (members: Partial<UnsignedDocument> = {}) => signedDocument(key, members);
const looks = () => data.commandCalls(GetLatestConfigurationCommand).length;
const sessions = () => data.commandCalls(StartConfigurationSessionCommand).length;
const kinds = () => events.map(({ kind }) => kind);

function badToken(): Error {
  return Object.assign(new Error('Token is no good.'), { name: 'BadRequestException' });
}

describe('A pointer reader', () => {
  it('answers the document that AppConfig serves', async () => {
    const document = await documentOf();
    data.on(GetLatestConfigurationCommand).resolves(answer(document));
    expect(await reader().current()).toEqual(document);
    expect(data.commandCalls(StartConfigurationSessionCommand)[0]?.args[0].input).toEqual({
      ApplicationIdentifier: 'model-release',
      EnvironmentIdentifier: 'demand',
      ConfigurationProfileIdentifier: 'demand',
    });
  });

  it('asks nobody while the document is fresh', async () => {
    data.on(GetLatestConfigurationCommand).resolves(answer(await documentOf()));
    const pointer = reader({ pollSeconds: 15 });
    for (at = 0; at < 15; at++) await pointer.current();
    expect(looks()).toBe(1);
  });

  it('looks again with the token of the last answer, in the same session', async () => {
    const [first, second] = [await documentOf(), await documentOf({ revision: 4, productionVersion: '2.0' })];
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(first))
      .resolvesOnce(answer(''))
      .resolves(answer(second));
    const pointer = reader({ pollSeconds: 15 });
    await pointer.current();
    at = 15;
    expect(await pointer.current()).toEqual(first);
    at = 30;
    expect(await pointer.current()).toEqual(second);
    expect(sessions()).toBe(1);
    expect(
      data.commandCalls(GetLatestConfigurationCommand).map(({ args }) => args[0].input.ConfigurationToken),
    ).toEqual(['first', 'next', 'next']);
  });

  it('counts each move, and says when an older revision came back', async () => {
    const [old, young] = [
      await documentOf({ revision: 3 }),
      await documentOf({ revision: 5, productionVersion: '2.0' }),
    ];
    data.on(GetLatestConfigurationCommand).resolvesOnce(answer(young)).resolvesOnce(answer(old));
    const pointer = reader();
    await pointer.current();
    at = 60;
    expect(await pointer.current()).toEqual(old);
    expect(events).toEqual([
      { kind: 'moved', from: null, to: 5, backward: false },
      { kind: 'moved', from: 5, to: 3, backward: true },
    ]);
  });

  it.each([
    ['unsigned', async () => ({ ...(await documentOf({ revision: 9 })), signature: 'bm9uZQ==' }), 'SIGNATURE_INVALID'],
    ['signed for another model', () => signedDocument(key, { revision: 9 }, 'other'), 'SIGNATURE_INVALID'],
    ['no document at all', async () => '{"pointer":{"enabled":false}}', 'NOT_A_POINTER'],
  ])('keeps the last good document when the new one is %s', async (_what, bad, reason) => {
    const good = await documentOf();
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(good))
      .resolvesOnce(answer(await bad()))
      .resolves(answer(''));
    const pointer = reader();
    await pointer.current();
    at = 60;
    expect(await pointer.current()).toEqual(good);
    expect(events.at(-1)).toEqual({ kind: 'refused', reason });
    at = 120;
    expect(await pointer.current()).toEqual(good);
  });

  it('serves the last good document while AppConfig hangs, and looks again soon', async () => {
    const good = await documentOf();
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(good))
      .callsFakeOnce(() => new Promise(() => {}));
    const pointer = reader({ pollSeconds: 15, retrySeconds: 5 });
    await pointer.current();
    at = 15;
    expect(await pointer.current()).toEqual(good);
    expect(kinds()).toEqual(['moved', 'unreachable']);
    at = 19;
    await pointer.current();
    expect(looks()).toBe(2);
    data.on(GetLatestConfigurationCommand).resolves(answer(await documentOf({ revision: 4 })));
    at = 20;
    expect(await pointer.current()).toMatchObject({ revision: 4 });
  });

  it('has no document, and throws nothing, until AppConfig answers for the first time', async () => {
    data.on(StartConfigurationSessionCommand).rejects(new Error('No route.'));
    const pointer = reader();
    expect(await pointer.current()).toBeNull();
    expect(events).toEqual([{ kind: 'unreachable', reason: 'Error: No route.', staleSeconds: 0 }]);
  });

  it('starts a new session when its token is no good any more', async () => {
    const [first, second] = [await documentOf(), await documentOf({ revision: 4 })];
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(first))
      .rejectsOnce(badToken())
      .resolvesOnce(answer(second, 'newer'));
    const pointer = reader();
    await pointer.current();
    at = 60;
    expect(await pointer.current()).toEqual(second);
    expect(sessions()).toBe(2);
  });

  it('shares one look among calls at the same time', async () => {
    const document = await documentOf();
    data.on(GetLatestConfigurationCommand).resolves(answer(document));
    const pointer = reader();
    expect(await Promise.all([pointer.current(), pointer.current(), pointer.current()])).toEqual(
      Array(3).fill(document),
    );
    expect(looks()).toBe(1);
  });

  it('takes nothing from an answer that came too late', async () => {
    const [good, late] = [await documentOf(), await documentOf({ revision: 4 })];
    let answerLate = (): void => {};
    const slow = new Promise((resolve) => {
      answerLate = () => resolve(answer(late, 'late'));
    });
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(good))
      .callsFakeOnce(() => slow)
      .resolves(answer(late));
    const pointer = reader();
    await pointer.current();
    at = 60;
    await pointer.current();
    answerLate();
    await slow;
    expect(await pointer.current()).toEqual(good);
    at = 120;
    expect(await pointer.current()).toEqual(late);
    const tokens = data.commandCalls(GetLatestConfigurationCommand).map(({ args }) => args[0].input.ConfigurationToken);
    expect(tokens).not.toContain('late');
  });

  it('looks at each call when it may not serve an old document at all', async () => {
    data.on(GetLatestConfigurationCommand).resolves(answer(''));
    const pointer = reader({ pollSeconds: 0 });
    for (let call = 0; call < 3; call++) await pointer.current();
    expect(looks()).toBe(3);
    expect(sessions()).toBe(1);
  });

  it('looks again when the clock was set back, for it cannot tell how old its document is', async () => {
    data
      .on(GetLatestConfigurationCommand)
      .resolvesOnce(answer(await documentOf()))
      .resolves(answer(await documentOf({ revision: 4 })));
    const pointer = reader({ pollSeconds: 15 });
    at = 100_000;
    await pointer.current();
    at = 50;
    expect(await pointer.current()).toMatchObject({ revision: 4 });
    at = 60;
    await pointer.current();
    expect(looks()).toBe(2);
  });

  it('says how long AppConfig has not answered, while the last good document serves', async () => {
    const good = await documentOf();
    data.on(GetLatestConfigurationCommand).resolvesOnce(answer(good)).rejects(new Error('No route.'));
    const pointer = reader({ pollSeconds: 15, retrySeconds: 5 });
    await pointer.current();
    for (at = 15; at <= 400; at += 5) expect(await pointer.current()).toEqual(good);
    expect(events.at(-1)).toEqual({ kind: 'unreachable', reason: 'Error: No route.', staleSeconds: 400 });
    data.reset();
    data.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'again' });
    data.on(GetLatestConfigurationCommand).resolvesOnce(answer('')).rejects(new Error('No route.'));
    await pointer.current();
    at = 420;
    await pointer.current();
    expect(events.at(-1)).toMatchObject({ staleSeconds: 15 });
  });

  it('has a document as soon as there is one', async () => {
    const gone = Object.assign(new Error('No such environment.'), { name: 'ResourceNotFoundException' });
    data.on(StartConfigurationSessionCommand).rejectsOnce(gone).resolves({ InitialConfigurationToken: 'first' });
    data.on(GetLatestConfigurationCommand).resolves(answer(await documentOf()));
    const pointer = reader({ retrySeconds: 5 });
    expect(await pointer.current()).toBeNull();
    at = 4;
    expect(await pointer.current()).toBeNull();
    expect(sessions()).toBe(1);
    at = 5;
    expect(await pointer.current()).toMatchObject({ revision: 3 });
  });

  it('has no document while the first that is served is not signed with its key', async () => {
    data.on(GetLatestConfigurationCommand).resolves(answer({ ...(await documentOf()), signature: 'bm9uZQ==' }));
    expect(await reader().current()).toBeNull();
    expect(kinds()).toEqual(['refused']);
  });

  it('keeps the last good document when even a new session gives no token that is good', async () => {
    const good = await documentOf();
    data.on(GetLatestConfigurationCommand).resolvesOnce(answer(good)).rejects(badToken());
    const pointer = reader();
    await pointer.current();
    at = 60;
    expect(await pointer.current()).toEqual(good);
    expect(kinds()).toEqual(['moved', 'unreachable']);
    expect(looks()).toBe(3);
  });

  it('serves on when whoever counts its events fails', async () => {
    const document = await documentOf();
    data.on(GetLatestConfigurationCommand).resolves(answer(document));
    const onEvent = () => {
      throw new Error('The counter is broken.');
    };
    expect(await reader({ onEvent }).current()).toEqual(document);
  });
});
