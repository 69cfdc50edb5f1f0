export function withLock<T>(path: string, work: () => Promise<T>, options?: { timeoutMs?: number; what?: string }): Promise<T>;
