/** What a bar shows: how much of a stage is done, and what goes on in it. */
export interface Step {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Such as the day, the cycle or step, and who is served. */
  readonly text: string;
}

/** Where lines go. A terminal gets a bar that moves, anything else plain lines. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly write: (text: string) => void;
}

const BAR_CELLS = 24;
/** Without a terminal, a line for each week is enough. */
const PLAIN_EVERY = 7;

/** A bar as one line of at most `columns` characters. */
export function barLine({ label, done, total, text }: Step, columns: number): string {
  const share = total === 0 ? 0 : Math.min(1, Math.max(0, done / total));
  const full = Math.round(BAR_CELLS * share);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
  const days = `${String(done).padStart(String(total).length)}/${total} days`;
  const line = `  ${label}  ${bar}  ${days}  ${text}`;
  return line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line;
}

/** Tells lines, with a bar below them while a stage runs. `seconds`: since the start. */
export class Progress {
  readonly #screen: Screen;
  readonly #seconds: () => number;
  #shown: Step | null = null;

  constructor(screen: Screen, seconds: () => number) {
    this.#screen = screen;
    this.#seconds = seconds;
  }

  say(line: string): void {
    const shown = this.#shown;
    this.#clear();
    this.#screen.write(`${this.#seconds().toFixed(1).padStart(6)} s  ${line}\n`);
    if (shown !== null) this.#draw(shown);
  }

  /** How far a stage is; the last step of a stage stays as it is. */
  step(step: Step): void {
    if (this.#screen.isTerminal) {
      this.#clear();
      this.#draw(step);
    } else if (step.done % PLAIN_EVERY === 0 || step.done === step.total) {
      this.say(`${step.label}: ${step.done} of ${step.total} days replayed, ${step.text}`);
    }
  }

  /** The bar's last state becomes a line of its own. */
  end(): void {
    if (this.#shown !== null) this.#screen.write('\n');
    this.#shown = null;
  }

  #clear(): void {
    if (this.#shown !== null) this.#screen.write('\r\u001b[2K');
    this.#shown = null;
  }

  #draw(step: Step): void {
    this.#screen.write(barLine(step, this.#screen.columns - 1));
    this.#shown = step;
  }
}
