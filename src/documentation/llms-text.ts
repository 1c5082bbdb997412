/** The index of the documentation for programs, in the llms.txt format. */
import type { ApiDocument } from './api-document.ts';
import type { Guide } from './guide-list.ts';

const introduction = `# Chela

> A self-hosted platform that runs scraper and automation scripts, called workers. It serves the CoreClaw API v2: start runs, read
> their status, results and logs, export them, save tasks and schedules. Authenticate with \`Authorization: Bearer <key>\`.
> Every answer is an envelope: code 0 and data on success, otherwise code and message.`;

/** @param baseUrl address of the installation, without a trailing slash */
export function llmsText(guides: readonly Guide[], document: ApiDocument, baseUrl: string): string {
  const guideLines = guides.map(
    ({ name, title, summary }) => `- [${title}](${baseUrl}/docs/${name}.md): ${summary}`,
  );
  const tags = document.tags.flatMap(({ name, description }) => {
    const lines = document.operations
      .filter(({ tags: names }) => names[0] === name)
      .map(
        ({ operationId, method, path, summary }) =>
          `- [${summary}](${baseUrl}/docs/api/${operationId}.md): ${method} ${path}`,
      );
    return lines.length === 0 ? [] : [`## API: ${name}`, description, lines.join('\n')];
  });
  const whole = `- [OpenAPI document](${baseUrl}/openapi.json): every operation with all fields`;
  return [introduction, '## Guides', guideLines.join('\n'), '## API', whole, ...tags]
    .join('\n\n')
    .concat('\n');
}
