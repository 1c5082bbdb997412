/** The current time, updated every minute, so that a page that stays open moves on to the next hour or day. */
import { useInterval } from '@mantine/hooks';
import { useState } from 'react';

const minuteMilliseconds = 60_000;

export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useInterval(() => setNow(new Date()), minuteMilliseconds, { autoInvoke: true });
  return now;
}
