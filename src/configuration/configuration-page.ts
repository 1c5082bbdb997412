import { flagOf } from './configuration.ts';
import type { Setting } from './setting.ts';
import { settingGroups } from './settings.ts';
import type { SettingName } from './configuration.ts';

function defaultText({ default: value, defaultText: text }: Setting<unknown>): string {
  return text ?? `\`${String(value)}\``;
}

function row(name: string, setting: Setting<unknown>): string {
  const { environment, formerEnvironment, describe } = setting;
  const former = formerEnvironment === undefined ? '' : ` \`${formerEnvironment}\` is also accepted.`;
  return `| \`${environment}\` | \`${flagOf(name as SettingName)}\` | ${defaultText(setting)} | ${describe}${former} |`;
}

function section({ title, describe, settings }: (typeof settingGroups)[number]): string {
  const rows = Object.entries<Setting<unknown>>(settings).map(([name, setting]) => row(name, setting));
  return `## ${title}

${describe}

| Environment | Flag | Default | |
|---|---|---|---|
${rows.join('\n')}
`;
}

/** The page of all settings by group, in Markdown. */
export function configurationPage(): string {
  return `# Configuration

Every setting has an environment variable and a flag; the flag wins. \`chela COMMAND --help\` shows which flags a command
accepts. If a value is invalid, Chela does not start and says what it expected. This page is generated from \`src/configuration/settings/\`.

${settingGroups.map(section).join('\n')}`;
}
