/** Name of the stack: in a file of its own, so that whoever asks for it need not load the CDK. */
export const STACK_NAME = 'ModelRelease';
