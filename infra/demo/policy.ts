/**
 * The demo's policy: that of a retailer who looks every second instead of every three hours, and is content with two
 * weeks beside production and one at half of the units. All other thresholds are the defaults.
 */
export function demoPolicy(excludedCategory: string | null) {
  return {
    shadow: { min_cycles: 2, max_cycles: 4 },
    shadowPlan: { maxDuration: 'PT10M' },
    canary: { min_clusters: 20, pass_every_days: 7, max_days: 28 },
    canaryPlan: {
      unit: 'sku-store',
      excludedSegments: excludedCategory === null ? [] : [`category:${excludedCategory}`],
      steps: [
        { percentage: 10, hold: 'P2D' },
        { percentage: 50, hold: 'P7D' },
      ],
      maxDuration: 'PT10M',
    },
    confirmation: 'PT10M',
    poll: 'PT1S',
  } as const;
}
