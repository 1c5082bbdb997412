import { flagOf, settings, type SettingName } from './configuration.ts';

function defaultText(name: SettingName): string {
  const definition: { defaultText?: string; default: unknown } = settings[name];
  return definition.defaultText ?? `\`${String(definition.default)}\``;
}

/** The page of all settings, Markdown. */
export function configurationPage(): string {
  const rows = (Object.keys(settings) as SettingName[]).map(
    (name) =>
      `| \`${settings[name].environment}\` | \`${flagOf(name)}\` | ${defaultText(name)} | ${settings[name].describe} |`,
  );
  return `# Configuration

Every setting, by its environment variable or its flag; a flag wins. \`chela COMMAND --help\` shows which flags a command
takes. A wrong value stops the start and says what was expected. This page is made from \`src/configuration/\`.

| Environment | Flag | Default | |
|---|---|---|---|
${rows.join('\n')}
`;
}
