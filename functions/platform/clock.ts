/** The current time. Entries take it once per cold start and hand it on; nothing else reads the machine's clock. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
