/** Regions of the proxy. */
import { Type } from 'typebox';
import { Regions } from '../../answers/regions.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';

/** The region if none is configured: connections leave from this machine. */
const directRegion = { code: 'DIRECT', name: 'Direct' };

/** Names of regions in a language; in English if the language is unknown. */
function regionNames(language: string): Intl.DisplayNames {
  try {
    return new Intl.DisplayNames([language, 'en'], { type: 'region' });
  } catch {
    return new Intl.DisplayNames('en', { type: 'region' });
  }
}

export function addProxyOperations(app: ApiApp, { config }: ApiContext): void {
  app.get(
    '/proxy/region',
    operation({
      id: 'listProxyRegions',
      tag: 'proxy',
      summary: 'List proxy regions',
      description: 'Returns the regions that a run can use as its proxy_region.',
      public: true,
      querystring: Type.Object({
        language: Type.Optional(
          Type.String({
            default: 'en',
            description: 'Language of the names. Unknown languages fall back to en.',
          }),
        ),
      }),
      data: Regions,
    }),
    async (request) => {
      const codes = [...config.proxyRegions.keys()];
      const names = regionNames(request.query.language ?? 'en');
      const list = codes.map((code) => ({ code, name: names.of(code) ?? code }));
      return success(request, { list: list.length === 0 ? [directRegion] : list });
    },
  );
}
