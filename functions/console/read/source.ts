/** What one source answered, or that it did not: a source that fails leaves the others to be shown. */
export type Source<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** Told of a source that could not be read, for the log; the page names it alone. */
export type OnUnread = (what: string, cause: unknown) => void;

export type ReadSource = <T>(what: string, ask: () => Promise<T>) => Promise<Source<T>>;

/** Reads a source of a model, or of all models. */
export function sourceReader(onUnread: OnUnread): ReadSource {
  return async (what, ask) => {
    try {
      return { ok: true, value: await ask() };
    } catch (cause) {
      onUnread(what, cause);
      return { ok: false, why: cause instanceof Error ? cause.name : 'Error' };
    }
  };
}

/** What follows from a source, where it could be read. */
export function mapSource<T, U>(source: Source<T>, map: (value: T) => U): Source<U> {
  return source.ok ? { ok: true, value: map(source.value) } : source;
}

/** The value of a source, or what stands for it. */
export function readOr<T>(source: Source<T>, otherwise: T): T {
  return source.ok ? source.value : otherwise;
}
