/** Where the metrics of inference are found: what functions count, and what the stack's alarms watch. */
export const INFERENCE_METRICS = { namespace: 'ModelRelease', serviceName: 'inference' } as const;
