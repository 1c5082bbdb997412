/** One field of a worker's form, by its editor. */
import {
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Radio,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { DateInput } from '@mantine/dates';
import type { ReactNode } from 'react';
import type { InputProperty } from '../../api/workers.ts';
import { JsonField } from '../../components/json-field.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { columnsOf, isList, isSeveral, linesOf, type Entered } from './input-values.ts';

interface InputFieldProps {
  readonly property: InputProperty;
  readonly value: Entered;
  readonly problem: string | undefined;
  readonly onChange: (value: Entered) => void;
}

function choicesOf({ options = [] }: InputProperty): { value: string; label: string }[] {
  return options.map(({ label, value }) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return { value: text, label: label ?? text };
  });
}

function ListField({ property, value, problem, onChange }: InputFieldProps): ReactNode {
  const { workers: texts } = useTexts();
  const columns = columnsOf(property);
  const text = String(value);
  const hint = columns.length > 1 ? texts.columnsPerLine(columns.join(', ')) : texts.onePerLine;
  return (
    <Textarea
      label={property.title ?? property.name}
      required={property.required === true}
      description={
        <Group component="span" justify="space-between" gap="xs">
          <span>{[property.description, hint].filter(Boolean).join(' ')}</span>
          <Text component="span" size="xs">
            {texts.items(linesOf(text).length)}
          </Text>
        </Group>
      }
      error={problem}
      placeholder={property.placeholder}
      rows={6}
      resize="vertical"
      spellCheck={false}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function SeveralField({ property, value, problem, onChange }: InputFieldProps): ReactNode {
  const chosen = typeof value === 'object' ? [...value] : [];
  const shared = {
    label: property.title ?? property.name,
    description: property.description,
    required: property.required === true,
    error: problem,
    value: chosen,
    onChange: (next: string[]) => onChange(next),
  };
  if (property.editor !== 'checkbox')
    return <MultiSelect {...shared} data={choicesOf(property)} searchable />;
  return (
    <Checkbox.Group {...shared}>
      <Group mt="xs">
        {choicesOf(property).map(({ value: choice, label }) => (
          <Checkbox key={choice} value={choice} label={label} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}

function BooleanField({ property, value, onChange }: InputFieldProps): ReactNode {
  const shared = {
    label: property.title ?? property.name,
    description: property.description,
    checked: value === true,
  };
  return property.editor === 'checkbox' ? (
    <Checkbox {...shared} onChange={(event) => onChange(event.currentTarget.checked)} />
  ) : (
    <Switch {...shared} onChange={(event) => onChange(event.currentTarget.checked)} />
  );
}

function TextField({ property, value, problem, onChange }: InputFieldProps): ReactNode {
  const text = String(value);
  const shared = {
    label: property.title ?? property.name,
    description: property.description,
    required: property.required === true,
    error: problem,
    placeholder: property.placeholder,
  };
  const numeric = property.type === 'integer' || property.type === 'number';
  if (property.editor === 'json' || property.type === 'object') {
    return <JsonField {...shared} value={text} onChange={onChange} minRows={3} maxRows={16} />;
  }
  if (property.editor === 'radio') {
    return (
      <Radio.Group {...shared} value={text} onChange={onChange}>
        <Group mt="xs">
          {choicesOf(property).map(({ value: choice, label }) => (
            <Radio key={choice} value={choice} label={label} />
          ))}
        </Group>
      </Radio.Group>
    );
  }
  if (property.options !== undefined) {
    return (
      <Select
        {...shared}
        data={choicesOf(property)}
        value={text === '' ? null : text}
        searchable
        clearable={property.required !== true}
        onChange={(next) => onChange(next ?? '')}
      />
    );
  }
  if (property.editor === 'datepicker') {
    return (
      <DateInput
        {...shared}
        valueFormat="YYYY-MM-DD"
        clearable
        value={text === '' ? null : text}
        onChange={(next) => onChange(next ?? '')}
      />
    );
  }
  if (property.editor === 'number' || numeric) {
    return (
      <NumberInput
        {...shared}
        value={text}
        allowDecimal={property.type !== 'integer'}
        onChange={(next) => onChange(String(next))}
      />
    );
  }
  if (property.editor === 'textarea') {
    return (
      <Textarea
        {...shared}
        autosize
        minRows={3}
        maxRows={16}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return <TextInput {...shared} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
}

function EditorField(props: InputFieldProps): ReactNode {
  const { property } = props;
  if (property.type === 'boolean') return <BooleanField {...props} />;
  if (isSeveral(property)) return <SeveralField {...props} />;
  return isList(property) ? <ListField {...props} /> : <TextField {...props} />;
}

/** The field, with the caption of the section that begins with it. */
export function InputField(props: InputFieldProps): ReactNode {
  const { sectionCaption: caption, sectionDescription: description } = props.property;
  if (!caption) return <EditorField {...props} />;
  return (
    <Stack gap="md" mt="md">
      <div>
        <Text fw={650}>{caption}</Text>
        <Text size="sm" c="dimmed">
          {description}
        </Text>
      </div>
      <EditorField {...props} />
    </Stack>
  );
}
