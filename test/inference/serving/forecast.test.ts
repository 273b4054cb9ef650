import { describe, expect, it } from 'vitest';
import { predictionRecord } from '../../../functions/inference/log/prediction.ts';
import type { Forecaster } from '../../../functions/inference/predictors/forecaster.ts';
import { Cohort } from '../../../functions/inference/routing/cohort.ts';
import { cohortOf } from '../../../functions/inference/routing/router.ts';
import { forecast } from '../../../functions/inference/serving/forecast.ts';
import { forecastEvent } from '../../../functions/inference/serving/forecast-event.ts';
import { always, CANARY, documentOf, eventOf, LOGGED, NOW, requestOf, type Scene, SHADOW, stand } from '../stand.ts';

const ask = async (scene: Scene, event: object = eventOf()) => {
  const made = stand(scene);
  return { ...made, answer: await forecast(made.ports, forecastEvent.parse(event), 'lambda-request') };
};
const shadowing = documentOf(SHADOW);
const EVERYONE = documentOf({ ...CANARY, canaryPercentage: 100 });
const throwing: Forecaster = () => {
  throw new Error('No price.');
};
const sleeping: Forecaster = () => new Promise(() => {});

describe('A batch of forecasts', () => {
  it('is answered in the order of the requests, then of the days', async () => {
    const { answer } = await ask({});
    expect(answer.revision).toBe(3);
    expect(answer.forecasts.map(({ sku, targetDate }) => `${sku} ${targetDate}`)).toEqual([
      ...['milk 2026-03-02', 'milk 2026-03-03', 'bread 2026-03-02', 'bread 2026-03-03'],
      ...['salt 2026-03-02', 'salt 2026-03-03'],
    ]);
    expect(answer.forecasts[0]).toEqual({
      ...{ sku: 'milk', store: 'harbour', targetDate: '2026-03-02' },
      ...{ units: 11, version: '1.1.0', arm: 'production' },
    });
  });

  it('is for the days of the calendar, across the end of a year and a leap day', async () => {
    const dates = async (asOf: string) => {
      const { answer } = await ask({}, eventOf({ asOf, requests: [requestOf('milk')] }));
      return answer.forecasts.map(({ targetDate }) => targetDate);
    };
    expect(await dates('2025-12-31')).toEqual(['2026-01-01', '2026-01-02']);
    expect(await dates('2028-02-28')).toEqual(['2028-02-29', '2028-03-01']);
  });

  it('gives a version what it was asked, features and all', async () => {
    const seen: object[] = [];
    const curious: Forecaster = (request) => {
      seen.push(request);
      return [1, 2];
    };
    const requests = [requestOf('milk', { features: { price: 2 } })];
    await ask({ versions: { '1.1.0': curious } }, eventOf({ requests }));
    const wanted = { sku: 'milk', store: 'harbour', asOf: '2026-03-01', horizonDays: 2, features: { price: 2 } };
    expect(seen).toMatchObject([{ ...wanted, history: [1, 2, 3, 4, 5, 6, 7] }]);
  });

  it('is logged whole: each forecast as one valid record', async () => {
    const requests = [requestOf('milk', { segments: ['tier:gold'] })];
    const { batches } = await ask({ document: shadowing, versions: { '2.0.0': always(20) } }, eventOf({ requests }));
    expect(batches).toHaveLength(1);
    expect(batches[0]).toMatchObject({ model: 'demand', asOf: '2026-03-01', requestId: 'day-60', revision: 3 });
    const records = batches[0]?.records ?? [];
    expect(records.map((record) => predictionRecord.parse(record))).toEqual(records);
    expect(records.filter(({ horizonDays }) => horizonDays === 2)).toEqual(
      (['production', 'shadow'] as const).map((arm) => ({
        ...{ at: NOW.toISOString(), model: 'demand', version: arm === 'shadow' ? '2.0.0' : '1.1.0', arm },
        ...{ sku: 'milk', store: 'harbour', region: 'north', category: 'fresh', segments: ['tier:gold'] },
        ...{ targetDate: '2026-03-03', horizonDays: 2, units: arm === 'shadow' ? 20 : 11 },
        ...{ revision: 3, promotionId: 'demand_1-1-0_1', requestId: 'day-60' },
      })),
    );
  });

  it('is logged under the id of the invocation when it has none', async () => {
    const { requestId: _, ...event } = eventOf();
    const { batches } = await ask({}, event);
    expect(batches[0]?.requestId).toBe('lambda-request');
    expect(batches[0]?.records[0]?.requestId).toBe('lambda-request');
  });
});

describe('Without a pointer', () => {
  it('the safe forecast serves under revision 0, is logged, and a signal tells', async () => {
    const { answer, told, signals, batches } = await ask({ document: null });
    expect(answer.revision).toBe(0);
    expect(answer.forecasts.map(({ units, version, arm }) => [units, version, arm])).toEqual(
      [1, 2, 1, 2, 1, 2].map((units) => [units, 'seasonal-naive', 'fallback']),
    );
    expect(told()).toEqual(['milk', 'bread', 'salt'].map((sku) => `${sku} fallback seasonal-naive 1`));
    expect(batches[0]?.records[0]).toMatchObject({ revision: 0, promotionId: '' });
    expect(signals).toEqual([['POINTER_UNAVAILABLE', { model: 'demand', forecasts: 6 }]]);
  });
});

describe('During shadow', () => {
  const misbehaving: readonly (readonly [string, Forecaster | undefined, unknown])[] = [
    ['forecasts something else', always(99), 99],
    ['throws', throwing, null],
    ['rejects', () => Promise.reject(new Error('No route.')), null],
    ['says NaN', always(Number.NaN), 'NaN'],
    ['says infinity', always(Number.POSITIVE_INFINITY), 'Infinity'],
    ['says negative numbers', always(-3), -3],
    ['says too few values', () => [], null],
    ['cannot be loaded', undefined, null],
  ];

  it.each(misbehaving)(
    'the answer is byte for byte that without a candidate when it %s',
    async (_what, version, units) => {
      const versions = version === undefined ? {} : { '2.0.0': version };
      const alone = await ask({ document: documentOf() });
      const beside = await ask({ document: shadowing, versions });
      expect(JSON.stringify(beside.answer)).toBe(JSON.stringify(alone.answer));
      expect(beside.told()).toEqual(
        ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} production 1.1.0 11`, `${sku} shadow 2.0.0 ${units}`]),
      );
    },
  );

  it.each([
    ['missing', throwing, { missing: 6, negative: 0, nonFinite: 0, code: 'Error' }],
    ['negative', always(-1), { missing: 0, negative: 6, nonFinite: 0 }],
    ['not finite', always(Number.NaN), { missing: 0, negative: 0, nonFinite: 6 }],
  ])('a signal counts the forecasts that are %s', async (_what, version, counts) => {
    const { signals, measured } = await ask({ document: shadowing, versions: { '2.0.0': version } });
    expect(signals).toEqual([['SHADOW_FAILED', { model: 'demand', version: '2.0.0', ...counts }]]);
    const { missing, negative, nonFinite } = counts;
    expect(measured).toEqual([
      { version: '1.1.0', asked: 6, missing: 0, invalid: 0 },
      { version: '2.0.0', asked: 6, missing, invalid: negative + nonFinite },
      { version: '1.1.0', answerMs: 0 },
    ]);
  });

  it('a candidate that cannot be loaded is told once, by its cause', async () => {
    const { signals, measured } = await ask({ document: shadowing });
    expect(signals).toEqual([
      ['MODEL_NOT_LOADED', { model: 'demand', version: '2.0.0', code: 'NOT_FOUND', forecasts: 6 }],
    ]);
    expect(measured).toContainEqual({ version: '2.0.0', asked: 6, missing: 6, invalid: 0 });
  });

  it('a candidate is not even asked once its bound has passed', async () => {
    const { told, signals } = await ask({ document: documentOf({ ...SHADOW, shadowUntil: NOW.toISOString() }) });
    expect(told()).toEqual(['milk', 'bread', 'salt'].map((sku) => `${sku} production 1.1.0 11`));
    expect(signals).toEqual([]);
  });

  it('what a slow candidate has not finished is handed over with what it has, and not logged by halves', async () => {
    const slowFor: Forecaster = (request) => (request.sku === 'bread' ? new Promise(() => {}) : [20, 21]);
    const alone = await ask({ document: documentOf() });
    const { answer, told, handedOver, signals, counts } = await ask({
      document: shadowing,
      versions: { '2.0.0': slowFor },
    });
    expect(JSON.stringify(answer)).toBe(JSON.stringify(alone.answer));
    expect(told()).toEqual(['milk', 'bread', 'salt'].map((sku) => `${sku} production 1.1.0 11`));
    expect(handedOver).toHaveLength(1);
    expect(handedOver[0]).toMatchObject({
      ...{ model: 'demand', version: '2.0.0', asOf: '2026-03-01', horizonDays: 2, requestId: 'day-60' },
      ...{ at: NOW.toISOString(), revision: 3, promotionId: 'demand_1-1-0_1' },
      requests: [{ sku: 'bread' }],
    });
    expect(handedOver[0]?.known.map(({ sku, arm, units }) => `${sku} ${arm} ${units}`)).toEqual([
      ...['milk shadow 20', 'milk shadow 21', 'salt shadow 20', 'salt shadow 21'],
    ]);
    expect(counts).toEqual([['SHADOW_HANDED_OVER', 2]]);
    expect(signals).toEqual([]);
  });

  it('a version that a process meets for the first time has more time, since it has to be fetched and made then', async () => {
    const slow: Forecaster = async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return [20, 20];
    };
    const budgets = { productionMs: 2_000, candidateMs: 1, firstCandidateMs: 20_000 };
    const scene = (isFirstMet: boolean): Scene => {
      return { document: shadowing, versions: { '2.0.0': slow }, ports: { budgets, isFirstMet: () => isFirstMet } };
    };
    expect((await ask(scene(true))).told()).toContain('milk shadow 2.0.0 20');
    expect((await ask(scene(false))).handedOver).toHaveLength(1);
  });

  it('what nobody takes is dropped with a signal that counts it', async () => {
    const ports = { handOverShadow: async () => false };
    const { signals } = await ask({ document: shadowing, versions: { '2.0.0': sleeping }, ports });
    expect(signals).toEqual([
      ['SHADOW_DROPPED', { model: 'demand', version: '2.0.0', requestId: 'day-60', forecasts: 6 }],
    ]);
  });

  it('what cannot be read now is left to others, what is not ours is missing', async () => {
    const failing = (isFinal: boolean) => {
      const { ports } = stand({ document: shadowing });
      const fetch = async () => ({ ok: false, code: 'TIMED_OUT', isFinal }) as const;
      return ask({ document: shadowing, ports: { models: { ...ports.models, fetch } } });
    };
    const [later, never] = [await failing(false), await failing(true)];
    expect(later.handedOver[0]?.requests.map(({ sku }) => sku)).toEqual(['milk', 'bread', 'salt']);
    expect(never.handedOver).toEqual([]);
    expect(never.told()).toContain('milk shadow 2.0.0 null');
    for (const { signals } of [later, never]) expect(signals.map(([name]) => name)).toEqual(['MODEL_NOT_LOADED']);
  });

  it('production and candidate are asked at the same time', async () => {
    const together = Promise.withResolvers<number[]>();
    let asked = 0;
    const waiting: Forecaster = () => {
      asked += 1;
      if (asked === 2) together.resolve([1, 1]);
      return together.promise;
    };
    const event = eventOf({ requests: [requestOf('milk')] });
    const { told } = await ask({ document: shadowing, versions: { '1.1.0': waiting, '2.0.0': waiting } }, event);
    expect(told()).toEqual(['milk production 1.1.0 1', 'milk shadow 2.0.0 1']);
  });

  it('of a first candidate, the safe forecast serves', async () => {
    const document = documentOf({ ...SHADOW, productionVersion: '', fallback: 'seasonal-naive' });
    const { told } = await ask({ document, versions: { '2.0.0': always(20) } });
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} fallback seasonal-naive 1`, `${sku} shadow 2.0.0 20`]),
    );
  });
});

describe('During a canary', () => {
  const requests = Array.from({ length: 60 }, (_, index) =>
    requestOf(`sku-${index}`, index % 5 === 0 ? { category: 'medicine' } : {}),
  );
  const document = documentOf({ ...CANARY, excludedSegments: ['category:medicine'] });
  const versions = { '2.0.0': always(20) };

  it('only units of the cohort get the candidate, and both versions are in the log for every unit', async () => {
    const { answer, told } = await ask({ document, versions }, eventOf({ requests, horizonDays: 1 }));
    const drawn = requests.map((request) => new Cohort(cohortOf(document)).has({ ...request, segments: [] }));
    expect(answer.forecasts.map(({ arm }) => arm)).toEqual(drawn.map((is) => (is ? 'canary' : 'production')));
    expect(answer.forecasts.filter(({ version }) => version === '2.0.0').length).toBeGreaterThan(10);
    expect(told()).toEqual(
      requests.flatMap(({ sku }, index) =>
        drawn[index]
          ? [`${sku} canary 2.0.0 20`, `${sku} shadow 1.1.0 11`]
          : [`${sku} production 1.1.0 11`, `${sku} shadow 2.0.0 20`],
      ),
    );
  });

  it('no unit of an excluded segment gets it, at no percentage', async () => {
    const everyone = documentOf({ ...CANARY, canaryPercentage: 100, excludedSegments: ['category:medicine'] });
    const { answer } = await ask({ document: everyone, versions }, eventOf({ requests, horizonDays: 1 }));
    expect(answer.forecasts.map(({ arm }) => arm)).toEqual(
      requests.map(({ category }) => (category === 'medicine' ? 'production' : 'canary')),
    );
  });

  it('a request that leaves an excluded kind open gets production', async () => {
    const { category: _, ...open } = requestOf('milk');
    const everyone = documentOf({ ...CANARY, canaryPercentage: 100, excludedSegments: ['category:medicine'] });
    const { answer } = await ask({ document: everyone, versions }, eventOf({ requests: [open] }));
    expect(answer.forecasts.map(({ arm }) => arm)).toEqual(['production', 'production']);
  });

  it('nobody gets it at 0 %, and it forecasts nothing', async () => {
    const { told } = await ask({ document: documentOf({ ...CANARY, canaryPercentage: 0 }), versions });
    expect(told()).toEqual(['milk', 'bread', 'salt'].map((sku) => `${sku} production 1.1.0 11`));
  });

  it('nobody gets it past its bound', async () => {
    const expired = documentOf({ ...CANARY, canaryPercentage: 100, canaryUntil: NOW.toISOString() });
    const { told } = await ask({ document: expired, versions });
    expect(told()).toEqual(['milk', 'bread', 'salt'].map((sku) => `${sku} production 1.1.0 11`));
  });

  it.each([
    ['throws', throwing, null],
    ['sleeps', sleeping, null],
    ['says NaN', always(Number.NaN), 'NaN'],
    ['says negative numbers', always(-3), -3],
    ['says too few values', () => [], null],
    ['cannot be loaded', undefined, null],
  ] as const)('production serves where the candidate %s', async (_what, version, units) => {
    const { answer, told, signals } = await ask({
      document: EVERYONE,
      versions: version === undefined ? {} : { '2.0.0': version },
    });
    expect(answer.forecasts.map(({ arm, units: got }) => [arm, got])).toEqual(Array(6).fill(['production', 11]));
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} production 1.1.0 11`, `${sku} shadow 2.0.0 ${units}`]),
    );
    expect(signals).toHaveLength(1);
  });

  it('each day stands for itself: production serves only the days that the candidate left out', async () => {
    const { answer, told } = await ask({ document: EVERYONE, versions: { '2.0.0': () => [20] } });
    expect(answer.forecasts.slice(0, 2).map(({ arm }) => arm)).toEqual(['canary', 'production']);
    expect(told(1)).toContain('milk canary 2.0.0 20');
    expect(told(2)).toEqual(expect.arrayContaining(['milk production 1.1.0 11', 'milk shadow 2.0.0 null']));
  });

  it('the units that it serves are forecast first, so that they are missing last', async () => {
    const asked: string[] = [];
    const named: Forecaster = ({ sku }) => {
      asked.push(sku);
      return [20];
    };
    await ask({ document, versions: { '2.0.0': named } }, eventOf({ requests, horizonDays: 1 }));
    const drawn = asked.map((sku) =>
      requests.some((one) => one.sku === sku && new Cohort(cohortOf(document)).has({ ...one, segments: [] })),
    );
    expect(drawn).toEqual(drawn.toSorted((a, b) => Number(b) - Number(a)));
    expect(asked).toHaveLength(60);
  });

  it('of a first candidate, the safe forecast is its counterpart', async () => {
    const first = documentOf({ ...CANARY, canaryPercentage: 100, productionVersion: '', fallback: 'seasonal-naive' });
    const { told } = await ask({ document: first, versions });
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} canary 2.0.0 20`, `${sku} shadow seasonal-naive 1`]),
    );
  });
});

describe('Production that is of no use', () => {
  it.each([
    ['throws', throwing, null],
    ['sleeps', sleeping, null],
    ['says NaN', always(Number.NaN), 'NaN'],
    ['says negative numbers', always(-3), -3],
  ])('is replaced by the safe forecast where it %s, with a signal of its own', async (_what, version, units) => {
    const ports = { budgets: { productionMs: 30, candidateMs: 30, firstCandidateMs: 30 } };
    const { answer, told, signals } = await ask({ versions: { '1.1.0': version }, ports });
    expect(answer.forecasts.map(({ arm, version: by }) => `${arm} ${by}`)).toEqual(
      Array(6).fill('fallback seasonal-naive'),
    );
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} fallback seasonal-naive 1`, `${sku} shadow 1.1.0 ${units}`]),
    );
    expect(signals.map(([name]) => name)).toEqual(['PRODUCTION_FAILED']);
  });

  it('is replaced by the version that the document names as the one before', async () => {
    const { answer, told, signals } = await ask({
      document: documentOf({ productionVersion: '9.0.0', previousVersion: '1.0.0' }),
      versions: { '1.0.0': always(10), '8.0.0': always(8) },
    });
    expect(answer.forecasts[0]).toMatchObject({ units: 10, version: '1.0.0', arm: 'fallback' });
    expect(told()).toContain('milk shadow 9.0.0 null');
    expect(signals.map(([name]) => name)).toEqual(['MODEL_NOT_LOADED']);
  });

  it('is never replaced by a version that the document does not name: it may be the one that was rolled back', async () => {
    const { answer } = await ask({
      document: documentOf({ productionVersion: '9.0.0', previousVersion: '' }),
      versions: { '1.0.0': always(10) },
    });
    expect(answer.forecasts[0]).toMatchObject({ units: 1, version: 'seasonal-naive', arm: 'fallback' });
  });

  it('leaves the canary to its cohort', async () => {
    const document = documentOf({ ...CANARY, canaryPercentage: 100, productionVersion: '9.0.0', previousVersion: '' });
    const { told } = await ask({ document, versions: { '2.0.0': always(20) } });
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} canary 2.0.0 20`, `${sku} shadow 9.0.0 null`]),
    );
  });

  it('logs the one that stands in once, also where it is the shadow of a confirmation', async () => {
    const document = documentOf({ ...SHADOW, productionVersion: '9.0.0', previousVersion: '2.0.0' });
    const versions = { '2.0.0': always(20) };
    const { told } = await ask({ document, versions });
    expect(told()).toEqual(
      ['milk', 'bread', 'salt'].flatMap((sku) => [`${sku} fallback 2.0.0 20`, `${sku} shadow 9.0.0 null`]),
    );
  });
});

describe('A kill switch', () => {
  const killed = { fallback: 'seasonal-naive', fallbackSegments: ['category:medicine'] } as const;
  const requests = [requestOf('milk'), requestOf('pills', { category: 'medicine' })];

  it('gives its segments the safe forecast and the others production', async () => {
    const { told } = await ask({ document: documentOf(killed) }, eventOf({ requests }));
    expect(told()).toEqual(['milk production 1.1.0 11', 'pills fallback seasonal-naive 1']);
  });

  it('serves the safe forecast that it names, and says so where there is none of that name', async () => {
    const document = (fallback: string) => documentOf({ fallback, fallbackSegments: ['category:medicine'] });
    const known = await ask({ document: document('weekday-mean') }, eventOf({ requests }));
    expect(known.told()).toContain('pills fallback weekday-mean 1');
    expect(known.signals).toEqual([]);
    const unknown = await ask({ document: document('crystal-ball') }, eventOf({ requests }));
    expect(unknown.told()).toEqual(['milk production 1.1.0 11', 'pills fallback seasonal-naive 1']);
    expect(unknown.signals).toEqual([
      ['SAFE_FORECAST_UNKNOWN', { model: 'demand', named: 'crystal-ball', served: 'seasonal-naive', requests: 2 }],
    ]);
  });

  it('does so during a canary too, where both versions still forecast for the log', async () => {
    const document = documentOf({ ...CANARY, canaryPercentage: 100, ...killed });
    const { told } = await ask({ document, versions: { '2.0.0': always(20) } }, eventOf({ requests }));
    expect(told()).toEqual([
      ...['milk canary 2.0.0 20', 'milk shadow 1.1.0 11'],
      ...['pills fallback seasonal-naive 1', 'pills shadow 1.1.0 11', 'pills shadow 2.0.0 20'],
    ]);
  });
});

describe('What is served in place of the routed version', () => {
  const late = { document: EVERYONE, versions: { '2.0.0': sleeping } };
  const ids = ({ batches }: Awaited<ReturnType<typeof ask>>) => batches.map(({ requestId }) => requestId);

  it('lies in an object named by its content, for another attempt may have served otherwise', async () => {
    const [once, again] = [await ask(late), await ask(late)];
    expect(ids(once)).toEqual(['day-60', expect.stringMatching(/^day-60\.instead-[0-9a-f]{16}$/)]);
    expect(ids(again)).toEqual(ids(once));
    const other = await ask({ ...late, versions: { ...late.versions, '1.1.0': always(12) } });
    expect(ids(other)[1]).not.toBe(ids(once)[1]);
    for (const { records } of once.batches)
      expect(new Set(records.map(({ requestId }) => requestId))).toEqual(new Set(['day-60']));
  });

  it('is logged apart from what the pointer itself gave to production, which is the same at every attempt', async () => {
    const requests = Array.from({ length: 40 }, (_, index) => requestOf(`sku-${index}`));
    const document = documentOf(CANARY);
    const event = eventOf({ requests, horizonDays: 1 });
    const served = async (candidate: Forecaster) => {
      const { batches } = await ask({ document, versions: { '2.0.0': candidate } }, event);
      return batches[0]?.records.filter(({ arm }) => arm === 'production').map(({ sku }) => sku);
    };
    expect(await served(sleeping)).toEqual(await served(always(20)));
  });
});

describe('A request that is repeated, in the log', () => {
  const requests = Array.from({ length: 40 }, (_, index) => requestOf(`sku-${index}`));
  const event = eventOf({ requests, horizonDays: 1 });
  const keyOf = (one: { readonly sku: string; readonly version: string; readonly arm: string }) =>
    `${one.sku} ${one.arm} ${one.version}`;

  /** What either attempt served and the log, where the first object of a name stays, does not have. */
  const unlogged = async (...attempts: readonly Scene[]) => {
    const objects = new Map<string, readonly string[]>();
    const served: string[] = [];
    for (const scene of attempts) {
      const { answer, batches } = await ask(scene, event);
      served.push(...answer.forecasts.map(keyOf));
      for (const { requestId, revision, records } of batches) {
        for (const [group, some] of Map.groupBy(records, ({ arm, version }) => `${arm} ${version}`)) {
          const name = `${group} ${requestId}-${revision}`;
          if (!objects.has(name)) objects.set(name, some.map(keyOf));
        }
      }
    }
    const logged = new Set([...objects.values()].flat());
    return served.filter((key) => !logged.has(key));
  };
  const document = documentOf(CANARY);
  /** Says nothing of one unit in three. */
  const halting: Forecaster = ({ sku }) => (Number(sku.slice(4)) % 3 === 0 ? [] : [20]);

  it.each([
    ['had a candidate that said nothing of some units', document, { '2.0.0': halting }],
    ['had a candidate that was late', document, { '2.0.0': sleeping }],
    ['had a production version that said nothing of some units', document, { '2.0.0': always(20), '1.1.0': halting }],
    [
      'was made when the canary was past its bound',
      documentOf({ ...CANARY, canaryUntil: NOW.toISOString() }),
      { '2.0.0': always(20) },
    ],
  ] as const)('has what was served where one attempt %s', async (_what, disturbed, versions) => {
    const sound = { document, versions: { '2.0.0': always(20) } };
    expect(await unlogged({ document: disturbed, versions }, sound)).toEqual([]);
    expect(await unlogged(sound, { document: disturbed, versions })).toEqual([]);
  });
});

describe('A log that fails', () => {
  it('changes nothing of the answer and is told by counts', async () => {
    const log = async () => ({ ...LOGGED, failed: 1, lostRecords: 6, causes: ['AccessDenied'] });
    const { answer, signals } = await ask({ ports: { log } });
    expect(answer.forecasts).toHaveLength(6);
    expect(signals).toEqual([
      ['PREDICTIONS_NOT_LOGGED', { model: 'demand', requestId: 'day-60', forecasts: 6, causes: 'AccessDenied' }],
    ]);
  });

  it('is none where others complete it', async () => {
    const log = async () => ({ ...LOGGED, handedOver: 1, handedOverRecords: 6, causes: ['TIMED_OUT'] });
    const { signals, counts } = await ask({ ports: { log } });
    expect(signals).toEqual([]);
    expect(counts).toEqual([['PREDICTIONS_HANDED_OVER', 6]]);
  });

  it('is not one where the request was repeated', async () => {
    const log = async () => ({ ...LOGGED, written: 0, repeated: 2 });
    const { signals, counts } = await ask({ ports: { log } });
    expect(signals).toEqual([]);
    expect(counts).toEqual([['PREDICTIONS_REPEATED', 2]]);
  });
});
