/** One field for each path, query and header parameter. */
import { Badge, Group, Select, Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { textOf, typeOf, type Parameter } from '../../../../src/documentation/api-document.ts';
import { InlineCode } from './inline-code.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface ParameterFieldsProps {
  readonly parameters: readonly Parameter[];
  readonly values: Readonly<Record<string, string>>;
  readonly onChange: (name: string, value: string) => void;
}

function ParameterLabel({ parameter }: { readonly parameter: Parameter }): ReactNode {
  const { reference: texts } = useTexts();
  const isRequired = parameter.in === 'path' || parameter.required === true;
  return (
    <Group gap="xs" component="span">
      <span>{parameter.name}</span>
      <Badge component="span" size="xs" variant="light" radius="sm" color={isRequired ? 'orange' : 'gray'}>
        {isRequired ? texts.required : texts.optional}
      </Badge>
    </Group>
  );
}

function ParameterField({
  parameter,
  value,
  onChange,
}: {
  readonly parameter: Parameter;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const { schema, description = '', example } = parameter;
  const shared = {
    label: <ParameterLabel parameter={parameter} />,
    'aria-label': parameter.name,
    description: (
      <InlineCode
        text={[description, typeOf(schema)].filter((text) => text !== '').join(' · ')}
        size="inherit"
      />
    ),
  };
  if (schema.enum !== undefined) {
    return (
      <Select
        {...shared}
        data={schema.enum.map(String)}
        value={value || null}
        clearable
        onChange={(next) => onChange(next ?? '')}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      value={value}
      placeholder={textOf(example)}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function ParameterFields({ parameters, values, onChange }: ParameterFieldsProps): ReactNode {
  if (parameters.length === 0) return null;
  return (
    <Stack gap="sm">
      {parameters.map((parameter) => (
        <ParameterField
          key={`${parameter.in} ${parameter.name}`}
          parameter={parameter}
          value={values[parameter.name] ?? ''}
          onChange={(value) => onChange(parameter.name, value)}
        />
      ))}
    </Stack>
  );
}
