/** One field of a worker's form, rendered by its editor. */
import {
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Radio,
  Select,
  Switch,
  Textarea,
  TextInput,
} from '@mantine/core';
import { memo, useEffect, useRef, type ReactNode } from 'react';
import type { InputProperty } from '../../../api/input-schema.ts';
import { JsonField } from '../../../components/json-field.tsx';
import { DateField } from './date-field.tsx';
import type { Problem } from './input-problems.ts';
import { isJson, isList, isListEntered, isSeveral, type Entered } from './input-values.ts';
import { ListEditor } from './list-editor.tsx';
import { textOf, type ListRow } from './list-items.ts';
import type { Place } from './list-row.tsx';

interface FieldProps {
  readonly property: InputProperty;
  readonly entered: Entered;
  readonly problem: Problem | undefined;
  readonly onChange: (entered: Entered) => void;
}

interface InputFieldProps extends Omit<FieldProps, 'onChange'> {
  /** Must be a stable function, so that typing into one field does not render all others. */
  readonly onChange: (name: string, entered: Entered) => void;
  /** The place in the field to focus; each object is followed once. */
  readonly focus: Place | undefined;
}

const noRows: readonly ListRow[] = [];

function choicesOf({ options = [] }: InputProperty): { value: string; label: string }[] {
  const choices = options.map(({ label, value }) => ({
    value: textOf(value),
    label: label ?? textOf(value),
  }));
  // Duplicate values would be ambiguous choices.
  return choices.filter(
    ({ value }, index) => choices.findIndex((choice) => choice.value === value) === index,
  );
}

function sharedProps({ property, problem }: FieldProps) {
  return {
    label: property.title ?? property.name,
    description: property.description,
    required: property.required,
    withAsterisk: property.required,
    error: problem?.message,
    placeholder: property.placeholder,
  };
}

function SeveralField(props: FieldProps): ReactNode {
  const { property, entered, onChange } = props;
  const chosen = Array.isArray(entered) ? (entered as string[]) : [];
  const shared = { ...sharedProps(props), value: chosen, onChange: (next: string[]) => onChange(next) };
  if (property.editor !== 'checkbox')
    return <MultiSelect {...shared} data={choicesOf(property)} searchable clearable />;
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

function BooleanField({ property, entered, problem, onChange }: FieldProps): ReactNode {
  const shared = {
    label: property.title ?? property.name,
    description: property.description,
    checked: entered === true,
    error: problem?.message,
  };
  return property.editor === 'checkbox' ? (
    <Checkbox {...shared} onChange={(event) => onChange(event.currentTarget.checked)} />
  ) : (
    <Switch {...shared} onChange={(event) => onChange(event.currentTarget.checked)} />
  );
}

function TextField(props: FieldProps): ReactNode {
  const { property, entered, onChange } = props;
  const text = typeof entered === 'string' ? entered : '';
  const shared = sharedProps(props);
  const isNumeric = property.type === 'integer' || property.type === 'number';
  if (isJson(property))
    return <JsonField {...shared} value={text} onChange={onChange} minRows={3} maxRows={16} />;
  if (property.editor === 'radio' && property.options !== undefined) {
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
        clearable={!property.required}
        onChange={(next) => onChange(next ?? '')}
      />
    );
  }
  if (property.editor === 'datepicker')
    return <DateField property={property} value={text} onChange={onChange} shared={shared} />;
  if (property.editor === 'number' || isNumeric) {
    return (
      <NumberInput
        {...shared}
        value={text}
        allowDecimal={property.type !== 'integer'}
        // Otherwise leaving the field would round long numbers.
        clampBehavior="none"
        trimLeadingZeroesOnBlur={false}
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

function focusFirst(frame: HTMLDivElement | null): void {
  const control = frame?.querySelector<HTMLElement>('input:not([type=hidden]), textarea, button');
  control?.focus();
  control?.scrollIntoView({ block: 'center' });
}

export const InputField = memo(function InputField(props: InputFieldProps): ReactNode {
  const { property, entered, problem, focus } = props;
  const frame = useRef<HTMLDivElement>(null);
  const isTable = isList(property) && !isSeveral(property);
  const onChange = (next: Entered): void => props.onChange(property.name, next);
  useEffect(() => {
    if (focus !== undefined && !isTable) focusFirst(frame.current);
  }, [focus, isTable]);
  const fieldProps = { property, entered, problem, onChange };
  return (
    <div ref={frame}>
      {property.type === 'boolean' ? (
        <BooleanField {...fieldProps} />
      ) : isSeveral(property) ? (
        <SeveralField {...fieldProps} />
      ) : isTable ? (
        <ListEditor
          property={property}
          rows={isListEntered(entered) ? entered.rows : noRows}
          problem={problem}
          focus={focus}
          onChange={(rows) => onChange({ rows })}
        />
      ) : (
        <TextField {...fieldProps} />
      )}
    </div>
  );
});
