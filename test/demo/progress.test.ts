import { describe, expect, it } from 'vitest';
import { barLine, Progress, type Step } from '../../infra/demo/progress.ts';

/** Back to the start of the line, which is cleared. */
const CLEAR = `\r${String.fromCharCode(27)}[2K`;
const step = (done: number, total = 14): Step => ({ label: 'shadow', done, total, text: 'cycle 1' });

function screenOf(isTerminal: boolean) {
  const written: string[] = [];
  const screen = { isTerminal, columns: 80, write: (text: string) => void written.push(text) };
  return { written, progress: new Progress(screen, () => 3) };
}

describe('A progress bar', () => {
  it('fills with the days', () => {
    expect(barLine(step(0), 80)).toBe(`  shadow  ${'░'.repeat(24)}   0/14 days  cycle 1`);
    expect(barLine(step(7), 80)).toBe(`  shadow  ${'█'.repeat(12)}${'░'.repeat(12)}   7/14 days  cycle 1`);
    expect(barLine(step(14), 80)).toContain('█'.repeat(24));
  });

  it('never is longer than the terminal, nor fuller than full', () => {
    expect(barLine(step(9), 20)).toHaveLength(20);
    expect(barLine(step(20), 80)).toContain(` ${'█'.repeat(24)} `);
    expect(barLine(step(0, 0), 80)).toContain('░'.repeat(24));
  });

  it('is drawn over itself, and below the lines that come meanwhile', () => {
    const { progress, written } = screenOf(true);
    progress.step(step(1));
    progress.say('approved');
    progress.step(step(2));
    progress.end();
    const text = written.join('');
    expect(text.split(CLEAR).slice(1)).toHaveLength(2);
    expect(text).toMatch(/ {3}3\.0 s {2}approved\n {2}shadow/);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('is a plain line per week where there is no terminal', () => {
    const { progress, written } = screenOf(false);
    for (let done = 1; done <= 10; done += 1) progress.step(step(done, 10));
    progress.end();
    expect(written).toEqual([
      '   3.0 s  shadow: 7 of 10 days replayed, cycle 1\n',
      '   3.0 s  shadow: 10 of 10 days replayed, cycle 1\n',
    ]);
  });
});
