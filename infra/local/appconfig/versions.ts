import * as z from 'zod';
import { type Call, page, param, type Routes, readMembers } from '../gateway/rest-routes.ts';
import { AwsError, type Invoke, type ServiceResponse } from '../service.ts';
import { askExtensions } from './extensions.ts';
import { flagFaults } from './feature-flags.ts';
import { guarded } from './resources.ts';
import { type AppConfigState, badRequest, byId, conflict, FLAG_TYPE, notFound, type Profile } from './state.ts';

const MAX_CONTENT_BYTES = 2048 * 1024;

type Stored = AppConfigState['versions'][number];

const headersSchema = z.object({
  'content-type': z.string().min(1).max(255),
  description: z.string().max(1024).optional(),
  versionlabel: z.string().max(64).regex(/\D/, 'must hold something else than digits').optional(),
  'latest-version-number': z.coerce.number().int().optional(),
});

/** Operations on hosted configuration versions. */
export function versionRoutes(state: AppConfigState, invoke: Invoke): Routes {
  const path = '/applications/{app}/configurationprofiles/{profile}/hostedconfigurationversions';
  return {
    [`POST ${path}`]: guarded('CreateHostedConfigurationVersion', (call) => createVersion(state, invoke, call)),
    [`GET ${path}`]: guarded('ListHostedConfigurationVersions', (call) =>
      page(
        versionsOf(state, profileOf(state, call)).map(({ version }) => version),
        call,
      ),
    ),
    [`GET ${path}/{version}`]: guarded('GetHostedConfigurationVersion', (call) =>
      raw(200, findVersion(state, profileOf(state, call), param(call, 'version'))),
    ),
    [`DELETE ${path}/{version}`]: guarded('DeleteHostedConfigurationVersion', (call) => {
      const found = findVersion(state, profileOf(state, call), param(call, 'version'));
      state.versions[state.versions.indexOf(found)] = { ...found, deleted: true };
      return { status: 204 };
    }),
  };
}

function profileOf(state: AppConfigState, call: Call): Profile {
  const ours = state.profiles.filter(({ ApplicationId }) => ApplicationId === param(call, 'app'));
  return byId(ours, 'ConfigurationProfile', param(call, 'profile'));
}

/** A hosted version by its number or label. @throws AwsError ResourceNotFoundException */
export function findVersion(state: AppConfigState, profile: Profile, numberOrLabel: string): Stored {
  const found = versionsOf(state, profile).find(
    ({ version }) => String(version.VersionNumber) === numberOrLabel || version.VersionLabel === numberOrLabel,
  );
  if (found === undefined) throw notFound('HostedConfigurationVersion', numberOrLabel);
  return found;
}

/** Newest first. */
function versionsOf(state: AppConfigState, profile: Profile): readonly Stored[] {
  return everMade(state, profile).filter(({ deleted }) => deleted !== true);
}

/** Newest first: the number of a deleted version is not used again. */
function everMade(state: AppConfigState, profile: Profile): readonly Stored[] {
  return state.versions.filter(({ version }) => version.ConfigurationProfileId === profile.Id).reverse();
}

async function createVersion(state: AppConfigState, invoke: Invoke, call: Call): Promise<ServiceResponse> {
  const profile = profileOf(state, call);
  const application = byId(state.applications, 'Application', profile.ApplicationId);
  const headers = readMembers(call.headers, headersSchema);
  if (call.body.length > MAX_CONTENT_BYTES) {
    throw new AwsError('PayloadTooLargeException', 'The configuration is larger than 2,048 KB.', 413);
  }
  nextVersion(state, profile, headers);
  const content = call.body.toString('base64');
  const members = { Description: headers.description ?? '' };
  const point = 'PRE_CREATE_HOSTED_CONFIGURATION_VERSION';
  await askExtensions(state, invoke, { point, application, profile, content, members });
  demandValid(profile, call.body.toString('utf8'));
  const version = {
    ApplicationId: application.Id,
    ConfigurationProfileId: profile.Id,
    // Looked up again: another version may have come first while the extensions ran.
    VersionNumber: nextVersion(state, profile, headers),
    Description: headers.description,
    ContentType: headers['content-type'],
    VersionLabel: headers.versionlabel,
  };
  state.versions.push({ version, content });
  return raw(201, { version, content });
}

function demandValid(profile: Profile, content: string): void {
  const faults = profile.Type === FLAG_TYPE ? flagFaults(content) : [];
  if (faults.length === 0) return;
  const InvalidConfiguration = faults.map((Reason) => ({ Type: 'FeatureFlags', Reason }));
  const members = { Reason: 'InvalidConfiguration', Details: { InvalidConfiguration } };
  throw badRequest(`The feature flags are invalid: ${faults.join('; ')}`, members);
}

/** @throws AwsError ConflictException when the caller saw another latest version or the label is taken */
function nextVersion(state: AppConfigState, profile: Profile, headers: z.infer<typeof headersSchema>): number {
  const versions = versionsOf(state, profile);
  const latest = everMade(state, profile)[0]?.version.VersionNumber ?? 0;
  const { 'latest-version-number': expected = latest, versionlabel: label } = headers;
  if (expected !== latest) throw conflict(`The latest version number is ${latest}, not ${expected}`);
  if (label !== undefined && versions.some(({ version }) => version.VersionLabel === label)) {
    throw conflict(`The version label ${label} is taken`);
  }
  return latest + 1;
}

function raw(status: number, { version, content }: Stored): ServiceResponse {
  const headers = {
    'application-id': version.ApplicationId,
    'configuration-profile-id': version.ConfigurationProfileId,
    'version-number': String(version.VersionNumber),
    'content-type': version.ContentType,
    ...(version.Description !== undefined && { description: version.Description }),
    ...(version.VersionLabel !== undefined && { versionlabel: version.VersionLabel }),
  };
  return { status, headers, body: Buffer.from(content, 'base64') };
}
