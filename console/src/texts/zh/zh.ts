/** 简体中文 */
import type { Texts } from '../en/en.ts';
import { account } from './account.ts';
import { accounts } from './accounts.ts';
import { auditLog } from './audit-log.ts';
import { code } from './code.ts';
import { callbacks } from './callbacks.ts';
import { common } from './common.ts';
import { compare } from './compare.ts';
import { editor } from './editor.ts';
import { ends } from './ends.ts';
import { files } from './files.ts';
import { guides } from './guides.ts';
import { inputForm } from './input-form.ts';
import { reference } from './reference.ts';
import { results } from './results.ts';
import { run } from './run.ts';
import { runCare } from './run-care.ts';
import { runs } from './runs.ts';
import { signIn } from './sign-in.ts';
import { tasks } from './tasks.ts';
import { versions } from './worker-versions.ts';
import { workerNetwork } from './worker-network.ts';
import { workerSettings } from './worker-settings.ts';
import { workers } from './workers.ts';
import { lists } from './lists.ts';
import { network } from './network.ts';
import { overview } from './overview.ts';
import { palette } from './palette.ts';
import { queue } from './queue.ts';
import { schedules } from './schedules.ts';
import { system } from './system.ts';
import { templates } from './templates.ts';
import { usage } from './usage.ts';

export const zh: Texts = {
  account,
  accounts,
  auditLog,
  code,
  callbacks,
  common,
  compare,
  editor,
  ends,
  files,
  guides,
  inputForm,
  reference,
  results,
  run,
  runCare,
  runs,
  signIn,
  tasks,
  versions,
  workerNetwork,
  workerSettings,
  workers,
  lists,
  network,
  overview,
  palette,
  queue,
  schedules,
  system,
  templates,
  usage,
};
