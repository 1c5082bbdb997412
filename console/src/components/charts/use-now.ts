/** The time, renewed every minute: a page that stays open sees a new hour or day begin. */
import { useInterval } from '@mantine/hooks';
import { useState } from 'react';

const minuteMilliseconds = 60_000;

export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useInterval(() => setNow(new Date()), minuteMilliseconds, { autoInvoke: true });
  return now;
}
