/** The fields of a form, grouped into collapsible sections that start with a caption. */
import { Badge, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useId, useState, type ReactNode } from 'react';
import type { InputProperty } from '../../../api/input-schema.ts';
import { useTexts } from '../../../texts/texts.tsx';
import { InputField } from './input-field.tsx';
import type { Problem, Problems } from './input-problems.ts';
import type { Entered, FormValues } from './input-values.ts';
import type { Place } from './list-row.tsx';

/** A request to focus a field, once. */
export interface FocusRequest {
  readonly name: string;
  readonly place: Place;
}

interface FormSectionsProps {
  readonly properties: readonly InputProperty[];
  readonly values: FormValues;
  readonly problems: Problems;
  readonly focus: FocusRequest | undefined;
  readonly onChange: (name: string, entered: Entered) => void;
}

interface Section {
  readonly caption: string;
  readonly description: string;
  readonly properties: readonly InputProperty[];
}

function sectionsOf(properties: readonly InputProperty[]): Section[] {
  const sections: Section[] = [];
  for (const property of properties) {
    const { sectionCaption: caption = '', sectionDescription: description = '' } = property;
    const open = caption === '' ? sections.pop() : undefined;
    sections.push(
      open === undefined
        ? { caption, description, properties: [property] }
        : { ...open, properties: [...open.properties, property] },
    );
  }
  return sections;
}

function Fields({ properties, values, problems, focus, onChange }: FormSectionsProps): ReactNode {
  return properties.map((property) => (
    <InputField
      key={property.name}
      property={property}
      entered={values.fields[property.name]?.entered ?? ''}
      problem={problems[property.name]}
      focus={focus?.name === property.name ? focus.place : undefined}
      onChange={onChange}
    />
  ));
}

function CaptionedSection({
  section,
  ...props
}: FormSectionsProps & { readonly section: Section }): ReactNode {
  const { inputForm: texts } = useTexts();
  const [isClosed, setIsClosed] = useState(false);
  const contentId = useId();
  const found = section.properties.flatMap(({ name }): Problem[] => {
    const problem = props.problems[name];
    return problem === undefined ? [] : [problem];
  });
  const wantsFocus = section.properties.some(({ name }) => name === props.focus?.name);
  const [followed, setFollowed] = useState(props.focus);
  if (props.focus !== followed) {
    setFollowed(props.focus);
    if (wantsFocus) setIsClosed(false);
  }
  const Chevron = isClosed ? IconChevronRight : IconChevronDown;
  return (
    <Stack gap="md" mt="xs">
      <UnstyledButton
        aria-expanded={!isClosed}
        aria-controls={contentId}
        onClick={() => setIsClosed(!isClosed)}
      >
        <Text fw={650} component="span" display="flex" style={{ alignItems: 'center', gap: 6 }}>
          <Chevron size={16} aria-hidden />
          {section.caption}
          {isClosed && found.length > 0 && (
            <Badge size="xs" color="red" variant="light">
              {texts.problems(found.length)}
            </Badge>
          )}
        </Text>
        {section.description !== '' && (
          <Text size="sm" c="dimmed" component="span" display="block">
            {section.description}
          </Text>
        )}
      </UnstyledButton>
      <Stack gap="md" id={contentId} hidden={isClosed}>
        {!isClosed && <Fields {...props} properties={section.properties} />}
      </Stack>
    </Stack>
  );
}

export function FormSections(props: FormSectionsProps): ReactNode {
  return sectionsOf(props.properties).map((section) =>
    section.caption === '' ? (
      <Fields key="" {...props} properties={section.properties} />
    ) : (
      <CaptionedSection key={section.properties[0]?.name} {...props} section={section} />
    ),
  );
}
