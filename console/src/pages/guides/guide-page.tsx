/** One guide, which can be copied as Markdown. */
import { Alert, Box, Group, Paper, Skeleton } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconMarkdown } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { guideQuery, guidesQuery } from '../../api/guides.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { readHeadings } from '../../components/markdown-reader.ts';
import { OwnMarkdown } from '../../components/markdown.tsx';
import { Panel } from '../../components/panel.tsx';
import { TemplateDownloads } from '../../components/template-downloads.tsx';
import { NotFoundPage } from '../../shell/not-found-page.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { Contents } from './contents.tsx';
import classes from './contents.module.css';
import { GuideMenu } from './guide-menu.tsx';

const route = getRouteApi('/frame/docs/$guide');

/**
 * Turns links between the files of `docs/` into links between pages. Links to files that are not served become plain
 * text.
 */
export function withPageLinks(markdown: string): string {
  return markdown
    .replaceAll(/!\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/\]\(([\w-]+)\.md(#[^()\s]+)?\)/g, '](/docs/$1$2)')
    .replaceAll(/\[([^[\]]*)\]\(\.\.?\/[^()]*\)/g, '$1');
}

/** Guides that tell how to write a worker. */
const writersGuides: ReadonlySet<string> = new Set(['quick-start', 'workers', 'sdk']);

function Downloads(): ReactNode {
  const { templates } = useTexts();
  return (
    <Box maw={900} mt="md">
      <Panel title={templates.title}>
        <TemplateDownloads />
      </Panel>
    </Box>
  );
}

function CopyMarkdown({ markdown }: { readonly markdown: string }): ReactNode {
  const { reference } = useTexts();
  return <CopyButton text={markdown} label={reference.copyMarkdown} icon={<IconMarkdown size={16} />} />;
}

function GuideText({ markdown }: { readonly markdown: string }): ReactNode {
  const navigate = useNavigate();
  const { hash } = useLocation();
  // Scrolls to the heading in the URL, which exists only after rendering.
  useEffect(() => {
    if (hash !== '') document.querySelector(`#${CSS.escape(hash)}`)?.scrollIntoView();
  }, [hash]);
  return (
    <div className={classes['page']}>
      <Contents headings={readHeadings(markdown)} />
      <Paper withBorder p={{ base: 'md', sm: 'xl' }} component="article">
        <OwnMarkdown
          markdown={withPageLinks(markdown)}
          onNavigate={(address) => void navigate({ href: address })}
        />
      </Paper>
    </div>
  );
}

export function GuidePage(): ReactNode {
  const { guide: name } = route.useParams();
  const { language } = useLanguage();
  const { guides: texts } = useTexts();
  const guides = useQuery(guidesQuery(language));
  const current = guides.data?.find((guide) => guide.name === name);
  const { data, error, refetch } = useQuery({
    ...guideQuery(name, language),
    enabled: current !== undefined,
  });
  useDocumentTitle(`${current?.title ?? name} · Chela`);
  const failure = guides.error ?? error;
  if (failure !== null) return <ErrorNotice error={failure} onRetry={() => void refetch()} />;
  if (guides.data !== undefined && current === undefined) return <NotFoundPage />;
  if (guides.data === undefined || data === undefined) return <Skeleton h="80vh" />;
  return (
    <div>
      <Group justify="space-between" align="flex-start" maw={900} gap="xs" mb="md">
        <GuideMenu guides={guides.data} current={name} />
        <CopyMarkdown markdown={data} />
      </Group>
      {!current?.isTranslated && (
        <Alert color="blue" maw={900} mb="md" role="note">
          {texts.englishOnly}
        </Alert>
      )}
      <GuideText key={data} markdown={data} />
      {writersGuides.has(name) && <Downloads />}
    </div>
  );
}
