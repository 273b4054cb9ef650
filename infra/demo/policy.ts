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
      // Two looks that may pass, each after two weeks: the fewer there are, the sooner each can show something.
      pass_every_days: 14,
      max_days: 28,
      metrics: {
        paired_wape: { rel_margin: 0.08 },
        // Of stocks that run out on some four days in a hundred: two days more are the loss that is accepted meanwhile.
        stockout: { abs_margin: 0.02 },
        overstock: { abs_margin: 0.1 },
      },
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
    // The teams downstream are told before the canary; a real one then waits for a day.
    notice: { leadTime: 'PT0S' },
    confirmation: 'PT10M',
    poll: 'PT1S',
  } as const;
}
