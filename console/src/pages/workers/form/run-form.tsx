/** A worker's form, generated from its input schema, as fields or JSON, with a button that starts a run or saves a task. */
import { Badge, Button, Collapse, Group, Kbd, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustments, IconDeviceFloppy, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode } from 'react';
import type { InputSchema } from '../../../api/input-schema.ts';
import type { WorkerDetail } from '../../../api/workers.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { JsonField } from '../../../components/json-field.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { FormSections } from './form-sections.tsx';
import { answeredOptionProblems } from './input-problems.ts';
import { countOptions, optionNames } from './option-values.ts';
import classes from './run-form.module.css';
import { RunOptionFields } from './run-options.tsx';
import { SaveTaskButtons } from './save-task-buttons.tsx';
import { SubtaskCount } from './subtask-count.tsx';
import { useRunForm, type Filling, type RunForm as RunFormState } from './use-run-form.ts';
import { useSave, useStart } from './use-submission.ts';

interface RunFormProps {
  readonly workerId: string;
  readonly worker: WorkerDetail;
  /** Input schema of the version to run. */
  readonly schema: InputSchema;
  readonly filling: Filling;
  /** Versions to choose from, newest first. */
  readonly versions: readonly string[];
  /** Slug of the task whose input is edited and saved; starts a run if undefined. */
  readonly taskSlug?: string | undefined;
}

function FormHead({ form }: { readonly form: RunFormState }): ReactNode {
  const { inputForm: texts } = useTexts();
  const [undo, setUndo] = useState<() => void>();
  return (
    <Group justify="space-between" gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={texts.view}
        data={[
          { value: 'form', label: texts.formMode },
          { value: 'json', label: texts.jsonMode },
        ]}
        value={form.mode}
        onChange={(next) => form.setMode(next)}
      />
      {form.isEdited && (
        <Group gap="xs">
          {form.isRestored && (
            <Text size="xs" c="dimmed">
              {texts.restored}
            </Text>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => {
              const restore = form.reset();
              setUndo(() => restore);
            }}
          >
            {texts.reset}
          </Button>
        </Group>
      )}
      {!form.isEdited && undo !== undefined && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          onClick={() => {
            undo();
            setUndo(undefined);
          }}
        >
          {texts.undoReset}
        </Button>
      )}
    </Group>
  );
}

export function RunForm({ workerId, worker, schema, filling, versions, taskSlug }: RunFormProps): ReactNode {
  const { inputForm: texts, common } = useTexts();
  const { system: defaults } = worker.parameters;
  const form = useRunForm({ workerId, version: worker.version, schema, filling });
  const starting = useStart(workerId);
  const saving = useSave(taskSlug ?? '', form.markSaved);
  const submission = taskSlug === undefined ? starting : saving;
  const [hasOptions, { toggle, open }] = useDisclosure();
  const optionFrame = useRef<HTMLDivElement>(null);
  // The problems may appear out of view, so scroll to them.
  useEffect(() => {
    if (hasOptions) optionFrame.current?.scrollIntoView({ block: 'center' });
  }, [hasOptions]);
  const optionProblems = answeredOptionProblems(Object.values(optionNames), submission.error);
  const optionCount = countOptions(form.options);

  const submit = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault();
    const request = form.checkedRequest();
    if (request === undefined || submission.isPending) return;
    submission.send(request, (error) => {
      form.showAnswer(error);
      if (Object.keys(answeredOptionProblems(Object.values(optionNames), error)).length > 0) open();
    });
  };
  const startByKey = (event: KeyboardEvent<HTMLFormElement>): void => {
    // React bubbles events of the form's dialogs here, although they are elsewhere in the DOM.
    const isWithin = event.currentTarget.contains(event.target as Node);
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && isWithin) submit(event);
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a shortcut for the button in it
    <form onSubmit={submit} onKeyDown={startByKey} noValidate>
      <Paper withBorder>
        <Stack p={{ base: 'sm', sm: 'lg' }}>
          <FormHead form={form} />
          {schema.description && <Text size="sm">{schema.description}</Text>}
          {schema.properties.length === 0 && <Text c="dimmed">{texts.noFields}</Text>}
          {form.mode === 'json' ? (
            <JsonField
              label={texts.jsonLabel}
              value={form.json}
              onChange={form.setJson}
              error={form.jsonProblem}
              minRows={8}
              maxRows={24}
            />
          ) : (
            <FormSections
              properties={schema.properties}
              values={form.values}
              problems={form.problems}
              focus={form.focus}
              onChange={form.change}
            />
          )}
          <Collapse expanded={hasOptions} ref={optionFrame}>
            <RunOptionFields
              options={form.options}
              defaults={defaults}
              current={worker.version}
              versions={versions}
              problems={optionProblems}
              hasCallback={taskSlug === undefined}
              onChange={form.setOptions}
            />
          </Collapse>
        </Stack>
        <Stack className={classes['foot']} gap="sm" px={{ base: 'sm', sm: 'lg' }} py="sm">
          {submission.error !== null && <ErrorNotice error={submission.error} />}
          <Group gap="xs">
            <Button
              type="submit"
              loading={submission.isPending}
              leftSection={
                taskSlug === undefined ? <IconPlayerPlay size={16} /> : <IconDeviceFloppy size={16} />
              }
              aria-keyshortcuts="Control+Enter"
            >
              {taskSlug === undefined ? texts.start : common.save}
            </Button>
            {taskSlug === undefined && <SaveTaskButtons workerId={workerId} read={form.checkedRequest} />}
            <Button
              variant="subtle"
              color="gray"
              onClick={toggle}
              aria-expanded={hasOptions}
              leftSection={<IconAdjustments size={16} />}
              rightSection={
                optionCount > 0 && (
                  <Badge size="sm" circle variant="light" color="gray">
                    {optionCount}
                  </Badge>
                )
              }
            >
              {texts.options}
            </Button>
            <Group gap="xs" className={classes['count']}>
              <SubtaskCount workerId={workerId} form={form} />
              <Text size="xs" c="dimmed" visibleFrom="sm" aria-hidden>
                <Kbd size="xs">Ctrl ⏎</Kbd>
              </Text>
            </Group>
          </Group>
        </Stack>
      </Paper>
    </form>
  );
}
