/** Options of commands that call the API of a running platform. */
export const apiOptions = {
  url: [
    '--url <url>',
    'address of the platform (default: http://127.0.0.1:8080, or CHELA_HOST and CHELA_PORT)',
  ],
  key: ['--key <key>', 'API key (default: CHELA_API_KEY)'],
} as const;
