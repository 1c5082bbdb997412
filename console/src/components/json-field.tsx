/** A field for JSON. The form reports errors when it is submitted. */
import { Textarea, type TextareaProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface JsonFieldProps extends Omit<TextareaProps, 'value' | 'onChange'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function JsonField({ value, onChange, ...props }: JsonFieldProps): ReactNode {
  return (
    <Textarea
      {...props}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autosize
      spellCheck={false}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8125rem' } }}
    />
  );
}
