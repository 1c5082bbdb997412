/** Links that download the templates of workers and the SDK. */
import { Anchor, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { sdkLanguages, templateKinds, templateLanguages } from '../../../src/templates/template-names.ts';
import { apiPath } from '../api/client.ts';
import { useTexts } from '../texts/texts.tsx';

interface LinkRowProps {
  readonly label: string;
  readonly links: readonly { readonly label: string; readonly address: string }[];
}

function LinkRow({ label, links }: LinkRowProps): ReactNode {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Text size="sm" fw={600} w="6rem" style={{ flexShrink: 0 }}>
        {label}
      </Text>
      <Group gap="sm">
        {links.map(({ label: name, address }) => (
          <Anchor key={address} href={address} size="sm" download aria-label={`${label}: ${name}`}>
            {name}
          </Anchor>
        ))}
      </Group>
    </Group>
  );
}

export function TemplateDownloads(): ReactNode {
  const { templates: texts } = useTexts();
  return (
    <Stack gap={6}>
      <Text size="sm" c="dimmed">
        {texts.text}
      </Text>
      {templateLanguages.map((language) => (
        <LinkRow
          key={language}
          label={texts.languages[language]}
          links={templateKinds.map((kind) => ({
            label: texts.kinds[kind],
            address: apiPath(`/worker-templates/${language}-${kind}/package`),
          }))}
        />
      ))}
      <LinkRow
        label={texts.sdkOnly}
        links={sdkLanguages.map((language) => ({
          label: texts.sdkLanguages[language],
          address: apiPath(`/worker-sdks/${language}/package`),
        }))}
      />
    </Stack>
  );
}
