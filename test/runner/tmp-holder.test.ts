import { expect, test } from 'vitest';
import { TmpHolder } from '../../src/runner/sandboxes/tmp-holder.ts';

// An unhandled rejection would end the runner; vitest reports it as a failure.
test('a /tmp whose setup cannot be started is one error', async () => {
  const tools = { bubblewrap: '/absent/bwrap', nsenter: '/absent/nsenter' };
  await expect(TmpHolder.open(tools, '/absent', 1024, undefined)).rejects.toThrow('ENOENT');
});
