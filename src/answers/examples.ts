/** Values shared by examples in the document. */
export const exampleRunSlug = '01KKDXV2G26BT7NH4ZQR2R4NPZ';
export const exampleWorkerSlug = '01KKDXTQ8S5W1C9J4Y6M3B7A0E';
export const exampleTaskSlug = '01KKDXW7N4T0B3R6Y9Z2M5C8F1';
export const exampleQueueRef = '123456';
export const exampleInput = { parameters: { custom: { names: ['Ada'] } } };
