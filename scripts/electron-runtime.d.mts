export function placeOf(name: string): string | undefined;
export function resolveElectron(): Promise<{ path: string; version: string; source: string }>;
