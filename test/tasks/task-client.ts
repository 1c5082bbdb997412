/** Calls to the operations on tasks. */
import type { Answer, CallOptions, TestClient } from '../support/test-client.ts';

export interface TaskShape {
  id: number;
  slug: string;
  title: string;
  description: string;
  version: string;
  input: unknown;
  worker_slug: string;
  worker_path: string;
  worker_title: string;
  run_times: number;
  last_run_id: string;
  last_modified_at: number;
  schedule_enabled: number;
  schedule_type: number;
  schedule_time: string;
  schedule_weekday: number;
  schedule_day: number;
  schedule_once_date: string;
  schedule_timezone: string;
  schedule_overlap: string;
  schedule_missed: string;
  schedule_next_at: number;
  schedule_last_at: number;
  schedule_last_outcome: string;
  schedule_last_message: string;
  schedule_missed_count: number;
  created_at: number;
  updated_at: number;
}

export interface Page<Item> {
  count: number;
  list: Item[];
  page_index: number;
  page_size: number;
}

export function taskInput(custom: Record<string, unknown>): {
  parameters: { custom: Record<string, unknown> };
} {
  return { parameters: { custom } };
}

/** Creates a task. @returns its slug */
export async function createTask(
  client: TestClient,
  task: Record<string, unknown>,
  options: CallOptions = {},
): Promise<string> {
  const answer = await client.call<{ slug: string }>('/worker-tasks', { ...options, body: task });
  if (answer.code !== 0) throw new Error(answer.message);
  return answer.data.slug;
}

export async function getTask(client: TestClient, slug: string): Promise<TaskShape> {
  const answer = await client.call<TaskShape>(`/worker-tasks/${slug}`);
  if (answer.code !== 0) throw new Error(answer.message);
  return answer.data;
}

export async function putTask(
  client: TestClient,
  slug: string,
  changes: Record<string, unknown>,
): Promise<Answer> {
  return client.call(`/worker-tasks/${slug}`, { method: 'PUT', body: changes });
}
