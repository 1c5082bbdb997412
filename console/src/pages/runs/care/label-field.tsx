/** A field for labels, which suggests those in use. */
import { TagsInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { labelsQuery, maxLabelLength, maxLabels } from '../../../api/run-care.ts';
import classes from './label-field.module.css';

interface LabelFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly value: readonly string[];
  readonly onChange: (labels: string[]) => void;
  readonly hasFocus?: boolean;
}

export function LabelField({ label, description, value, onChange, hasFocus }: LabelFieldProps): ReactNode {
  const { data } = useQuery(labelsQuery);
  return (
    <TagsInput
      label={label}
      description={description}
      data={(data ?? []).map((each) => each.label)}
      value={[...value]}
      onChange={onChange}
      maxTags={maxLabels}
      maxLength={maxLabelLength}
      limit={20}
      clearable
      classNames={{ inputField: classes['input'] ?? '' }}
      data-autofocus={hasFocus === true ? true : undefined}
    />
  );
}
