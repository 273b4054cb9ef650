import { SendTaskSuccessCommand, type SFNClient } from '@aws-sdk/client-sfn';

/** `woken`: the execution goes on. `over`: it waits no more under this token, so there is nobody to wake. */
export type Callback = 'woken' | 'over';

/** Wakes the execution that holds a token. What it is told is empty: it reads the gate itself. Safe to repeat. */
export type WakeExecution = (token: string) => Promise<Callback>;

const OVER = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

export function stepFunctionsCallback(client: SFNClient): WakeExecution {
  return async (taskToken) => {
    try {
      await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      return 'woken';
    } catch (error) {
      if (error instanceof Error && OVER.includes(error.name)) return 'over';
      throw error;
    }
  };
}
