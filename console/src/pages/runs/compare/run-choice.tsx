/** Chooses the run to compare with, among the runs of the same worker. */
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { stateOf } from '../../../api/run-states.ts';
import type { Run } from '../../../api/runs.ts';
import { formatCount } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';

interface RunChoiceProps {
  readonly runs: readonly Run[];
  /** May be a run that is not among those. */
  readonly chosen: Run | undefined;
  readonly onChoose: (slug: string) => void;
}

export function RunChoice({ runs, chosen, onChoose }: RunChoiceProps): ReactNode {
  const { compare: texts, common, run: runTexts } = useTexts();
  const { language } = useLanguage();
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const isListed = runs.some(({ slug }) => slug === chosen?.slug);
  const all = chosen === undefined || isListed ? runs : [chosen, ...runs];
  const data = all.map((run) => {
    const begin = run.started_at === 0 ? run.slug : format.format(new Date(run.started_at * 1000));
    const rows = runTexts.rowCount(run.results, formatCount(run.results, language));
    return { value: run.slug, label: [begin, common.status[stateOf(run)], rows, run.version].join(' · ') };
  });
  return (
    <Select
      label={texts.compareWith}
      data={data}
      value={chosen?.slug ?? null}
      searchable
      allowDeselect={false}
      nothingFoundMessage={texts.noSuchRun}
      w={{ base: '100%', sm: 420 }}
      maw="calc(100vw - 2rem)"
      onChange={(slug) => {
        if (slug !== null) onChoose(slug);
      }}
    />
  );
}
