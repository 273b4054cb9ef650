/** ARN of an execution, from the ARN of its machine or of one of the machine's aliases. */
export function executionArnOf(machineArn: string, executionName: string): string {
  const [head = '', tail = ''] = machineArn.split(':stateMachine:');
  return `${head}:execution:${tail.split(':')[0]}:${executionName}`;
}
