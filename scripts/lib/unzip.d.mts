export function unzip(archive: string, target: string, place: (name: string) => string | undefined): number;
