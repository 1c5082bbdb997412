import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

interface TaskShape {
  title: string;
  input: unknown;
  schedule_enabled: number;
  schedule_type: number;
  schedule_time: string;
  schedule_weekday: number;
  schedule_timezone: string;
  schedule_next_at: number;
  run_times: number;
}

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  await browser.platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
});
afterAll(async () => browser.close());

async function storedTasks(): Promise<TaskShape[]> {
  return (await browser.platform.call<{ list: TaskShape[] }>('/worker-tasks')).data.list;
}

test("the input entered in a worker's form is saved as a task", async () => {
  const page = await browser.open('/tasks');
  await page.getByText('No tasks yet').waitFor();
  await browser.screenshots('tasks-empty');
  expect(await browser.violations()).toEqual([]);
  await page.goto(`${browser.platform.url}/workers/tester~hello`);
  await page.getByRole('button', { name: 'Clear: Names' }).click();
  await page.getByLabel('Names 1').fill('Ada');
  await page.getByRole('button', { name: 'Save as task' }).click();
  await page.getByRole('dialog').getByLabel('Task').fill('Greet Ada');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/tasks/*');
  await page.getByRole('heading', { name: 'Greet Ada' }).waitFor();
  const [task] = await storedTasks();
  expect(task).toMatchObject({
    title: 'Greet Ada',
    input: { parameters: { custom: { names: ['Ada'], rounds: 1 }, system: {} } },
    schedule_enabled: 0,
  });
});

test('it gets a schedule and shows the next tick', async () => {
  const page = await browser.open('/tasks');
  await page.getByRole('button', { name: 'Schedule for Greet Ada' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Fri', { exact: true }).click();
  await dialog.getByRole('radio', { name: 'Every week', checked: true }).waitFor({ state: 'attached' });
  await dialog.getByLabel('Time', { exact: true }).fill('06:30');
  await dialog.getByRole('combobox', { name: 'Time zone' }).fill('Tokyo');
  await page.getByRole('option', { name: 'Asia/Tokyo' }).click();
  await dialog.getByText('Next times (Asia/Tokyo)').waitFor();
  await dialog
    .getByText(/^Fri, .*06:30 AM$/)
    .nth(4)
    .waitFor();
  expect(await browser.violations()).toEqual([]);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'Every Friday, 06:30 Asia/Tokyo' }).waitFor();
  await browser.screenshots('tasks');
  expect(await browser.violations()).toEqual([]);
  const [task] = await storedTasks();
  expect(task).toMatchObject({
    schedule_enabled: 1,
    schedule_type: 2,
    schedule_weekday: 5,
    schedule_time: '06:30',
    schedule_timezone: 'Asia/Tokyo',
  });
  expect(task?.schedule_next_at).toBeGreaterThan(Date.now() / 1000);
});

test('an invalid schedule says what is missing', async () => {
  const page = await browser.open('/tasks');
  await page.getByRole('button', { name: 'Schedule for Greet Ada' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Once', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  // Nothing is sent without it.
  await dialog.getByLabel('Date').and(page.locator(':invalid')).waitFor();
  expect(await storedTasks()).toMatchObject([{ schedule_type: 2 }]);
});

test('its page edits the input and the title', async () => {
  const page = await browser.open('/tasks');
  await page.getByRole('link', { name: 'Greet Ada' }).click();
  await page.waitForURL('**/tasks/*');
  await page.getByLabel('Names 1').fill('Grace');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Input saved').waitFor();
  await page.getByRole('button', { name: 'Change title' }).click();
  await page.getByRole('dialog').getByLabel('Task').fill('Greet Grace');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Greet Grace' }).waitFor();
  const [task, ...others] = await storedTasks();
  expect(others).toEqual([]);
  expect(task).toMatchObject({
    title: 'Greet Grace',
    version: 'latest',
    input: { parameters: { custom: { names: ['Grace'], rounds: 1 }, system: {} } },
  });
  // A new visit shows what was saved, not a draft.
  await page.reload();
  expect(await page.getByLabel('Names 1').inputValue()).toBe('Grace');
  expect(await page.getByText('Draft restored.').count()).toBe(0);
  await browser.screenshots('task');
  expect(await browser.violations()).toEqual([]);
});

test('its page edits the schedule, and shows the next five times', async () => {
  const page = await browser.open('/tasks');
  await page.getByRole('link', { name: 'Greet Grace' }).click();
  await page.getByRole('tab', { name: 'Schedule' }).click();
  await page.getByText('Next times (Asia/Tokyo)').waitFor();
  await page.getByText('Sun', { exact: true }).click();
  await page
    .getByText(/^Sun, .*06:30 AM$/)
    .nth(4)
    .waitFor();
  await page.getByRole('combobox', { name: 'If the previous run is still in progress' }).click();
  await page.getByRole('option', { name: 'Start when it has ended' }).click();
  await browser.screenshots('task-schedule');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Every Sunday, 06:30').waitFor();
  expect((await storedTasks())[0]).toMatchObject({ schedule_weekday: 7, schedule_overlap: 'queue' });
});

test('it is run with one click, and deleted', async () => {
  const page = await browser.open('/tasks');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL('**/runs/*');
  await page.getByText('Succeeded', { exact: true }).waitFor();
  await page.getByRole('cell', { name: 'Hello, Grace.' }).waitFor();
  await page.getByRole('link', { name: 'Task: Greet Grace' }).click();
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page.getByRole('link', { name: 'Hello' }).last().waitFor();
  const { pathname } = new URL(page.url());
  await page.goto(`${browser.platform.url}/runs?task=${path.basename(pathname)}`);
  await page.getByRole('button', { name: 'Show runs of all tasks' }).waitFor();
  await page.getByRole('link', { name: 'Task: Greet Grace' }).waitFor();
  await page.getByText('Succeeded').first().waitFor();
  expect((await storedTasks())[0]?.run_times).toBe(1);
  await page.goto(`${browser.platform.url}/tasks`);
  await page.getByRole('button', { name: 'Delete the task Greet Grace?' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No tasks yet').waitFor();
  expect(await storedTasks()).toEqual([]);
});

test('a run is scheduled with its input', async () => {
  const { data } = await browser.platform.call<{ run_slug: string }>('/workers/tester~hello/runs', {
    body: { input: { parameters: { custom: { names: ['Lin'] } } } },
  });
  const page = await browser.open(`/runs/${data.run_slug}`);
  await page.getByRole('button', { name: 'Schedule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^Next times \(/).waitFor();
  expect(await browser.violations()).toEqual([]);
  await browser.screenshots('task-new');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/tasks/*');
  await page.getByText('Every day, 09:00').waitFor();
  const [task] = await storedTasks();
  const timezone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(task).toMatchObject({
    title: 'Hello',
    input: { parameters: { custom: { names: ['Lin'] }, system: {} } },
    schedule_enabled: 1,
    schedule_timezone: timezone,
  });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
