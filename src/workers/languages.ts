/** The languages that workers can be written in. */
export const languages = ['node', 'python', 'go'] as const;
export type Language = (typeof languages)[number];
