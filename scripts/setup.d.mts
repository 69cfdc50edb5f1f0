export interface LockFile {
  packages?: Record<string, { version?: string; integrity?: string; optional?: boolean; devOptional?: boolean; peer?: boolean; link?: boolean }>;
}
export function packagesMatch(lock: LockFile, have: LockFile): boolean;
export function setup(options?: { tests?: boolean; display?: boolean }): Promise<void>;
