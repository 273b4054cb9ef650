/**
 * The demo's policy: that of a retailer who looks every second instead of every three hours, and is content with two
 * weeks beside production and two at half of the units. All other thresholds are the defaults.
 */
export function demoPolicy(excludedCategory: string | null) {
  return {
    shadow: { min_cycles: 2, max_cycles: 4 },
    shadowPlan: { maxDuration: 'PT10M' },
    canary: {
      min_clusters: 20,
      pass_every_days: 7,
      max_days: 28,
      // Stocks of some eighty units a side differ by chance: the widest margins that a policy may have.
      metrics: { stockout: { rel_margin: 0.25 }, overstock: { rel_margin: 0.25 } },
    },
    canaryPlan: {
      unit: 'sku-store',
      excludedSegments: excludedCategory === null ? [] : [`category:${excludedCategory}`],
      steps: [
        { percentage: 10, hold: 'P2D' },
        { percentage: 50, hold: 'P14D' },
      ],
      maxDuration: 'PT10M',
    },
    confirmation: 'PT10M',
    poll: 'PT1S',
  } as const;
}
