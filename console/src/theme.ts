/** The look of the console: colors, type and the defaults of Mantine's components. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** From light to dark, based on the claw's red. Text on shade 7 and darker has a contrast of at least 4.5. */
const claw: MantineColorsTuple = [
  '#fff1ed',
  '#fbe0d9',
  '#f3beb1',
  '#ec9a86',
  '#e67b62',
  '#e2674b',
  '#d9482b',
  '#b93c20',
  '#a2331a',
  '#8a2912',
];

/** Links are blue. In the brand's red they would look like failures. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-anchor': '#1458a0' },
  dark: { '--mantine-color-anchor': '#7cb8f5' },
});

export const theme = createTheme({
  colors: { claw },
  primaryColor: 'claw',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650' },
  components: {
    NavLink: { styles: { root: { borderRadius: 'var(--mantine-radius-md)' } } },
    // In the console's own forms most fields are required, so the few others are marked "optional" instead. Workers'
    // forms mark their required fields, whatever the editor.
    InputWrapper: { defaultProps: { withAsterisk: false } },
  },
});
