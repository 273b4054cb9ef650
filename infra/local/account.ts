import { stackArn } from './cloudformation/template.ts';
import { xml } from './gateway/protocol.ts';
import { type Iam, sessionArn } from './iam/iam.ts';
import { ACCOUNT, AwsError, type Service, type ServiceRequest, type ServiceResponse } from './service.ts';

/** `aws sts get-caller-identity`. `callerOf` gives the access key of a request. */
export function createSts(iam: Iam): Service {
  return {
    handle: async (request) => {
      demandAction(request, 'GetCallerIdentity');
      const accessKey = /Credential=([^/]+)\//.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
      const arn = sessionArn(iam.principalOf(accessKey));
      return answer(
        'GetCallerIdentity',
        `<Arn>${xml(arn)}</Arn><UserId>${xml(accessKey)}</UserId><Account>${ACCOUNT}</Account>`,
      );
    },
  };
}

/** `aws cloudformation describe-stacks`, for the outputs. */
export function createCloudFormation(stackName: string, outputs: () => Readonly<Record<string, string>>): Service {
  return {
    handle: async (request) => {
      const form = demandAction(request, 'DescribeStacks');
      request.authorize('cloudformation:DescribeStacks', [stackArn(stackName)]);
      const wanted = form.get('StackName') ?? stackName;
      if (wanted !== stackName && wanted !== stackArn(stackName)) {
        throw new AwsError('ValidationError', `Stack with id ${wanted} does not exist`);
      }
      const members = Object.entries(outputs()).map(
        ([key, value]) => `<member><OutputKey>${xml(key)}</OutputKey><OutputValue>${xml(value)}</OutputValue></member>`,
      );
      const stack = `<StackId>${stackArn(stackName)}</StackId><StackName>${xml(stackName)}</StackName><CreationTime>1970-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs>`;
      return answer('DescribeStacks', `<Stacks><member>${stack}</member></Stacks>`);
    },
  };
}

function demandAction(request: ServiceRequest, action: string): URLSearchParams {
  const form = new URLSearchParams(request.body.toString('utf8'));
  if (form.get('Action') === action) return form;
  throw new AwsError('InvalidAction', `The local platform answers ${action} only, not ${form.get('Action')}.`);
}

function answer(action: string, result: string): ServiceResponse {
  const body = `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}
