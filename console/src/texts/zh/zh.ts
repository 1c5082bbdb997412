/** 简体中文 */
import type { Texts } from '../texts.tsx';
import { account } from './account.ts';
import { common } from './common.ts';
import { inputForm } from './input-form.ts';
import { reference } from './reference.ts';
import { runs } from './runs.ts';
import { signIn } from './sign-in.ts';
import { tasks } from './tasks.ts';
import { versions } from './worker-versions.ts';
import { workerSettings } from './worker-settings.ts';
import { workers } from './workers.ts';

export const zh: Texts = {
  account,
  common,
  inputForm,
  reference,
  runs,
  signIn,
  tasks,
  versions,
  workerSettings,
  workers,
};
