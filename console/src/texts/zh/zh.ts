/** 简体中文 */
import type { Texts } from '../texts.tsx';
import { account } from './account.ts';
import { common } from './common.ts';
import { reference } from './reference.ts';
import { run } from './run.ts';
import { runs } from './runs.ts';
import { signIn } from './sign-in.ts';
import { tasks } from './tasks.ts';
import { workers } from './workers.ts';

export const zh: Texts = { account, common, reference, run, runs, signIn, tasks, workers };
