/** The current time. Entries take it once per cold start and hand it on; nothing else reads the machine's clock. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** The same in milliseconds since 1970, for paths that are to make no object at each call. */
export const systemMillis = (): number => Date.now();

/** Milliseconds since some instant: nobody sets this clock, but it may stand still while the process is frozen. */
export const steadyMillis = (): number => performance.now();
