/** The index of the documentation: guides by purpose, and the API reference. */
import { Anchor, Box, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { guidesQuery, type Guide } from '../../api/guides.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { FoundPages } from './found-pages.tsx';
import { guidesByGroup } from './guide-menu.tsx';

const route = getRouteApi('/frame/docs');

/** Of the words that the server searches. */
const searchLength = 200;

function GuideLine({ guide: { name, title, summary, isTranslated } }: { readonly guide: Guide }): ReactNode {
  const { guides: texts } = useTexts();
  return (
    <div>
      <AnchorLink to="/docs/$guide" params={{ guide: name }} fw={500}>
        {title}
      </AnchorLink>
      {!isTranslated && (
        <Text span size="sm" c="dimmed">
          {' '}
          {texts.inEnglish}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {summary}
      </Text>
    </div>
  );
}

export function GuidesPage(): ReactNode {
  const { guides: texts, reference } = useTexts();
  const { language } = useLanguage();
  const { keyword: words = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(guidesQuery(language));
  return (
    <div>
      <PageHeader title={texts.title} description={texts.intro} />
      <Box mb="md">
        <SearchField
          label={texts.search}
          value={words}
          maxLength={searchLength}
          onSearch={(keyword) => void navigate({ search: { keyword: keyword || undefined }, replace: true })}
        />
      </Box>
      {words !== '' && <FoundPages words={words} />}
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h="60vh" />}
      {data !== undefined && words === '' && (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          {guidesByGroup(data).map(([group, guides]) => (
            <Paper key={group} withBorder p="lg" component="section">
              <Title order={2} size="h4" mb="md">
                {texts.groups[group]}
              </Title>
              <Stack gap="sm">
                {guides.map((guide) => (
                  <GuideLine key={guide.name} guide={guide} />
                ))}
              </Stack>
            </Paper>
          ))}
          <Paper withBorder p="lg" component="section">
            <Title order={2} size="h4" mb="md">
              {reference.title}
            </Title>
            <AnchorLink to="/docs/api" fw={500}>
              {texts.everyOperation}
            </AnchorLink>
            <Text size="sm" c="dimmed">
              {texts.forPrograms}{' '}
              <Anchor href="/openapi.json" size="sm" underline="always">
                /openapi.json
              </Anchor>
              {' · '}
              <Anchor href="/llms.txt" size="sm" underline="always">
                /llms.txt
              </Anchor>
            </Text>
          </Paper>
        </SimpleGrid>
      )}
    </div>
  );
}
