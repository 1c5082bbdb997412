/** The colors of log lines. Bright ones and those of larger palettes are the nearest of these. */
export const terminalColors = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white',
  'gray',
] as const;
export type TerminalColor = (typeof terminalColors)[number];
