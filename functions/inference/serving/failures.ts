import type { ForecastUnits } from '../log/prediction.ts';
import type { Served } from '../routing/router.ts';
import type { Answers } from './answers.ts';
import type { Line } from './lines.ts';
import { isUsable } from './settle.ts';
import type { MeasureVersion, Signal, SignalDetail } from './signals.ts';

interface Unusable {
  missing: number;
  negative: number;
  nonFinite: number;
  code: string;
}

/** What versions were asked and failed to give, added up over the parts of a request or batch and told once. */
export class Failures {
  readonly #asked = new Map<string, number>();
  readonly #unusable = new Map<string, Unusable>();
  readonly #notLoaded = new Map<string, { readonly code: string; forecasts: number }>();

  add(answers: Answers, lines: readonly Line[]): void {
    for (const { version, code, forecasts } of answers.notLoaded) {
      const known = this.#notLoaded.get(version);
      this.#notLoaded.set(version, { code, forecasts: forecasts + (known?.forecasts ?? 0) });
      this.#ask(version, forecasts);
    }
    for (const { served, unserved } of lines) {
      if (served.arm !== 'fallback') this.#ask(served.version, 1);
      for (const { version, units, isLate } of unserved) {
        if (!isLate && !this.#notLoaded.has(version)) this.count(version, units, answers.failures.get(version));
      }
    }
  }

  /** Takes one forecast of a version. @param code why it is missing */
  count(version: string, units: ForecastUnits, code = ''): void {
    this.#ask(version, 1);
    if (isUsable(units)) return;
    const counts = this.#unusable.get(version) ?? { missing: 0, negative: 0, nonFinite: 0, code };
    counts[units === null ? 'missing' : typeof units === 'number' ? 'negative' : 'nonFinite'] += 1;
    this.#unusable.set(version, counts);
  }

  /** One signal per version that could not be loaded, or that gave what nobody may get; and what each was asked. */
  tell(
    model: string,
    standard: Pick<Served, 'version'> | null,
    {
      signal,
      measure,
    }: { readonly signal: (name: Signal, detail: SignalDetail) => void; readonly measure: MeasureVersion },
  ): void {
    for (const [version, asked] of this.#asked) {
      const { missing = 0, negative = 0, nonFinite = 0 } = this.#unusable.get(version) ?? {};
      const unloaded = this.#notLoaded.get(version)?.forecasts ?? 0;
      measure({ model, version }, { asked, missing: missing + unloaded, invalid: negative + nonFinite });
    }
    for (const [version, missing] of this.#notLoaded) signal('MODEL_NOT_LOADED', { model, version, ...missing });
    for (const [version, { code, ...counts }] of this.#unusable) {
      const detail = { model, version, ...counts, ...(code === '' ? {} : { code }) };
      signal(version === standard?.version ? 'PRODUCTION_FAILED' : 'SHADOW_FAILED', detail);
    }
  }

  #ask(version: string, forecasts: number): void {
    this.#asked.set(version, (this.#asked.get(version) ?? 0) + forecasts);
  }
}
