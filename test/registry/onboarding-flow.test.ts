import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ROOT } from '../structure/sources.ts';

const stateSchema = z.looseObject({
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.looseObject({ Variable: z.string(), Next: z.string() })).default([]),
  Catch: z.array(z.looseObject({ Next: z.string() })).default([]),
  Parameters: z.looseObject({ FunctionName: z.string().optional() }).optional(),
});
const text = readFileSync(join(ROOT, 'state-machines', 'onboarding.asl.json'), 'utf8');
const { States } = z.looseObject({ States: z.record(z.string(), stateSchema) }).parse(JSON.parse(text));

/** States that lead to a state when all goes well, with the variable that has to be true where one decides. */
function waysTo(target: string): readonly string[] {
  return Object.entries(States).flatMap(([name, { Next, Default, Choices }]) => [
    ...(Next === target || Default === target ? [name] : []),
    ...Choices.filter((choice) => choice.Next === target).map(({ Variable }) => `${name} ${Variable}`),
  ]);
}

const onFailure = (name: string) => States[name]?.Catch.map(({ Next }) => Next);

describe('The way of an onboarding that adopts a version', () => {
  it('leads to the version only past the first document, the way back and the manifest', () => {
    expect(waysTo('AdoptVersion')).toEqual(['SignManifest']);
    expect(waysTo('SignManifest')).toEqual(['PrepareReturn']);
    expect(waysTo('PrepareReturn')).toEqual(['Deployed $.adopts']);
    expect(waysTo('Deployed')).toEqual(['DeployFirstDocument']);
    expect(waysTo('ApplyChange')).toEqual(['IsChange', 'ChangeHeld $.held']);
    expect(waysTo('IsChange')).toEqual(['GateStatus $.status']);
  });

  it('is applied only when the version is in the pointer, or none was asked for', () => {
    expect(waysTo('PrepareFirstReturn').toSorted()).toEqual(['AdoptVersion', 'Deployed']);
    expect(waysTo('Recorded').toSorted()).toEqual(['Applied', 'LeaveKillSwitch', 'PrepareFirstReturn']);
  });

  it('is closed by who records the first document first, where that may be out unrecorded', () => {
    expect(States['DeployFirstDocument']?.Catch).toMatchObject([
      { ErrorEquals: ['NOT_VOUCHED', 'NO_ROLLBACK_TARGET', 'PROMOTION_ENDED'], Next: 'Failed' },
      { ErrorEquals: ['States.ALL'], Next: 'NotRecorded' },
    ]);
  });

  it('keeps the model and says so when a step fails after the first document', () => {
    expect(['PrepareReturn', 'SignManifest'].map(onFailure)).toEqual([['AdoptionFailed'], ['AdoptionFailed']]);
    expect(States['AdoptionFailed']).toMatchObject({
      Parameters: { end: 'withdrawn', reasons: [{ code: 'ADOPTION_FAILED' }] },
      Next: 'CloseFailed',
    });
  });

  it('takes a version out that went live and could not be recorded', () => {
    expect(onFailure('AdoptVersion')).toEqual(['TakeOut']);
    expect(States['TakeOut']).toMatchObject({
      Parameters: {
        FunctionName: `\${RollBackArn}`,
        Payload: {
          input: { requestedBy: 'system:adoption-failed', 'withdrawVersion.$': '$$.Execution.Input.adopt.version' },
        },
      },
    });
    expect(waysTo('AdoptionFailed').toSorted()).toEqual(['RecordTakeOut', 'TakenOut']);
    // A run that is closed is looked at by nobody: the rule on failed executions takes the version out, then closes it.
    const takingOut = ['TakeOut', 'ConfirmTakeOut', 'RecordTakeOut'];
    expect(takingOut.map(onFailure)).toEqual(takingOut.map(() => ['NotTakenOut']));
    expect(States['NotTakenOut']).toMatchObject({ Type: 'Fail' });
  });
});

describe('The way of a change of settings', () => {
  it('leads past what may hold it, and nothing else does', () => {
    expect(waysTo('MayApply')).toEqual(['WaitWhileHeld', 'IsChange $$.Execution.Input.kind'].toReversed());
    expect(waysTo('WaitWhileHeld')).toEqual(['ChangeHeld']);
  });

  it('ends as rejected, and nothing is applied, when it is held for too long', () => {
    expect(waysTo('NotApplied')).toEqual(['ChangeHeld $.expired']);
    expect(States['NotApplied']).toMatchObject({ Parameters: { end: 'rejected' }, Next: 'Close' });
  });
});

describe('The way of a restoration', () => {
  it('is closed by its own machine only where nothing can have gone out; else by who first records what did', () => {
    expect(waysTo('LeaveKillSwitch')).toEqual(['PrepareReturns']);
    expect(States['LeaveKillSwitch']?.Catch).toMatchObject([
      { ErrorEquals: ['NOT_VOUCHED', 'NO_ROLLBACK_TARGET', 'PROMOTION_ENDED'], Next: 'Failed' },
      { ErrorEquals: ['States.ALL'], Next: 'NotRecorded' },
    ]);
    expect(States['NotRecorded']).toMatchObject({ Type: 'Fail' });
  });
});
