/** Shown instead of statistics until the first run: ways to get started. */
import { Card, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconApi, IconBuildingStore, IconUpload } from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { ButtonLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface StepProps {
  readonly icon: ComponentType<{ size: number; stroke: number }>;
  readonly title: string;
  readonly text: string;
  readonly action: ReactNode;
}

function Step({ icon: Icon, title, text, action }: StepProps): ReactNode {
  return (
    <Card withBorder padding="lg">
      <Stack gap="xs" h="100%" align="flex-start">
        <ThemeIcon variant="light" size="xl">
          <Icon size={22} stroke={1.6} />
        </ThemeIcon>
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text size="sm" c="dimmed" style={{ flex: 1 }}>
          {text}
        </Text>
        {action}
      </Stack>
    </Card>
  );
}

export function FreshInstallation(): ReactNode {
  const { overview: texts, common } = useTexts();
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }}>
      <Step
        icon={IconBuildingStore}
        title={texts.freshStore}
        text={texts.freshStoreText}
        action={<ButtonLink to="/store">{common.store}</ButtonLink>}
      />
      <Step
        icon={IconUpload}
        title={texts.freshUpload}
        text={texts.freshUploadText}
        action={
          <ButtonLink to="/workers" variant="light">
            {common.workers}
          </ButtonLink>
        }
      />
      <Step
        icon={IconApi}
        title={texts.freshApi}
        text={texts.freshApiText}
        action={
          <ButtonLink to="/docs/api" variant="light">
            {texts.freshApiLink}
          </ButtonLink>
        }
      />
    </SimpleGrid>
  );
}
