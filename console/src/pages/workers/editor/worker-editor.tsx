/** Edits the files of a worker, with the form that its input schema makes, and publishes and runs them. */
import { Alert, Badge, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconDeviceFloppy, IconFilePlus, IconPlayerPlay } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { ApiError } from '../../../api/client.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { PageHeader } from '../../../components/page-header.tsx';
import { Panel } from '../../../components/panel.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { FileList } from '../files/file-list.tsx';
import { findingsOf } from '../upload/finding-list.tsx';
import { PublishError } from '../upload/publish-error.tsx';
import { formKey, type EditBase } from './edit-draft.ts';
import classes from './editor.module.css';
import { FormPreview, type ReadRequest } from './form-preview.tsx';
import { LeaveDialog } from './leave-dialog.tsx';
import { NameDialog } from './name-dialog.tsx';
import { OpenFile } from './open-file.tsx';
import { useBaseText, type BaseTexts } from './use-base-text.ts';
import { useEditedFiles, type EditSource } from './use-edited-files.ts';
import { usePublishing } from './use-publishing.ts';

interface WorkerEditorProps {
  readonly source: EditSource;
  readonly texts: BaseTexts;
  /** Slug or path of the worker; undefined for a new one. */
  readonly workerId: string | undefined;
  readonly heading: string;
  readonly description: ReactNode;
  /** Reads what the newest version is. */
  readonly readNewest?: () => Promise<EditBase>;
  /** Called with the version that is edited from now on. */
  readonly onBase?: (version: string) => void;
}

const schemaFile = 'input_schema.json';

/** The file that an author probably changes first. */
function firstFile(paths: readonly string[]): string | undefined {
  return paths.find((path) => /^main\.(?:js|ts|py)$/.test(path)) ?? paths[0];
}

function useWorkerEditor({ source, texts: base, workerId }: WorkerEditorProps) {
  const navigate = useNavigate();
  const files = useEditedFiles(source);
  const publishing = usePublishing({ workerId, files, texts: base });
  const [opened, setOpened] = useState<string>();
  const [hasNoTitle, setHasNoTitle] = useState(false);
  const read = useRef<ReadRequest>(undefined);
  const isSaved = useRef(false);
  const open = opened !== undefined && files.paths.includes(opened) ? opened : firstFile(files.paths);
  const schema = useBaseText(base, files.paths.includes(schemaFile) ? schemaFile : undefined);
  const isNew = workerId === undefined;

  const save = async (): ReturnType<typeof publishing.save> => {
    setHasNoTitle(isNew && files.title.trim() === '');
    if (publishing.isPending || (isNew && files.title.trim() === '')) return undefined;
    const saved = await publishing.save();
    isSaved.current = saved !== undefined;
    return saved;
  };
  const toEditor = async (path: string): Promise<void> =>
    navigate({ to: '/workers/$workerId/edit', params: { workerId: path }, replace: true });
  return {
    files,
    publishing,
    open,
    setOpened,
    setRead: (next: ReadRequest) => {
      read.current = next;
    },
    hasNoTitle,
    openText: useBaseText(base, open === undefined ? undefined : files.originOf(open)),
    schemaText: files.texts[schemaFile] ?? schema.text ?? '',
    /** Whether something would be left unsaved. */
    isUnsaved: () => files.isEdited && !isSaved.current,
    saveOnly: async (): Promise<void> => {
      const saved = await save();
      if (saved !== undefined && isNew) await toEditor(saved.path);
      isSaved.current = false;
    },
    saveAndRun: async (): Promise<void> => {
      const request = read.current?.();
      if (request === undefined) return;
      const saved = await save();
      if (saved === undefined) return;
      const runId = await publishing.run(saved, request);
      if (runId !== undefined) await navigate({ to: '/runs/$runId', params: { runId } });
      else if (isNew) await toEditor(saved.path);
      isSaved.current = false;
    },
  };
}

function Notices({
  editor: { files, publishing },
  known,
  readNewest,
  hasNewer,
}: {
  readonly known: EditBase | undefined;
  readonly editor: ReturnType<typeof useWorkerEditor>;
  readonly readNewest: WorkerEditorProps['readNewest'];
  readonly hasNewer: boolean;
}): ReactNode {
  const { editor: texts } = useTexts();
  const follow = async (): Promise<void> => {
    if (readNewest === undefined) return;
    files.rebase(await readNewest());
    publishing.forget();
  };
  return (
    <>
      {files.isRestored && (
        <Alert color="gray">
          <Group justify="space-between" gap="xs">
            <Text size="sm">{texts.restored}</Text>
            <Button size="compact-sm" variant="default" onClick={() => files.reset(known)}>
              {texts.discard}
            </Button>
          </Group>
        </Alert>
      )}
      {!files.isKept && <Alert color="yellow">{texts.tooLargeToKeep}</Alert>}
      {publishing.saveError !== null && <PublishError error={publishing.saveError} />}
      {publishing.startError !== null && <ErrorNotice error={publishing.startError} />}
      {(publishing.isOutdated || hasNewer) && readNewest !== undefined && (
        <Alert color="yellow" icon={<IconAlertTriangle />} title={texts.outdatedTitle} role="alert">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{texts.outdatedText}</Text>
            <Button size="compact-sm" variant="default" onClick={() => void follow()}>
              {texts.rebase}
            </Button>
          </Stack>
        </Alert>
      )}
    </>
  );
}

/** Files that the refusal of a version names. */
function filesWithErrors(error: Error | null): ReadonlySet<string> {
  const details = error instanceof ApiError ? error.details : [];
  return new Set(findingsOf(details).map(({ file }) => file));
}

export function WorkerEditor(props: WorkerEditorProps): ReactNode {
  const { source, workerId, heading, description, readNewest, onBase } = props;
  const { editor: texts, common, workers, files: fileTexts } = useTexts();
  const editor = useWorkerEditor(props);
  const { files, publishing, open, setOpened } = editor;
  const [isAdding, setIsAdding] = useState(false);
  const wrong = filesWithErrors(publishing.saveError);
  const { base: known } = source;
  const hasNewer = files.base?.version === known?.version && files.base?.newest !== known?.newest;
  const version = files.base?.version;
  const followBase = useEffectEvent((next: string) => onBase?.(next));
  useEffect(() => {
    if (version !== undefined) followBase(version);
  }, [version]);

  const saveByKey = (event: KeyboardEvent): void => {
    // React bubbles events of dialogs here, although they are elsewhere in the document.
    if (!event.currentTarget.contains(event.target as Node)) return;
    if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    void editor.saveOnly();
  };
  const mark = (path: string): ReactNode => {
    if (wrong.has(path))
      return (
        <Badge size="xs" radius="sm" color="red" variant="light" tt="none">
          {texts.hasErrors}
        </Badge>
      );
    return (
      files.isChanged(path) && (
        <Badge size="xs" radius="sm" color="gray" variant="light" tt="none">
          {texts.edited}
        </Badge>
      )
    );
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- a shortcut for a button in it
    <div onKeyDown={saveByKey}>
      <PageHeader
        title={heading}
        description={description}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconDeviceFloppy size={16} />}
              disabled={workerId !== undefined && !files.isEdited}
              loading={publishing.isPending}
              aria-keyshortcuts="Control+S"
              onClick={() => void editor.saveOnly()}
            >
              {common.save}
            </Button>
            <Button
              leftSection={<IconPlayerPlay size={16} />}
              loading={publishing.isPending}
              onClick={() => void editor.saveAndRun()}
            >
              {files.isEdited || workerId === undefined ? texts.saveAndRun : texts.run}
            </Button>
          </>
        }
      />
      <Stack>
        <Notices editor={editor} known={known} readNewest={readNewest} hasNewer={hasNewer} />
        {workerId === undefined && (
          <TextInput
            label={workers.titleField}
            description={workers.titleHint}
            required
            maxLength={200}
            maw="28rem"
            value={files.title}
            error={editor.hasNoTitle && files.title.trim() === '' && texts.titleMissing}
            onChange={(event) => files.setTitle(event.currentTarget.value)}
          />
        )}
        <div className={classes['layout']}>
          <Stack gap="xs">
            <Group justify="space-between">
              <Text size="sm" fw={600}>
                {fileTexts.title}
              </Text>
              <Button
                size="compact-xs"
                variant="default"
                leftSection={<IconFilePlus size={14} />}
                onClick={() => setIsAdding(true)}
              >
                {texts.add}
              </Button>
            </Group>
            <FileList
              files={files.paths.map((path) => ({ path, mark: mark(path) }))}
              open={open}
              label={fileTexts.title}
              onOpen={setOpened}
            />
          </Stack>
          {open === undefined ? (
            <Text c="dimmed">{texts.noFiles}</Text>
          ) : (
            <OpenFile path={open} files={files} base={editor.openText} onOpen={setOpened} />
          )}
          <div className={classes['form']}>
            <Panel title={texts.form}>
              <FormPreview draftKey={formKey(source.key)} text={editor.schemaText} onRead={editor.setRead} />
            </Panel>
          </div>
        </div>
      </Stack>
      {isAdding && (
        <NameDialog
          title={texts.addTitle}
          action={texts.add}
          name=""
          others={files.paths}
          onName={(path) => {
            setIsAdding(false);
            files.add(path);
            setOpened(path);
          }}
          onClose={() => setIsAdding(false)}
        />
      )}
      <LeaveDialog isUnsaved={editor.isUnsaved} onDiscard={() => files.reset(known)} />
    </div>
  );
}
