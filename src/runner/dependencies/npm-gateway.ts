/** The npm registries that the configuration of this host names, behind a gateway. */
import type { AllowList } from '../../addresses/addresses.ts';
import { SecretMask } from '../../logs/logs.ts';
import type { NpmSettings } from './npm-settings.ts';
import { secretsOfAccess, type RegistryAccess } from './registry-access.ts';
import { RegistryClient } from './registry-client.ts';
import { RegistryGateway, type ServedRegistry } from './registry-gateway.ts';

/** The registries as package managers reach them, with a trailing slash. */
export interface LocalRegistries {
  readonly main: string;
  readonly scopes: readonly { readonly scope: string; readonly registry: string }[];
}

/** @param port of the gateway on loopback; its default in sandboxes */
export function openGateway(
  access: RegistryAccess,
  registries: readonly ServedRegistry[],
  allowed: AllowList,
  port?: number,
): RegistryGateway {
  const urls = registries.map(({ url }) => url);
  const client = new RegistryClient({ access, registries: urls, allowed });
  return new RegistryGateway(client, registries, { port });
}

/** @param port see `openGateway` */
export function openNpmGateway(
  settings: NpmSettings,
  allowed: AllowList,
  port?: number,
): { readonly gateway: RegistryGateway; readonly registries: LocalRegistries } {
  const urls = [...new Set([settings.registry, ...settings.scopes.map(({ registry }) => registry)])];
  const served = urls.map((url): ServedRegistry => ({ kind: 'npm', url }));
  const gateway = openGateway(settings, served, allowed, port);
  const local = (url: string): string => gateway.localUrl(urls.indexOf(url));
  const scopes = settings.scopes.map(({ scope, registry }) => ({ scope, registry: local(registry) }));
  return { gateway, registries: { main: local(settings.registry), scopes } };
}

/** Content of `.npmrc`. @param options further lines */
export function npmrc({ main, scopes }: LocalRegistries, options: readonly string[]): string {
  const lines = [
    `registry=${main}`,
    ...scopes.map(({ scope, registry }) => `${scope}:registry=${registry}`),
    ...options,
  ];
  return `${lines.join('\n')}\n`;
}

/** Restores the original addresses in lines, and masks the configuration's secrets. */
export function editOf(access: RegistryAccess, gateway: RegistryGateway): (line: string) => string {
  const mask = new SecretMask(secretsOfAccess(access));
  return (line) => mask.apply(gateway.readable(line));
}
