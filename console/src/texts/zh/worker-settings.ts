import type { Texts } from '../en/en.ts';

export const workerSettings: Texts['workerSettings'] = {
  saved: '设置已保存',
  chooseIcon: '选择图标',
  removeIcon: '移除图标',
  iconHint: 'PNG、JPEG、GIF 或 WebP，最大 256 KiB',
  iconTooLarge: '图片超过 256 KiB。',
  description: '描述',
  descriptionHint: '显示在商店中和表单上方。',
  noCategory: '无',
  public: '上架商店',
  publicHint: '本实例上的所有人都可以运行它。',
  delete: '删除 Worker',
  deleteTitle: '删除此 Worker',
  deleteText: '删除该 Worker 及其版本。其任务无法再运行，运行记录仍可查看，名称可以重新使用。',
  typeToDelete: (path) => `输入 ${path} 以确认`,
  deleted: (path) => `已删除 ${path}`,
};
