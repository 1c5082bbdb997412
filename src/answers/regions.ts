/** Regions of the proxy. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

export const Regions = Type.Object({
  list: Type.Array(
    Type.Object({
      code: Type.String({ description: 'Value for proxy_region.', examples: ['US'] }),
      name: Type.String({ examples: ['United States'] }),
    }),
  ),
});
export type Regions = Answer<typeof Regions>;
