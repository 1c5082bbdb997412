/** A date in the format that the worker expects, with a time if that format has one. */
import { TextInput } from '@mantine/core';
import { DateInput, DateTimePicker } from '@mantine/dates';
import dayjs from 'dayjs';
import customParseFormat from 'dayjs/plugin/customParseFormat';
import type { ReactNode } from 'react';
import type { InputProperty } from '../../../api/input-schema.ts';

dayjs.extend(customParseFormat);

interface DateFieldProps {
  readonly property: InputProperty;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly shared: {
    readonly label: string;
    readonly description: string | undefined;
    readonly required: boolean;
    readonly withAsterisk: boolean;
    readonly error: string | undefined;
    readonly placeholder: string | undefined;
  };
}

const isoDate = 'YYYY-MM-DD';

export function DateField({ property, value, onChange, shared }: DateFieldProps): ReactNode {
  const format = property.valueFormat ?? property.format ?? isoDate;
  const shownFormat = property.format ?? format;
  const hasTime = /[Hhms]/.test(format);
  const parsed = value === '' ? undefined : dayjs(value, format, true);
  // A worker's default may be something other than a date, such as "today".
  if (parsed !== undefined && !parsed.isValid()) {
    return <TextInput {...shared} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  const pickerProps = {
    ...shared,
    valueFormat: shownFormat,
    clearable: !property.required,
    onChange: (next: string | null) => onChange(next === null ? '' : dayjs(next).format(format)),
  };
  return hasTime ? (
    <DateTimePicker {...pickerProps} value={parsed?.format('YYYY-MM-DD HH:mm:ss') ?? null} />
  ) : (
    <DateInput {...pickerProps} value={parsed?.format(isoDate) ?? null} />
  );
}
