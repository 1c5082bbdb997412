import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import '@mantine/dates/styles.layer.css';
import './main.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './api/query-client.ts';
import { createConsoleRouter } from './routes.tsx';
import { WordedTheme } from './shell/worded-theme.tsx';
import { TextProvider } from './texts/texts.tsx';
import { cssVariables, theme } from './theme.ts';

const root = document.querySelector('#root');
if (root === null) throw new Error('index.html has no element #root');
const queryClient = createQueryClient();
const router = createConsoleRouter(queryClient);

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <TextProvider>
        <WordedTheme>
          <QueryClientProvider client={queryClient}>
            <Notifications position="bottom-right" />
            <RouterProvider router={router} />
          </QueryClientProvider>
        </WordedTheme>
      </TextProvider>
    </MantineProvider>
  </StrictMode>,
);
