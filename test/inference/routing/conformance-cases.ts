import type { UnsignedDocument } from '../../../functions/pointer/document.ts';
import { plainMurmur3, type Request } from './plain-router.ts';

export interface RouteCase {
  readonly name: string;
  readonly document: UnsignedDocument | null;
  readonly requests: readonly Request[];
  readonly instants: readonly string[];
}

const NOW = '2026-03-01T08:00:00.000Z';
const LAST = '2026-03-01T23:59:59.999Z';
const BOUND = '2026-03-02T00:00:00.000Z';
const AFTER = '2026-03-02T00:00:00.001Z';

const PRODUCTION: UnsignedDocument = {
  schema: 1,
  revision: 7,
  productionVersion: '1.1.0',
  previousVersion: '1.0.0',
  shadowVersion: '',
  canaryVersion: '',
  shadowUntil: '',
  canaryUntil: '',
  canaryPercentage: 0,
  unit: 'sku-store',
  salt: 'demand_2-0-0_1',
  canaryRegions: [],
  canaryStores: [],
  canarySkus: [],
  canaryCategories: [],
  excludedSegments: [],
  fallback: '',
  fallbackSegments: [],
  promotionId: 'demand_2-0-0_1',
  approvedBy: ['Ana Approver <ana@shop.example>'],
  approvedAt: '2026-02-20T08:00:00.000Z',
  reason: 'Weekday profiles halve the error on promotions.',
  manifestSha256: 'ab'.repeat(32),
};
const CANARY = { canaryVersion: '2.0.0', canaryUntil: BOUND, canaryPercentage: 100 } as const;
const SHADOW = { shadowVersion: '2.0.0', shadowUntil: BOUND } as const;
const FIRST = { productionVersion: '', previousVersion: '', manifestSha256: '', fallback: 'seasonal-naive' } as const;

const milk: Request = { sku: 'milk', store: 'harbour', region: 'north', category: 'fresh', segments: ['tier:gold'] };
const bread: Request = { sku: 'bread', store: 'station', region: 'south', category: 'bakery', segments: [] };
const aspirin: Request = { sku: 'aspirin', store: 'harbour', region: 'north', category: 'medicine', segments: [] };
const bare: Request = { sku: 'milk', store: 'harbour', region: '', category: '', segments: [] };
const named: Request = { ...bare, segments: ['region:north', 'category:fresh'] };
const otherNames: Request = { ...milk, segments: ['region:south', 'category:medicine', 'tier:silver'] };
const FEW = [milk, bread, aspirin, bare, named, otherNames];

/** Names whose hashes spread, and names that are awkward to hash. */
const MANY: readonly Request[] = [
  ...Array.from({ length: 24 }, (_, index) => ({ ...milk, sku: `SKU-${index}`, store: `store-${index % 3}` })),
  { ...milk, sku: 'a|b', store: 'c' },
  { ...milk, sku: 'a', store: 'b|c' },
  { ...milk, sku: 'Käse', store: 'Köln' },
  { ...milk, sku: '寿司', store: '東京店' },
  { ...milk, sku: '🍞', store: 'store-7' },
  { ...milk, sku: 'e\u0301', store: 'é' },
];

/** Names that mean something to languages themselves, and one that is longer than a short buffer. */
const ODD: readonly Request[] = [
  { ...milk, sku: '__proto__', store: 'constructor' },
  { ...milk, sku: 'constructor', store: '__proto__' },
  { ...milk, sku: 'null', region: 'constructor', category: '__proto__', segments: ['__proto__:x'] },
  { ...milk, sku: '007', store: '7' },
  { ...milk, sku: '7', store: '007' },
  { ...milk, sku: 'x'.repeat(200), store: 'ß'.repeat(200) },
];

/** The percentage at which the unit is just not drawn: its hash is a part of all hashes that a percentage can say exactly. */
function justOut(salt: string, { sku, store }: Request): number {
  const part = plainMurmur3(new TextEncoder().encode(`${salt}|${sku}|${store}`), 0) / 2 ** 32;
  if ((part * 100) / 100 === part) return part * 100;
  throw new Error(`No percentage says exactly what ${sku} in ${store} draws.`);
}
const EDGE = { ...milk, sku: 'SKU-0', store: 'store-0' };
const EDGE_PERCENTAGE = justOut(PRODUCTION.salt, EDGE);

export function routeCases(): readonly RouteCase[] {
  const one = (
    name: string,
    members: Partial<UnsignedDocument> | null,
    requests: readonly Request[] = FEW,
    instants: readonly string[] = [NOW],
  ): RouteCase => ({ name, document: members === null ? null : { ...PRODUCTION, ...members }, requests, instants });
  const excluding = (...excludedSegments: readonly string[]) => ({ ...CANARY, excludedSegments });
  const killed = (...fallbackSegments: readonly string[]) => ({ fallback: 'seasonal-naive', fallbackSegments });
  return [
    one('production alone', {}),
    one('no document: the safe forecast', null),
    one('no production version: the fallback', FIRST),
    one('no production version: a fallback of another name', { ...FIRST, fallback: 'last-week' }),

    one('shadow until its bound', SHADOW, [milk, bread], [NOW, LAST, BOUND, AFTER]),
    one('shadow of a first version', { ...FIRST, ...SHADOW }, [milk]),
    one('shadow without a bound is over', { ...SHADOW, shadowUntil: '' }, [milk]),
    one('shadow of the production version itself runs once', { ...SHADOW, shadowVersion: '1.1.0' }, [milk]),

    one('canary of 100 %', CANARY),
    one('canary until its bound', CANARY, [milk, bread], [NOW, LAST, BOUND, AFTER]),
    one('canary without a bound is over', { ...CANARY, canaryUntil: '' }, [milk]),
    one('canary of 0 %: not even beside production', { ...CANARY, canaryPercentage: 0 }, [milk, bread]),
    one('canary of a first version: the fallback is its counterpart', { ...FIRST, ...CANARY }),
    one(
      'canary with another shadow',
      { ...CANARY, shadowVersion: '3.0.0', shadowUntil: AFTER },
      [milk],
      [NOW, BOUND, AFTER],
    ),
    one(
      'canary and another shadow, outside the cohort',
      { ...CANARY, canaryStores: ['station'], shadowVersion: '3.0.0', shadowUntil: AFTER },
      [milk, bread],
    ),
    one('canary with itself as shadow: each version once', { ...CANARY, ...SHADOW }, [milk]),

    ...(['sku-store', 'store', 'sku'] as const).flatMap((unit) =>
      [0.1, 5, 50].map((canaryPercentage) =>
        one(`canary of ${canaryPercentage} % by ${unit}`, { ...CANARY, canaryPercentage, unit }, MANY),
      ),
    ),
    one('canary of 50 % with another salt', { ...CANARY, canaryPercentage: 50, salt: 'demand_2-0-0_2' }, MANY),
    one('canary of 50 % with a salt of other letters', { ...CANARY, canaryPercentage: 50, salt: 'größe|1' }, MANY),
    one('canary of 12.5 %', { ...CANARY, canaryPercentage: 12.5 }, MANY),
    one('canary of hardly anybody', { ...CANARY, canaryPercentage: 1e-9 }, MANY),
    one('canary of hardly anybody left out', { ...CANARY, canaryPercentage: 99.999999 }, MANY),
    one('canary of a share up to a unit, and not with it', { ...CANARY, canaryPercentage: EDGE_PERCENTAGE }, [EDGE]),
    one('canary of a share with a unit', { ...CANARY, canaryPercentage: EDGE_PERCENTAGE * (1 + 2 ** -50) }, [EDGE]),
    one('canary of 50 %, names that languages use themselves', { ...CANARY, canaryPercentage: 50 }, ODD),
    one(
      'lists with names that languages use themselves',
      { ...CANARY, canarySkus: ['__proto__', 'null', '7'], canaryStores: ['constructor', 'harbour', '007'] },
      ODD,
    ),
    one('excluded segments with such names', excluding('sku:__proto__', 'region:constructor', 'store:7'), ODD),
    one('killed segments with such names', { ...CANARY, ...killed('sku:constructor', '__proto__:x') }, ODD),

    one('canary in regions', { ...CANARY, canaryRegions: ['north', 'west'] }),
    one('canary in stores', { ...CANARY, canaryStores: ['harbour'] }),
    one('canary of SKUs', { ...CANARY, canarySkus: ['milk', 'bread'] }),
    one('canary of categories', { ...CANARY, canaryCategories: ['fresh'] }),
    one('canary where every list fits', {
      ...CANARY,
      ...{ canaryRegions: ['north'], canaryStores: ['harbour'], canarySkus: ['milk'], canaryCategories: ['fresh'] },
    }),
    one('canary lists are of the members, not of named segments', { ...CANARY, canaryRegions: ['south'] }, [
      bread,
      otherNames,
    ]),

    one('excluded category; who does not say it is out', excluding('category:medicine')),
    one('excluded region; a named segment says it too', excluding('region:south')),
    one('excluded store', excluding('store:station')),
    one('excluded SKU', excluding('sku:aspirin')),
    one('excluded segment of another kind; who does not say it is out', excluding('tier:silver')),
    one('excluded segments of two kinds', excluding('category:medicine', 'tier:gold')),
    one('excluded segment whose value has a colon', excluding('tier:a:b'), [
      { ...milk, segments: ['tier:a:b'] },
      { ...milk, segments: ['tier:a'] },
      { ...milk, segments: ['tier:a:c'] },
    ]),

    one('kill switch for the whole model', killed()),
    one('kill switch for segments', killed('category:fresh', 'tier:gold')),
    one('kill switch for segments of a model without a production version', {
      ...FIRST,
      ...CANARY,
      fallbackSegments: ['category:fresh'],
    }),
    one('kill switch for the whole model during a canary: both versions run beside', { ...CANARY, ...killed() }, [
      milk,
    ]),
    one(
      'kill switch for segments during a canary',
      { ...CANARY, canaryPercentage: 50, ...killed('store:store-1') },
      MANY,
    ),
    one('kill switch during a shadow', { ...SHADOW, ...killed('region:north') }),
    one('kill switch does not ask for kinds: who does not say a category is served as ever', killed('category:fresh'), [
      bare,
      named,
    ]),
    one('kill switch to a safe forecast of another name', { fallback: 'last-week' }, [milk]),
  ];
}
