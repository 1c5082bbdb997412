/** A time in the reader's zone and language: relative, with the exact time on hover. */
import { useInterval } from '@mantine/hooks';
import { Tooltip } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useLanguage, useTexts } from '../texts/texts.tsx';

const steps: readonly { readonly unit: Intl.RelativeTimeFormatUnit; readonly seconds: number }[] = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3600 },
  { unit: 'minute', seconds: 60 },
];

function midnight(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** Calendar days from now in the reader's zone: a time after midnight is tomorrow, however soon it is. */
function daysAhead(seconds: number, now: number): number {
  // Days on which clocks change have 23 or 25 hours.
  return Math.round((midnight(seconds * 1000) - midnight(now)) / 86_400_000);
}

function relative(seconds: number, now: number, language: string): string {
  const ahead = seconds - now / 1000;
  const step = steps.find((candidate) => Math.abs(ahead) >= candidate.seconds);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  if (step === undefined) return format.format(0, 'second');
  if (step.unit === 'day') return format.format(daysAhead(seconds, now), 'day');
  return format.format(Math.trunc(ahead / step.seconds), step.unit);
}

/** @param seconds Unix seconds; 0 if it has not happened yet */
export function Moment({ seconds }: { readonly seconds: number }): ReactNode {
  const { common } = useTexts();
  const { language } = useLanguage();
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), 30_000, { autoInvoke: true });
  if (seconds === 0) return common.never;
  const date = new Date(seconds * 1000);
  const exact = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' }).format(date);
  return (
    <Tooltip label={exact} openDelay={300}>
      <time dateTime={date.toISOString()}>{relative(seconds, now, language)}</time>
    </Tooltip>
  );
}
